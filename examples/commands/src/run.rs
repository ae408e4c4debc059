//! The recipe: a command as a background call, which can time out and be cancelled.

use std::io::{self, Read};
use std::iter::successors;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use pybackground::{Lazy, background, checkpoint, sleep, value};

use crate::process_group::ProcessGroup;

/// So many commands run at once.
pub(crate) const AT_ONCE: usize = 4;

/// Runs a command line, and returns its output when it has ended.
///
/// If the call is cancelled or times out, the wait for the output ends the body. That drops the process group, whose
/// processes are killed.
#[background]
pub(crate) fn run(line: &str) -> io::Result<Output> {
    let mut command = Command::new("sh");
    command.args(["-c", line]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = ProcessGroup::start(&mut command)?;
    let child = group.child();
    // Both at once: a process that fills one pipe does not go on before it is read.
    let (stdout, stderr) = (read(child.stdout.take()), read(child.stderr.take()));
    let (stdout, stderr) = (elsewhere(stdout)?, elsewhere(stderr)?);
    Ok(Output { status: group.wait()?, stdout, stderr })
}

/// Waits for a call that another thread runs. A use of the value might run the call here, where a blocking `read`
/// would keep this body from ending when it has to stop.
fn elsewhere<T>(call: Lazy<T>) -> T {
    while Lazy::wait_timeout(&call, Duration::from_secs(3600)).is_none() {}
    checkpoint();
    value(call)
}

/// The pauses between two looks at a process: ever longer, up to five milliseconds.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    let longer = |pause: &Duration| Some((2 * *pause).min(Duration::from_millis(5)));
    successors(Some(Duration::from_micros(100)), longer)
}

/// Reads a pipe until every process that can write to it has ended or closed it.
#[background]
fn read<R: Read + Send + 'static>(pipe: Option<R>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        pipe.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

impl ProcessGroup {
    /// Waits for the end of the child, in a way that ends with the body.
    fn wait(&mut self) -> io::Result<std::process::ExitStatus> {
        // A process closes its output a moment before it ends, or long before.
        for pause in pauses() {
            if let Some(status) = self.has_ended()? {
                return Ok(status);
            }
            sleep(pause);
        }
        unreachable!("there is always a next pause")
    }
}
