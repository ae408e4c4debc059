//! How a call in another process can fail, beyond what any call can.

use std::fmt;
use std::io;
use std::path::Path;

use super::crash::Crash;
use super::frame::Kind;
use super::surroundings::Surroundings;
use crate::cancel::overruns::stopped;
use crate::error::Stopped;
use crate::stacks;

/// Why there is no value from a child.
pub(crate) enum Failure {
    /// The call that the body ran for is over, or the one that made it.
    Stopped(Option<Stopped>),
    /// The body panicked.
    Panicked { message: Option<String>, at: Option<String> },
    /// The child ended in mid-call.
    Crashed(Crash),
    /// The system gave no process; what it said, and what to do.
    Spawn(String),
    /// The process that was started is no child of ours.
    Handshake { why: String, likely: Option<Likely> },
    /// Arguments or result could not be written or read.
    Codec { what: Part, why: String },
    /// The result is too large, or nested too deeply, for so many bytes of the stack.
    TooDeep { stack: usize },
    /// A child would not know the function.
    Unregistered,
}

/// What the usual reason is for a process that does not serve calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likely {
    /// It is another program.
    Foreign,
    /// It is another program, or has yet to get there.
    Slow,
}

/// What could not be written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Arguments,
    Result,
}

/// What a child could not read or write.
pub struct Broken {
    pub(super) kind: Kind,
    pub(super) why: String,
}

impl Likely {
    /// Ends the sentence that begins with why.
    fn advice(self) -> &'static str {
        match self {
            Self::Foreign => {
                "; `process` needs a program that was linked with this library, not one that loads it"
            }
            Self::Slow => {
                "; if it is only slow to start, as on a busy machine or with constructors that take long, \
                 give it more by `processes().start_timeout(..)`; else: `process` needs a program that was \
                 linked with this library, not one that loads it"
            }
        }
    }
}

impl Failure {
    /// The body that this thread runs is to stop.
    pub(super) fn stopped() -> Self {
        Self::Stopped(stopped(stacks::current()))
    }

    /// No process could be started in these surroundings.
    pub(super) fn spawn(why: &io::Error, surroundings: &Surroundings) -> Self {
        Self::Spawn(format!("{why}{}", advice(why, surroundings.directory())))
    }

    /// Ends the sentence that begins with the call.
    pub(crate) fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped(_) | Self::Panicked { .. } => {
                unreachable!("these are told as those of any call")
            }
            Self::Crashed(crash) => write!(f, "crashed: {crash}"),
            Self::Spawn(why) => {
                write!(f, "did not run, because no process could be started for it: {why}")
            }
            Self::Handshake { why, likely } => {
                write!(
                    f,
                    "did not run, because the process that was started for it does not serve calls: {why}"
                )?;
                f.write_str(likely.map_or("", Likely::advice))
            }
            Self::Codec { what: Part::Arguments, why } => write!(
                f,
                "did not run, because its arguments could not be passed to another process: {why}; \
                 their `Serialize` and `Deserialize` have to agree without knowing the format"
            ),
            Self::Codec { what: Part::Result, why } => write!(
                f,
                "ran, but its result could not be passed back from its process: {why}; \
                 its `Serialize` and `Deserialize` have to agree without knowing the format"
            ),
            Self::TooDeep { stack } => write!(
                f,
                "ran, but its result could not be passed back from its process: it is so large, as an array \
                 in place, or is nested so deeply that reading it takes more than {stack} bytes of the stack, \
                 a quarter of what a thread has; return a `Vec` or something flatter, or raise \
                 `configure().stack_size(..)`"
            ),
            Self::Unregistered => f.write_str(
                "did not run, because the program that a child would run does not have the function: \
                 it is in a library that was loaded later; call it without `process` there",
            ),
        }
    }
}

/// What to do about a process that could not be started; ends the sentence that begins with why.
fn advice(why: &io::Error, directory: Option<&Path>) -> String {
    use io::ErrorKind::{ArgumentListTooLong, NotADirectory, NotFound, PermissionDenied};
    const SHORTAGE: &str =
        "; raise the limits of processes and open files, or lower `processes().max(..)`";
    const VARIABLES: &str = "; the variables of its environment, which are the caller's, are more than the \
         system passes on: remove some before the call";
    match (why.kind(), directory) {
        _ if is_shortage(why) => SHORTAGE.to_owned(),
        (ArgumentListTooLong, _) => VARIABLES.to_owned(),
        (NotFound | NotADirectory | PermissionDenied, Some(directory)) => format!(
            "; the program's file has to be there, and the directory of the call, `{}`, and this user \
             has to be allowed to execute the one and to enter the other",
            directory.display()
        ),
        _ => String::new(),
    }
}

/// Whether there may be enough for another process once one has ended.
pub(super) fn is_shortage(error: &io::Error) -> bool {
    use io::ErrorKind::{OutOfMemory, QuotaExceeded, ResourceBusy, WouldBlock};
    /// Too many open files, in the process or the system, by the numbers of all Unix systems.
    const FILES: [i32; 2] = [23, 24];
    matches!(error.kind(), OutOfMemory | QuotaExceeded | ResourceBusy | WouldBlock)
        || error.raw_os_error().is_some_and(|number| cfg!(unix) && FILES.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_advice_fits_why_there_is_no_process() {
        use io::ErrorKind::{ArgumentListTooLong, Other, PermissionDenied, WouldBlock};
        let advice = |kind: io::ErrorKind| advice(&kind.into(), Some(Path::new("/closed")));
        assert!(advice(WouldBlock).contains("raise the limits"));
        assert!(
            advice(PermissionDenied).contains("to enter")
                && advice(PermissionDenied).contains("`/closed`")
        );
        assert!(advice(ArgumentListTooLong).contains("remove some"));
        assert_eq!(advice(Other), "");
    }
}
