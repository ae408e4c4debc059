//! The same by threads, as written by hand.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::End;
use crate::process_group::ProcessGroup;
use crate::run::{AT_ONCE, pauses};

/// Runs each line, and passes it with its end to `report`, in the order of the lines.
pub(crate) fn run_all(
    lines: impl Iterator<Item = String> + Send,
    limit: Duration,
    mut report: impl FnMut(&str, End) -> io::Result<()>,
) -> io::Result<()> {
    let lines = Mutex::new(lines.enumerate());
    thread::scope(|scope| {
        let (send, ends) = channel();
        for _ in 0..AT_ONCE {
            let (lines, send) = (&lines, send.clone());
            scope.spawn(move || {
                loop {
                    let next = lines.lock().expect("reading a line does not panic").next();
                    let Some((number, line)) = next else { return };
                    let end =
                        run(&line, limit).unwrap_or_else(|error| End::Failed(error.to_string()));
                    // Without a receiver the output is closed.
                    if send.send((number, line, end)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        let (mut early, mut next) = (BTreeMap::new(), 0);
        for (number, line, end) in ends {
            early.insert(number, (line, end));
            while let Some((line, end)) = early.remove(&next) {
                report(&line, end)?;
                next += 1;
            }
        }
        Ok(())
    })
}

/// Runs a command line. An early return drops the process group, which kills its processes.
fn run(line: &str, limit: Duration) -> io::Result<End> {
    let start = Instant::now();
    let rest = || limit.saturating_sub(start.elapsed());
    let mut command = Command::new("sh");
    command.args(["-c", line]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = ProcessGroup::start(&mut command)?;
    let child = group.child();
    // Both at once: a process that fills one pipe does not go on before it is read.
    let (stdout, stderr) = (read(child.stdout.take())?, read(child.stderr.take())?);
    let Ok(stdout) = stdout.recv_timeout(rest()) else { return Ok(End::Killed) };
    let Ok(stderr) = stderr.recv_timeout(rest()) else { return Ok(End::Killed) };
    // A process closes its output a moment before it ends, or long before.
    for pause in pauses() {
        if let Some(status) = group.has_ended()? {
            return Ok(End::Exited(Output { status, stdout: stdout?, stderr: stderr? }));
        }
        if rest().is_zero() {
            break;
        }
        thread::sleep(pause);
    }
    Ok(End::Killed)
}

/// Reads a pipe on a thread of its own, until every process that can write to it has ended or closed it.
fn read<R: Read + Send + 'static>(pipe: Option<R>) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (send, bytes) = channel();
    thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.map_or(Ok(0), |mut pipe| pipe.read_to_end(&mut bytes));
        // Without a receiver the command was too slow.
        let _ = send.send(read.map(|_| bytes));
    })?;
    Ok(bytes)
}
