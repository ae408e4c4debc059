//! Taking one sample, on both sides of the process boundary.
//!
//! The program runs itself (or a script) with the names of a row and a contender. The other side
//! prints the figure and the extras, in a line, and ends.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::row::{Contender, Reading, Row, Run};
use crate::work::Pace;

/// A sample that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

const SAMPLE: &str = "--sample";

/// What became of a sample.
pub(super) type Sample = Result<Reading, Miss>;

/// Why there is no reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Miss {
    /// It cannot be taken on this machine, and why.
    Skipped(String),
    /// The contender panicked, died or hung, and what it said.
    Failed(String),
}

/// The sample that this process is to take: row, contender and pace.
#[derive(Debug)]
pub(super) struct Task {
    row: String,
    contender: String,
    pace: Pace,
}

/// Whether this process was started to take a sample.
pub(super) fn asked_for(arguments: &[String]) -> Option<Task> {
    match arguments {
        [sample, row, contender, pace] if sample == SAMPLE => Some(Task {
            row: row.clone(),
            contender: contender.clone(),
            pace: Pace::of(pace.parse().ok()?),
        }),
        _ => None,
    }
}

/// Takes the sample and prints it.
pub(super) fn take_here(rows: &[Row], task: &Task) -> ExitCode {
    let row = rows.iter().find(|row| row.key == task.row);
    let contender = row.and_then(|row| {
        let mut contenders = row.contenders.iter();
        contenders.find(|contender| contender.name == task.contender)
    });
    let Some(Run::Here(run)) = contender.map(|contender| contender.run) else {
        eprintln!("{} of {} is nothing to run here", task.contender, task.row);
        return ExitCode::FAILURE;
    };
    println!("{}", write(&run(task.pace)));
    // At once: some peers wait for threads or tasks when they are dropped.
    std::process::exit(0)
}

/// Takes a sample in a process of its own.
pub(super) fn take(row: &Row, contender: &Contender, pace: Pace) -> Sample {
    let (mut command, tool) = match contender.run {
        Run::Here(_) => {
            let program = match std::env::current_exe() {
                Ok(program) => program,
                Err(error) => return failed(format!("this program is gone: {error}")),
            };
            let mut command = Command::new(program);
            command.args([SAMPLE, row.key, contender.name]);
            command.arg(pace.rounds_per_ms().to_string());
            (command, None)
        }
        Run::Go(argument) => {
            let mut command = Command::new("go");
            command.arg("run").arg(script("goroutines.go")).arg(argument);
            (command, Some("go"))
        }
        Run::Python(argument) => {
            let mut command = Command::new("python3");
            command.arg(script("thread_per_call.py")).arg(argument);
            (command, Some("python3"))
        }
        Run::Pebble(argument) => {
            let mut command = Command::new("python3");
            command.arg(script("pebble_pool.py")).arg(argument);
            (command, Some("python3"))
        }
    };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    match (command.spawn(), tool) {
        (Ok(child), _) => outcome(child, row),
        (Err(_), Some(tool)) => Err(Miss::Skipped(format!("{tool} is not installed"))),
        (Err(error), None) => failed(format!("no process for it: {error}")),
    }
}

fn failed(why: String) -> Sample {
    Err(Miss::Failed(why))
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name)
}

fn outcome(mut child: Child, row: &Row) -> Sample {
    let complaint = read_aside(child.stderr.take());
    // The end of the output is the end of the process, and nothing has to be polled for it.
    let output = read_aside(child.stdout.take()).recv_timeout(PATIENCE);
    if output == Err(RecvTimeoutError::Timeout) {
        let killed = child.kill().and_then(|()| child.wait());
        let end = killed.map_or_else(|error| error.to_string(), |_| "killed".to_owned());
        return failed(format!("hangs for {} s: {end}", PATIENCE.as_secs()));
    }
    let succeeded = child.wait().is_ok_and(|status| status.success());
    match output.ok().and_then(|text| read(&text)) {
        Some(reading) if succeeded && reading.extras.len() == row.extras.len() => Ok(reading),
        _ => {
            let said = complaint.recv().unwrap_or_default();
            match said.trim().strip_prefix("skipped: ") {
                Some(why) => Err(Miss::Skipped(why.to_owned())),
                None => failed(said.trim().replace('\n', " / ")),
            }
        }
    }
}

/// Reads all of a pipe on a thread of its own, so that no pipe fills up while another is read.
fn read_aside(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // What was read until an error is as good as anything.
            let _ = pipe.read_to_end(&mut bytes);
        }
        // Nobody wants it any more after a timeout.
        let _ = send.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receive
}

fn write(reading: &Reading) -> String {
    let numbers = std::iter::once(&reading.figure).chain(&reading.extras);
    let words: Vec<String> = numbers.map(f64::to_string).collect();
    words.join(" ")
}

fn read(line: &str) -> Option<Reading> {
    let numbers: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
    let numbers = numbers.ok()?;
    let (figure, extras) = numbers.split_first()?;
    Some(Reading { figure: *figure, extras: extras.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::super::row::Against;
    use super::super::unit::Unit;
    use super::*;

    #[test]
    fn a_reading_survives_the_pipe() {
        let reading = Reading { figure: 1.0 / 3.0, extras: vec![10_000.0, 0.1] };
        assert_eq!(read(&write(&reading)), Some(reading));
        assert_eq!(read("no number"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_task_is_recognised() {
        let arguments = ["--sample", "fib", "rayon::join", "600"].map(str::to_owned);
        let task = asked_for(&arguments).unwrap();
        assert_eq!((task.row.as_str(), task.contender.as_str()), ("fib", "rayon::join"));
        assert_eq!(task.pace, Pace::of(600));
        assert!(asked_for(&arguments[1..]).is_none());
    }

    /// What becomes of a contender that does this in a shell, in a row without extras.
    fn outcome_of(script: &str) -> Sample {
        let row = Row {
            key: "row",
            title: "work",
            unit: Unit::Nanoseconds,
            extras: &[],
            against: Against::BestPeer,
            bars: &[],
            contenders: &[],
        };
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell.stdout(Stdio::piped()).stderr(Stdio::piped());
        outcome(shell.spawn().unwrap(), &row)
    }

    #[test]
    fn a_sample_is_what_a_process_prints_that_succeeds() {
        assert_eq!(outcome_of("echo 1.5"), Ok(Reading::from(1.5)));
        let complaint = failed("out of / luck".to_owned());
        assert_eq!(outcome_of("echo 1.5; echo 'out of\nluck' >&2; exit 3"), complaint);
        assert_eq!(outcome_of("echo 1.5 2.5"), failed(String::new()));
    }
}
