//! Runs the command lines of its standard input by the shell, four at once, and prints what each printed, in their
//! order. A command that takes longer than the given seconds is killed, together with what it started.
//!
//! Run with `printf 'echo one\nsleep 60\n' | cargo run --release -p commands -- 2`. With `--threads` the commands are run
//! by threads, as written by hand; with `--compare` they are run twice, and how long each way took is printed instead.
//!
//! | file | subject |
//! |---|---|
//! | `run` | the recipe: a command as a background call |
//! | `process_group` | a child process with its descendants |
//! | `by_threads` | the same without background calls |

mod by_threads;
mod process_group;
mod run;

use std::env;
use std::io::{self, BufRead, Write};
use std::process::{ExitCode, Output};
use std::time::{Duration, Instant};

use pybackground::{BackgroundIterator, Error, Lazy, shutdown};
use run::{AT_ONCE, run};

/// How a command ended.
enum End {
    Exited(Output),
    Killed,
    Failed(String),
}

impl From<Result<io::Result<Output>, Error>> for End {
    fn from(outcome: Result<io::Result<Output>, Error>) -> Self {
        match outcome {
            Ok(Ok(output)) => Self::Exited(output),
            Ok(Err(error)) => Self::Failed(error.to_string()),
            Err(error) if error.is_timeout() => Self::Killed,
            Err(error) => Self::Failed(error.to_string()),
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1).peekable();
    let option = arguments.next_if(|argument| argument.starts_with("--"));
    let seconds = arguments.next().map_or(Ok(60.0), |seconds| seconds.parse());
    let Ok(Ok(limit)) = seconds.map(Duration::try_from_secs_f64) else { return usage() };
    let lines = io::BufReader::new(io::stdin()).lines().map_while(Result::ok);
    let lines = lines.filter(|line| !line.trim().is_empty());

    let (mut out, mut all_well) = (io::stdout().lock(), true);
    let report = |line: &str, end| {
        all_well &= matches!(&end, End::Exited(output) if output.status.success());
        print(&mut out, line, end, limit)
    };
    let ran = match option.as_deref() {
        None => run_all(lines, limit, report),
        Some("--threads") => by_threads::run_all(lines, limit, report),
        Some("--compare") => compare(&lines.collect::<Vec<_>>(), limit, &mut out),
        Some(_) => return usage(),
    };
    // A body that has timed out may not have killed its command yet, and the end of `main` would end the body.
    if let Err(unfinished) = shutdown(Duration::from_secs(10)) {
        eprintln!("{unfinished}");
    }
    if let Err(error) = &ran {
        eprintln!("{error}");
    }
    if ran.is_ok() && all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn usage() -> ExitCode {
    eprintln!("usage: commands [--threads | --compare] [SECONDS] <COMMAND_LINES");
    ExitCode::FAILURE
}

/// Runs the lines in both ways, and prints how long each took.
fn compare(lines: &[String], limit: Duration, mut out: impl Write) -> io::Result<()> {
    let start = Instant::now();
    run_all(lines.iter().cloned(), limit, |_, _| Ok(()))?;
    writeln!(out, "# by background calls: {:.2?}", start.elapsed())?;
    let start = Instant::now();
    by_threads::run_all(lines.iter().cloned(), limit, |_, _| Ok(()))?;
    writeln!(out, "# by {AT_ONCE} threads: {:.2?}", start.elapsed())
}

/// Runs each line, and passes it with its end to `report`, in the order of the lines.
///
/// The deadline counts from the call, and at most so many calls are made as run at once: none waits for its turn.
fn run_all(
    lines: impl Iterator<Item = String>,
    limit: Duration,
    mut report: impl FnMut(&str, End) -> io::Result<()>,
) -> io::Result<()> {
    let mut calls = lines.background_map(AT_ONCE, |line| {
        let run = Lazy::with_timeout(run(&line), limit);
        Lazy::then(run, move |outcome| (line, outcome))
    });
    calls.try_for_each(|(line, outcome)| report(&line, outcome.into()))
}

fn print(mut out: impl Write, line: &str, end: End, limit: Duration) -> io::Result<()> {
    writeln!(out, "$ {line}")?;
    match end {
        End::Exited(output) => {
            out.write_all(&output.stdout)?;
            out.write_all(&output.stderr)?;
            if !output.status.success() {
                writeln!(out, "failed: {}", output.status)?;
            }
            Ok(())
        }
        End::Killed => writeln!(out, "killed after {limit:?}"),
        End::Failed(error) => writeln!(out, "failed: {error}"),
    }
}
