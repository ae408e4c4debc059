//! How a process ended before its body did.

use std::fmt;

/// How a process ended in the middle of a call; from [`Error::crash`](crate::Error::crash).
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, background};
///
/// #[background(process)]
/// fn fragile(input: u32) -> u32 {
///     if input == 0 { std::process::abort() }
///     input
/// }
///
/// let error = Lazy::join(fragile(0)).unwrap_err();
/// let crash = error.crash().unwrap();
/// # #[cfg(unix)]
/// assert_eq!(crash.signal(), Some(6));
/// println!("{error}"); // `app::fragile` (called at ..) crashed: its process was ended by signal 6 (SIGABRT: ..)
/// assert_eq!(fragile(7), 7);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "remote", derive(serde::Serialize, serde::Deserialize))]
pub struct Crash {
    end: ProcessEnd,
    /// The function's `memory`, in bytes.
    memory: Option<u64>,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "remote", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum ProcessEnd {
    Exited {
        code: i32,
    },
    Signalled {
        signal: i32,
        dumped_core: bool,
    },
    /// The process closed the connection and ran on.
    Disconnected,
    /// The process sent bytes that are no answer to the call.
    ProtocolViolation,
    /// The system reported the end to another waiter, or to none.
    Unobserved,
}

impl Crash {
    pub(crate) fn new(end: ProcessEnd, memory: Option<u64>) -> Self {
        Self { end, memory }
    }

    /// Describes the end of a process that had no call to run.
    pub(crate) fn before_any_call(&self) -> impl fmt::Display + '_ {
        BeforeAnyCall(self)
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>, when: &str) -> fmt::Result {
        match self.end {
            ProcessEnd::Exited { code } => {
                write!(f, "its process ended by itself{when}, with exit code {code}")?;
            }
            ProcessEnd::Signalled { signal, dumped_core } => {
                write!(f, "its process was ended by signal {signal}")?;
                if let Some(meaning) = meaning(signal) {
                    write!(f, " ({meaning})")?;
                }
                if dumped_core {
                    f.write_str(", and its core was dumped")?;
                }
            }
            ProcessEnd::Disconnected => {
                f.write_str("its process closed the connection, and was killed")?;
            }
            ProcessEnd::ProtocolViolation => f.write_str(
                "its process sent something else than the answer to the call, and was killed; a body \
                 must not write to descriptors that it did not open",
            )?,
            ProcessEnd::Unobserved => f.write_str(
                "its process ended, but the system did not tell this program how: it ignores SIGCHLD, or \
                 waits for any child",
            )?,
        }
        match self.memory {
            Some(bytes) if self.looks_out_of_memory() => {
                write!(f, "; it may have needed more than the {bytes} bytes that `memory` allows")
            }
            None if self.looks_out_of_memory() => {
                f.write_str("; the usual reason is that the system had no more memory")
            }
            _ => Ok(()),
        }
    }

