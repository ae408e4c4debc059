//! What the test files share: no test waits without a watchdog, and none sleeps.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod chance;
pub(crate) mod child;
pub(crate) mod counters;
pub(crate) mod deadlocks;
pub(crate) mod futures;
pub(crate) mod gate;
pub(crate) mod panics;
pub(crate) mod system;

use std::io::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// Far beyond what any test takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Ends the process with a message unless it is dropped in time: a hang is a failure with a name.
#[must_use = "the watchdog watches until it is dropped"]
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

/// Watches the current test, which is known by the name of its thread.
pub(crate) fn watchdog() -> Watchdog {
    let test = thread::current().name().unwrap_or("unnamed").to_owned();
    let (alive, watched) = channel::<()>();
    thread::spawn(move || {
        if watched.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            // Not by `eprintln!`: the test harness would keep it to itself.
            let report = pybackground::snapshot();
            let _ = writeln!(
                std::io::stderr(),
                "test `{test}` hangs: it did not end within {PATIENCE:?}\n{report}"
            );
            std::process::abort();
        }
    });
    Watchdog { _alive: alive }
}

/// Waits for a state that nobody announces. The watchdog of the test ends a wait in vain.
pub(crate) fn wait_until(mut reached: impl FnMut() -> bool) {
    while !reached() {
        thread::yield_now();
    }
}
