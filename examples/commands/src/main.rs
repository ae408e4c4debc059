//! Runs the command lines of its standard input by the shell, four at once, and prints what each printed, in their
//! order. A command that takes longer than the given seconds is killed, together with what it started.
//!
//! Run with `printf 'echo one\nsleep 60\n' | cargo run --release -p commands -- 2`.

mod process_group;
mod run;

use std::env;
use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use pybackground::{BackgroundIterator, Lazy, shutdown};
use run::{AT_ONCE, run};

fn main() -> ExitCode {
    let seconds = env::args().nth(1).map_or(Ok(60.0), |seconds| seconds.parse());
    let Ok(Ok(limit)) = seconds.map(Duration::try_from_secs_f64) else {
        eprintln!("usage: commands [SECONDS] <COMMAND_LINES");
        return ExitCode::FAILURE;
    };
    let all_well = run_all(io::stdin().lock(), io::stdout().lock(), limit);
    // A body that has timed out may not have killed its command yet, and the end of `main` would end the body.
    if let Err(unfinished) = shutdown(Duration::from_secs(10)) {
        eprintln!("{unfinished}");
    }
    match all_well {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs each line of the input; returns whether all commands have succeeded.
///
/// The deadline counts from the call, and at most so many calls are made as run at once: none waits for its turn.
fn run_all(input: impl BufRead, mut out: impl Write, limit: Duration) -> io::Result<bool> {
    let mut all_well = true;
    let lines = input.lines().map_while(Result::ok).filter(|line| !line.trim().is_empty());
    let calls = lines.background_map(AT_ONCE, |line| {
        let run = Lazy::with_timeout(run(&line), limit);
        Lazy::then(run, move |outcome| (line, outcome))
    });
    for (line, outcome) in calls {
        writeln!(out, "$ {line}")?;
        match outcome {
            Ok(Ok(output)) => {
                out.write_all(&output.stdout)?;
                out.write_all(&output.stderr)?;
                if !output.status.success() {
                    writeln!(out, "failed: {}", output.status)?;
                    all_well = false;
                }
            }
            Ok(Err(error)) => {
                writeln!(out, "failed: {error}")?;
                all_well = false;
            }
            Err(error) if error.is_timeout() => {
                writeln!(out, "killed after {limit:?}")?;
                all_well = false;
            }
            Err(error) => {
                writeln!(out, "failed: {error}")?;
                all_well = false;
            }
        }
    }
    Ok(all_well)
}
