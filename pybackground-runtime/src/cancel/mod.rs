//! Cancellation of running bodies and of the calls that they made.
//!
//! | file | subject |
//! |---|---|
//! | `tree` | which bodies stop with which others |
//! | `link` | a call's place in the tree |
//! | `current` | the node of the body that runs on this thread |
//! | `spare` | the nodes of ended bodies, kept for the next ones |
//! | `overruns` | bodies that run although their call was closed, for reports |
//!
//! To *stop* a body is to ask it to end. A body cannot be interrupted: it polls for the stop in [`cancelled`],
//! [`checkpoint`], [`sleep`](crate::sleep) and each wait.

mod current;
mod link;
pub(crate) mod overruns;
mod spare;
mod tree;

use std::sync::Mutex;

use crate::error::{StopPayload, StopReason, Stopped};
use crate::stacks;
use crate::sync::lock_leaf;
pub(crate) use current::{current, end, enter, leave, outside};
pub(crate) use link::Link;
pub(crate) use overruns::Overrun;
pub(crate) use spare::keep as keep_spare;
use tree::CountedStop;
#[cfg(feature = "process")]
pub(crate) use tree::Disconnect;
pub(crate) use tree::{Node, Orphan, Parked, Parking, is_any};

/// Held from a shutdown on: every body has to stop.
static SHUT_DOWN: Mutex<Option<CountedStop>> = Mutex::new(None);

/// Returns whether the running body has to stop: its call was cancelled or has timed out, or the body that
/// made the call has to stop.
///
/// Outside of a body it returns `false`.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, cancelled, spawn};
/// use std::sync::mpsc;
///
/// let (start, started) = mpsc::channel();
/// let (stop, stopped) = mpsc::channel();
/// let x = spawn(move || {
///     start.send(()).unwrap();
///     while !cancelled() {
///         std::thread::yield_now(); // a step of some work
///     }
///     stop.send("cleaned up").unwrap();
/// });
/// started.recv().unwrap();
/// Lazy::cancel(&x);
/// assert_eq!(stopped.recv().unwrap(), "cleaned up");
/// ```
#[must_use]
pub fn cancelled() -> bool {
    stopped().is_some()
}

/// Ends the running body, like a `return` through all its callers, if it has to [stop](cancelled).
///
/// The body unwinds as from a panic, so its values are dropped, but the panic hook does not run and nothing
/// is printed. While the thread is already panicking, nothing happens. Nor does anything in a program built
/// with `panic = "abort"`: there a body has to poll [`cancelled`] and return. So has a callback that C code calls:
/// to unwind out of an `extern "C"` function aborts the process.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, checkpoint, spawn};
/// use std::sync::mpsc;
///
/// let (start, started) = mpsc::channel();
/// let x = spawn(move || {
///     start.send(()).unwrap();
///     loop {
///         checkpoint();
///         std::thread::yield_now(); // a step of some work
///     }
/// });
/// started.recv().unwrap();
/// Lazy::cancel(&x);
/// let error: pybackground::Error = Lazy::join(x).unwrap_err();
/// assert!(error.is_cancelled());
/// ```
pub fn checkpoint() {
    if may_unwind() && cancelled() {
        unwind();
    }
}

/// Returns why the body on this thread has to stop, if it has.
#[inline]
pub(crate) fn stopped() -> Option<Stopped> {
    if is_any() { find_stopped() } else { None }
}

/// As `stopped`, unless the runtime is shut down.
pub(crate) fn stopped_before_shutdown() -> Option<Stopped> {
    if is_any() { current::find_stopped() } else { None }
}

#[cold]
fn find_stopped() -> Option<Stopped> {
    // A body that had to stop before the shutdown keeps that reason.
    current::find_stopped().or_else(|| {
        let call = stacks::current_call().filter(|_| is_shut_down())?;
        Some(Stopped { call, reason: StopReason::ShutDown })
    })
}

/// Makes every body stop, because the runtime is shut down.
pub(crate) fn stop_all() {
    lock_leaf(&SHUT_DOWN).get_or_insert_with(CountedStop::new);
}

/// Whether the runtime is shut down.
pub(crate) fn is_shut_down() -> bool {
    is_any() && lock_leaf(&SHUT_DOWN).is_some()
}

/// Each execution of a model has a runtime that was not shut down.
#[cfg(all(test, any(pybackground_loom, pybackground_shuttle)))]
pub(crate) fn forget_shutdown() {
    drop(lock_leaf(&SHUT_DOWN).take());
}

/// Whether the program is built so that a body can unwind.
pub(crate) const CAN_UNWIND: bool = cfg!(panic = "unwind");

/// Whether a body may unwind here. In a destructor that runs because of a panic, it would abort the process.
pub(crate) fn may_unwind() -> bool {
    CAN_UNWIND && !std::thread::panicking()
}

/// Ends the body that this thread runs.
pub(crate) fn unwind() -> ! {
    std::panic::resume_unwind(Box::new(StopPayload))
}