    /// Returns the number of the signal that ended the process, if one did: 11 is SIGSEGV. `None` as well
    /// if the program ignores SIGCHLD, because the system then reports no end.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// #[background(process)]
    /// fn give_up() { std::process::abort() }
    ///
    /// let error = Lazy::join(give_up()).unwrap_err();
    /// # #[cfg(unix)]
    /// assert_eq!(error.crash().unwrap().signal(), Some(6)); // SIGABRT
    /// ```
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        match self.end {
            ProcessEnd::Signalled { signal, .. } => Some(signal),
            _ => None,
        }
    }

    /// Returns the exit code of the process, if it ended by itself. It did so before the body returned, so
    /// 0 is no success either.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// #[background(process)]
    /// fn leave() { std::process::exit(0) }
    ///
    /// let error = Lazy::join(leave()).unwrap_err();
    /// assert_eq!(error.crash().unwrap().code(), Some(0));
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        match self.end {
            ProcessEnd::Exited { code } => Some(code),
            _ => None,
        }
    }

    /// Whether the system dumped the core of the process.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// # #[background(process)]
    /// # fn give_up() { std::process::exit(3) }
    /// let error = Lazy::join(give_up()).unwrap_err();
    /// if error.crash().is_some_and(|crash| crash.dumped_core()) {
    ///     eprintln!("there is a core to look into"); // where `ulimit -c` allows one
    /// }
    /// # assert!(!error.crash().unwrap().dumped_core());
    /// ```
    #[must_use]
    pub fn dumped_core(&self) -> bool {
        matches!(self.end, ProcessEnd::Signalled { dumped_core: true, .. })
    }

    /// Whether the usual reason for such an end is a lack of memory: a SIGKILL that this library did not
    /// send, or an abort under a limit set by `memory`.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// #[background(process, memory = "64MiB")]
    /// fn unpack(bytes: usize) -> usize { std::hint::black_box(vec![1_u8; bytes]).len() }
    ///
    /// assert_eq!(unpack(1000), 1000);
    /// # #[cfg(target_os = "linux")]
    /// assert!(Lazy::join(unpack(1 << 30)).unwrap_err().crash().unwrap().looks_out_of_memory());
    /// ```
    #[must_use]
    pub fn looks_out_of_memory(&self) -> bool {
        match self.end {
            ProcessEnd::Signalled { signal: 9, .. } => true,
            ProcessEnd::Signalled { signal: 6, .. } => self.memory.is_some(),
            _ => false,
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe(f, " in mid-call")
    }
}

/// See [`Crash::before_any_call`].
struct BeforeAnyCall<'a>(&'a Crash);

impl fmt::Display for BeforeAnyCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.describe(f, "")
    }
}

/// Describes the signals that usually end a process, by the numbers that all systems share.
fn meaning(signal: i32) -> Option<&'static str> {
    Some(match signal {
        4 => "SIGILL: an illegal instruction",
        6 => "SIGABRT: it aborted",
        8 => "SIGFPE: an arithmetic error",
        9 => "SIGKILL: it was killed from outside",
        11 => "SIGSEGV: a bad memory access or a stack overflow",
        13 => "SIGPIPE: it wrote to a pipe without a reader",
        15 => "SIGTERM: it was asked to end",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signalled(signal: i32, memory: Option<u64>) -> Crash {
        Crash::new(ProcessEnd::Signalled { signal, dumped_core: false }, memory)
    }

    #[test]
    fn signal_is_reported_with_its_meaning() {
        let crash = Crash::new(ProcessEnd::Signalled { signal: 11, dumped_core: true }, None);
        assert_eq!((crash.signal(), crash.code()), (Some(11), None));
        assert!(crash.dumped_core() && !crash.looks_out_of_memory());
        let text = crash.to_string();
        assert!(text.contains("signal 11 (SIGSEGV") && text.ends_with("core was dumped"), "{text}");
    }

    #[test]
    fn exit_is_a_crash_whatever_its_code() {
        let exit = Crash::new(ProcessEnd::Exited { code: 3 }, None);
        assert_eq!((exit.signal(), exit.code()), (None, Some(3)));
        assert!(exit.to_string().ends_with("ended by itself in mid-call, with exit code 3"));
    }

    #[test]
    fn kill_from_outside_hints_at_memory() {
        assert!(signalled(9, None).looks_out_of_memory());
        assert!(signalled(9, None).to_string().ends_with("had no more memory"));
        assert!(!signalled(6, None).looks_out_of_memory());
        let limited = signalled(6, Some(1 << 20));
        assert!(limited.looks_out_of_memory());
        assert!(limited.to_string().contains("1048576 bytes that `memory` allows"));
    }

    #[test]
    fn stack_overflow_does_not_hint_at_memory() {
        let overflow = signalled(11, Some(1 << 20));
        assert!(!overflow.looks_out_of_memory());
        assert!(!overflow.to_string().contains("memory` allows"), "{overflow}");
    }
}
