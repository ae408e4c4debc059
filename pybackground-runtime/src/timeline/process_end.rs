//! Completing the file when the process ends.
//!
//! | the process ends by | what completes the file |
//! |---|---|
//! | the end of `main`, also with a panic, or `exit` | an exit handler of the C library |
//! | a panic that aborts | a panic hook |
//! | SIGINT, SIGTERM or SIGHUP without a handler of the program | a signal handler |
//! | anything else, such as SIGKILL | nothing: the file lacks the last moment |
//!
//! # Signals
//!
//! No handler is installed for a signal that the program handles or ignores. The handler only stores the signal's
//! number. The writer sees the number, completes the file, and raises the signal again, which then has its
//! default action. The system removes the handler when it calls it (`SA_RESETHAND`), so a second signal
//! ends the process even if the disk hangs. The program may install a handler of its own at any time, which
//! replaces this one. A library that calls the handler which it replaced, as `signal-hook-registry` under tokio does,
//! calls this one too: the handler sees that another one is installed, and leaves the signal to that one.
//!
//! # Unsafe code
//!
//! The C library's `atexit`, `sigaction`, `raise` and `kill` have no safe binding that does the above: crates for
//! signals replace the default action for good, and with it the meaning of a handler that tokio installs
//! later. All of these take and return numbers, or structures that are filled here. The exit handler and
//! the console handler are ordinary functions that do not unwind. The signal handler calls `sigaction`, `getpid` and `raise`,
//! which are async-signal-safe, and stores to an atomic.

#![allow(unsafe_code, reason = "the C library is called; each block says why it is sound")]

use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use super::session;
#[cfg(unix)]
use super::state;
use crate::panic::catch;

/// The process that records. A fork of it has no writer.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Has the file completed when the process ends.
pub(super) fn watch() {
    static WATCHED: Once = Once::new();

    PROCESS.store(std::process::id(), Ordering::Relaxed);
    WATCHED.call_once(|| {
        system::at_exit();
        if cfg!(panic = "abort") {
            let next = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                next(info);
                end();
            }));
        }
    });
    system::watch_signals();
}

/// Returns the signal that ends the process once the file is complete.
pub(super) fn signal() -> Option<i32> {
    system::signal()
}

/// Raises a signal that [`signal`] returned once more.
pub(super) fn deliver(signal: i32) {
    system::deliver(signal);
}

fn end() {
    // ORDERING: `Relaxed`, a number that is written before there is anything to complete.
    if PROCESS.load(Ordering::Relaxed) == std::process::id() {
        catch(session::complete_last);
    }
}

extern "C" fn at_exit() {
    end();
}

#[cfg(unix)]
mod system {
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;
    use std::sync::atomic::{AtomicI32, Ordering};

    use libc::c_int;

    const SIGNALS: [c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

    static SIGNAL: AtomicI32 = AtomicI32::new(0);

    pub(super) fn at_exit() {
        // SAFETY: the function lives as long as the program and does not unwind. If it is not registered, the
        // file lacks the last moment.
        unsafe { libc::atexit(super::at_exit) };
    }

    pub(super) fn watch_signals() {
        for signal in SIGNALS {
            if action(signal) == Some(libc::SIG_DFL) {
                let handler: extern "C" fn(c_int) = on_signal;
                // SAFETY: a `sigaction` is numbers, for which zero is valid; the mask is emptied as the C library
                // wants it. The handler does only what a signal handler may do.
                unsafe {
                    let mut own = MaybeUninit::<libc::sigaction>::zeroed().assume_init();
                    own.sa_sigaction = handler as libc::sighandler_t;
                    own.sa_flags = libc::SA_RESETHAND | libc::SA_RESTART;
                    libc::sigemptyset(&raw mut own.sa_mask);
                    libc::sigaction(signal, &raw const own, null_mut());
                }
            }
        }
    }

    /// What a signal brings about: a handler, or a number such as `SIG_DFL`.
    fn action(signal: c_int) -> Option<libc::sighandler_t> {
        let mut known = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: the system fills the structure, for which zero is valid too.
        unsafe {
            let is_known = libc::sigaction(signal, std::ptr::null(), known.as_mut_ptr()) == 0;
            is_known.then(|| known.assume_init().sa_sigaction)
        }
    }

    extern "C" fn on_signal(signal: c_int) {
        // The handler of another library called this one.
        if action(signal) != Some(libc::SIG_DFL) {
            return;
        }
        // ORDERING: `Relaxed`, a number that was written before the handler was installed.
        if super::PROCESS.load(Ordering::Relaxed) == std::process::id() && super::state::is_on() {
            SIGNAL.store(signal, Ordering::Relaxed);
        } else {
            // SAFETY: numbers go in and come out. The signal comes when this handler returns.
            unsafe { libc::raise(signal) };
        }
    }

    pub(super) fn signal() -> Option<i32> {
        // ORDERING: `Relaxed`, nothing else is read on the strength of the number.
        Some(SIGNAL.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
    }

    pub(super) fn deliver(signal: i32) {
        // SAFETY: numbers go in and come out.
        unsafe { libc::kill(libc::getpid(), signal) };
    }
}

#[cfg(windows)]
mod system {
    type ConsoleHandler = extern "system" fn(u32) -> i32;

    unsafe extern "C" {
        fn atexit(handler: extern "C" fn()) -> i32;
    }

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn SetConsoleCtrlHandler(handler: ConsoleHandler, adds: i32) -> i32;
    }

    pub(super) fn at_exit() {
        // SAFETY: the functions live as long as the program and do not unwind.
        unsafe {
            atexit(super::at_exit);
            SetConsoleCtrlHandler(on_console_event, 1);
        }
    }

    pub(super) fn watch_signals() {}

    /// Runs on a thread of its own, before the default handler ends the process.
    extern "system" fn on_console_event(_: u32) -> i32 {
        super::end();
        0
    }

    pub(super) fn signal() -> Option<i32> {
        None
    }

    pub(super) fn deliver(_: i32) {}
}
