//! How a process ended that should not have.

use std::fmt;
use std::process::ExitStatus;

use super::system;

/// How a process ended in the middle of a call; from [`Error::crash`](crate::Error::crash).
///
/// ```
/// use pybackground_runtime::{Lazy, background};
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
pub struct Crash {
    end: End,
    /// What the function's `memory` allowed.
    memory: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Exited {
        code: i32,
    },
    Signalled {
        signal: i32,
        dumped_core: bool,
    },
    /// The child lives on, but nobody can talk to it.
    HungUp,
    /// The child sent what is no answer.
    Confused,
    /// Somebody else was told how it ended.
    Unobserved,
}

impl Crash {
    pub(super) fn of(status: ExitStatus, memory: Option<u64>) -> Self {
        let end = match (system::signal(status), status.code()) {
            (Some((signal, dumped_core)), _) => End::Signalled { signal, dumped_core },
            (None, code) => End::Exited { code: code.unwrap_or_default() },
        };
        Self { end, memory }
    }

    pub(super) fn hung_up() -> Self {
        Self { end: End::HungUp, memory: None }
    }

    pub(super) fn confused() -> Self {
        Self { end: End::Confused, memory: None }
    }

    pub(super) fn unseen() -> Self {
        Self { end: End::Unobserved, memory: None }
    }

    /// The same, of a child that had no call to run.
    pub(super) fn before_any_call(&self) -> impl fmt::Display + '_ {
        BeforeAnyCall(self)
    }

    fn tell(&self, f: &mut fmt::Formatter<'_>, when: &str) -> fmt::Result {
        match self.end {
            End::Exited { code } => {
                write!(f, "its process ended by itself{when}, with exit code {code}")?;
            }
            End::Signalled { signal, dumped_core } => {
                write!(f, "its process was ended by signal {signal}")?;
                if let Some(meaning) = meaning(signal) {
                    write!(f, " ({meaning})")?;
                }
                if dumped_core {
                    f.write_str(", and its core was dumped")?;
                }
            }
            End::HungUp => f.write_str("its process closed the connection, and was killed")?,
            End::Confused => f.write_str(
                "its process sent something else than the answer to the call, and was killed; a body \
                 must not write to descriptors that it did not open",
            )?,
            End::Unobserved => f.write_str(
                "its process ended, but the system tells this program nothing of how: it ignores \
                 SIGCHLD, or waits for the processes of others",
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

    /// The number of the signal that ended the process, if one did: 11 is SIGSEGV. None as well where the
    /// program ignores SIGCHLD, for then nobody is told.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, background};
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
            End::Signalled { signal, .. } => Some(signal),
            End::Exited { .. } | End::HungUp | End::Confused | End::Unobserved => None,
        }
    }

    /// The exit code of the process, if it ended by itself; it did so before the body returned, so
    /// that 0 is no success either.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, background};
    /// #[background(process)]
    /// fn leave() { std::process::exit(0) }
    ///
    /// let error = Lazy::join(leave()).unwrap_err();
    /// assert_eq!(error.crash().unwrap().code(), Some(0));
    /// ```
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        match self.end {
            End::Exited { code } => Some(code),
            End::Signalled { .. } | End::HungUp | End::Confused | End::Unobserved => None,
        }
    }

    /// Whether the system kept an image of the process.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, background};
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
        matches!(self.end, End::Signalled { dumped_core: true, .. })
    }

    /// Whether the usual reason for such an end is that there was no more memory: a SIGKILL, which
    /// this library did not send, or an abort under a limit set by `memory`.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, background};
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
            End::Signalled { signal: 9, .. } => true,
            End::Signalled { signal: 6, .. } => self.memory.is_some(),
            _ => false,
        }
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell(f, " in mid-call")
    }
}

/// See [`Crash::before_any_call`].
struct BeforeAnyCall<'a>(&'a Crash);

impl fmt::Display for BeforeAnyCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.tell(f, "")
    }
}

/// The signals that end processes which do nothing to deserve it, by the numbers that all systems share.
fn meaning(signal: i32) -> Option<&'static str> {
    Some(match signal {
        4 => "SIGILL: an instruction that does not exist",
        6 => "SIGABRT: it gave up",
        8 => "SIGFPE: an impossible division",
        9 => "SIGKILL: somebody else killed it",
        11 => "SIGSEGV: a bad memory access or an overflow of the stack",
        13 => "SIGPIPE: nobody read what it wrote",
        15 => "SIGTERM: somebody asked it to end",
        _ => return None,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn crash(wait_status: i32, memory: Option<u64>) -> Crash {
        Crash::of(ExitStatus::from_raw(wait_status), memory)
    }

    #[test]
    fn a_signal_is_told_with_what_it_means() {
        let segfault = crash(0x8b, None);
        assert_eq!((segfault.signal(), segfault.code()), (Some(11), None));
        assert!(segfault.dumped_core() && !segfault.looks_out_of_memory());
        let told = segfault.to_string();
        assert!(told.contains("signal 11 (SIGSEGV") && told.ends_with("core was dumped"), "{told}");
    }

    #[test]
    fn an_exit_is_no_success_whatever_its_code() {
        let exit = crash(3 << 8, None);
        assert_eq!((exit.signal(), exit.code()), (None, Some(3)));
        assert!(exit.to_string().ends_with("ended by itself in mid-call, with exit code 3"));
    }

    #[test]
    fn a_kill_that_we_did_not_send_hints_at_memory() {
        assert!(crash(9, None).looks_out_of_memory());
        assert!(crash(9, None).to_string().ends_with("had no more memory"));
        assert!(!crash(6, None).looks_out_of_memory());
        let limited = crash(6, Some(1 << 20));
        assert!(limited.looks_out_of_memory());
        assert!(limited.to_string().contains("1048576 bytes that `memory` allows"));
    }

    #[test]
    fn an_overflow_of_the_stack_says_nothing_of_memory() {
        let overflow = crash(11, Some(1 << 20));
        assert!(!overflow.looks_out_of_memory());
        assert!(!overflow.to_string().contains("memory` allows"), "{overflow}");
    }
}
