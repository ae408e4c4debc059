//! The failures that only a call in another process can have.

use std::fmt;

use super::crash::Crash;

/// Why a call in another process has no value.
#[derive(Debug)]
#[cfg_attr(feature = "remote", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Failure {
    /// The process ended before the body did.
    Crashed(Crash),
    /// No process could be started: the system's error and what to do about it.
    Spawn(String),
    /// The process that was started does not serve calls.
    Handshake { why: String, likely: Option<Likely> },
    /// The arguments or the result could not be serialized or deserialized.
    Codec { what: Part, why: String },
    /// Deserializing the result would take more than this many bytes of stack.
    TooDeep { stack: usize },
    /// The function is not in the list of functions that a child knows.
    Unregistered,
    /// A worker took the call and disappeared, or the server did.
    #[cfg(feature = "remote")]
    Lost { why: String },
    /// No worker serves the function.
    #[cfg(feature = "remote")]
    Unserved { why: String },
    /// The server cannot be reached, or refuses this program.
    #[cfg(feature = "remote")]
    Unreachable { why: String },
    /// The call is one of a function that has this limit, and so many bodies of the function wait for it.
    #[cfg(feature = "remote")]
    OwnLimit { limit: usize },
}

/// The usual reason why a process does not serve calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "remote", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Likely {
    /// It is another program.
    Foreign,
    /// It is another program, or one that starts slowly.
    Slow,
}

/// What could not be serialized or deserialized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "remote", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Part {
    Arguments,
    Result,
}

impl Likely {
    /// The advice that ends the sentence.
    fn advice(self) -> &'static str {
        match self {
            Self::Foreign => {
                "; `process` needs a program that was linked with this library, not one that loads it"
            }
            Self::Slow => {
                "; if the program starts slowly, raise `processes().start_timeout(..)`; \
                 otherwise, `process` needs a program that was linked with this library, \
                 not one that loads it"
            }
        }
    }
}

impl fmt::Display for Failure {
    /// Writes the end of a sentence that begins with the call.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
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
                "did not run, because its arguments could not be passed to another process: {why}"
            ),
            Self::Codec { what: Part::Result, why } => write!(
                f,
                "ran, but its result could not be passed back from its process: {why}"
            ),
            Self::TooDeep { stack } => write!(
                f,
                "ran, but its result could not be passed back from its process: it is so large, as an array \
                 in place, or is nested so deeply that reading it takes more than {stack} bytes of stack, a \
                 quarter of what a thread has; return a `Vec` or something flatter, or raise \
                 `configure().stack_size(..)`"
            ),
            Self::Unregistered => f.write_str(
                "did not run, because the program that a child would run does not have the function: \
                 it is in a library that was loaded later; call it without `process` there",
            ),
            #[cfg(feature = "remote")]
            Self::Lost { why } => write!(f, "was lost, and its body may have run: {why}"),
            #[cfg(feature = "remote")]
            Self::Unserved { why } => {
                write!(f, "did not run, because no worker serves the function: {why}")
            }
            #[cfg(feature = "remote")]
            Self::Unreachable { why } => {
                write!(f, "did not run, because the server cannot be used: {why}")
            }
            #[cfg(feature = "remote")]
            Self::OwnLimit { limit } => write!(
                f,
                "would never have started: the function has a `limit` of {limit}, and the body that makes the call is \
                 within as many bodies of the function, which have all permits; let the function not call itself, or \
                 leave out the `limit`"
            ),
        }
    }
}
