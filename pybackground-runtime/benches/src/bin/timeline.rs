//! What a recording costs: the same small calls with and without it, side by side, and processor seconds by the number
//! of events. See the README.
//!
//! Each sample is a process of its own, which this program starts: recorded or not, in turns.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;

use pybackground::{Lazy, background};

/// The calls of a sample of the throughput.
const CALLS: usize = 100_000;
const RUNS: usize = 7;
/// Calls that are made before the first of them is joined.
const AHEAD: usize = 1000;
/// The calls of the rows on writing. Each has four events: it is made, begins, leaves its thread, and has its outcome.
const WRITTEN: [usize; 3] = [62_500, 125_000, 250_000];
const EVENTS: usize = 4;
/// The bar for a million events, in processor seconds of the whole program.
const MOST_SECONDS: f64 = 2.0;

#[background]
fn small(number: usize) -> usize {
    number
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(),
        ["sample", calls] => sample(calls),
        _ => Err("usage: timeline".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// What a sample took.
#[derive(Clone, Copy)]
struct Taken {
    /// The nanoseconds of a call, from outside.
    call: f64,
    /// The processor seconds of the process, with the end of the recording.
    processor: f64,
}

/// Makes the calls and prints how long a call took.
fn sample(calls: &str) -> Result<(), Box<dyn Error>> {
    let calls: usize = calls.parse()?;
    let start = Instant::now();
    let mut sum = 0;
    for part in 0..calls.div_ceil(AHEAD) {
        let numbers = part * AHEAD..calls.min((part + 1) * AHEAD);
        let part: Vec<Lazy<usize>> = numbers.map(small).collect();
        sum += part.into_iter().map(Lazy::into_inner).sum::<usize>();
    }
    assert_eq!(sum, calls * (calls - 1) / 2);
    println!("{}", start.elapsed().as_nanos());
    Ok(())
}

/// Runs a sample in a process of its own, which records itself if there is a path.
fn run(calls: usize, recording: Option<&Path>) -> Result<Taken, Box<dyn Error>> {
    let before = processor_seconds()?;
    let mut command = Command::new(env::current_exe()?);
    command.args(["sample", &calls.to_string()]).env_remove("PYBACKGROUND_TIMELINE");
    if let Some(path) = recording {
        command.env("PYBACKGROUND_TIMELINE", path);
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let time: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    #[expect(clippy::cast_precision_loss, reason = "so few")]
    let call = time / calls as f64;
    Ok(Taken { call, processor: processor_seconds()? - before })
}

/// The processor seconds of all children that have ended, as Linux counts them: in hundredths.
fn processor_seconds() -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let (user, system): (f64, f64) = (fields[13].parse()?, fields[14].parse()?);
    Ok((user + system) / 100.0)
}

fn median(mut samples: Vec<Taken>) -> Taken {
    samples.sort_by(|a, b| a.call.total_cmp(&b.call));
    let middle = samples[samples.len() / 2];
    samples.sort_by(|a, b| a.processor.total_cmp(&b.processor));
    Taken { processor: samples[samples.len() / 2].processor, ..middle }
}

/// Runs samples with and without a recording in turns; returns the median of each.
fn both(calls: usize, path: &Path) -> Result<[Taken; 2], Box<dyn Error>> {
    let (mut plain, mut recorded) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        plain.push(run(calls, None)?);
        recorded.push(run(calls, Some(path))?);
    }
    Ok([median(plain), median(recorded)])
}

fn compare() -> Result<(), Box<dyn Error>> {
    let path = env::temp_dir().join(format!("timeline-bench-{}.html", std::process::id()));
    let [plain, recorded] = both(CALLS, &path)?;
    println!("{CALLS} small calls, the median of {RUNS} processes");
    println!("  without the variable  {:7.0} ns a call", plain.call);
    println!("  with the variable     {:7.0} ns a call", recorded.call);
    println!("  more                  {:7.0} ns a call", recorded.call - plain.call);
    println!("\n  calls     events  processor seconds without  with    of the recording");
    let mut last = 0.0;
    for calls in WRITTEN {
        let [plain, recorded] = both(calls, &path)?;
        last = recorded.processor - plain.processor;
        let events = calls * EVENTS;
        let Taken { processor: with, .. } = recorded;
        println!("{calls:7} {events:10} {:26.2} {with:5.2} {last:19.2}", plain.processor);
    }
    let reached = if last <= MOST_SECONDS { "yes" } else { "no" };
    println!("a million events in {MOST_SECONDS:.0} s: {reached}");
    fs::remove_file(path)?;
    Ok(())
}
