//! Stopping calls that nobody wants any more.
//!
//! | file | subject |
//! |---|---|
//! | `overruns` | bodies that run on after their call was closed, and who is to stop with them |
//! | `words` | what those that ended so leave to the calls that they made |
//! | `orphans` | calls that wait while their maker is to stop |
//!
//! A body cannot be stopped from outside, only asked. What it asks is here: [`cancelled`],
//! [`checkpoint`], [`sleep`].

pub(crate) mod orphans;
pub(crate) mod overruns;
mod words;

use std::time::Duration;

use crate::error::Stop;
use crate::join;
use crate::stacks;

/// Whether the call that this body runs for is over: it was cancelled, its deadline has passed, or so
/// it is with the call whose body made it.
///
/// Outside of a body it is `false`.
///
/// ```
/// use pybackground_runtime::{Lazy, cancelled, spawn};
/// use std::sync::mpsc;
///
/// let (start, started) = mpsc::channel();
/// let (stop, stopped) = mpsc::channel();
/// let x = spawn(move || {
///     start.send(()).unwrap();
///     while !cancelled() {
///         std::thread::yield_now(); // a step of some work
///     }
///     stop.send("tidied up").unwrap();
/// });
/// started.recv().unwrap();
/// Lazy::cancel(&x);
/// assert_eq!(stopped.recv().unwrap(), "tidied up");
/// ```
#[must_use]
pub fn cancelled() -> bool {
    overruns::stopped(stacks::current()).is_some()
}

/// Ends the body, as a `return` through all that it has called, if the call it runs for is over.
///
/// The body unwinds as from a panic, so that its values are dropped, but the panic hook is not called
/// and nothing is printed. While the thread panics already, nothing happens; nor does it in a program
/// built with `panic = "abort"`, where a body has to ask [`cancelled`] and return.
///
/// ```
/// use pybackground_runtime::{Lazy, checkpoint, spawn};
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
/// let error: pybackground_runtime::Error = Lazy::join(x).unwrap_err();
/// assert!(error.is_cancelled());
/// ```
pub fn checkpoint() {
    if may_unwind() && cancelled() {
        unwind();
    }
}

/// Sleeps for `time`, or until the call that this body runs for is over: then it ends the body as
/// [`checkpoint`] does, or returns where that does nothing.
///
/// Outside of a body it is [`std::thread::sleep`].
///
/// # Blocking
///
/// For `time`, the whole thread. **Not for `async` code**, where others wait for the thread to go on:
/// write [`delay(time).await`](crate::delay) there, or use the timer of your executor.
///
/// ```
/// use pybackground_runtime::{Lazy, sleep, spawn};
/// use std::time::Duration;
///
/// let x = spawn(|| sleep(Duration::from_secs(3600)));
/// Lazy::cancel(&x); // the thread is free at once
/// assert!(Lazy::wait(&x).unwrap_err().is_cancelled());
/// ```
pub fn sleep(time: Duration) {
    checkpoint();
    join::for_time(time);
    checkpoint();
}

/// Whether the program is built so that a body can unwind.
pub(crate) const CAN_UNWIND: bool = cfg!(panic = "unwind");

/// Unwinding would end the process while a panic already does, in a destructor, and always if it is
/// built so.
pub(crate) fn may_unwind() -> bool {
    CAN_UNWIND && !std::thread::panicking()
}

/// Ends the body that this thread runs.
pub(crate) fn unwind() -> ! {
    std::panic::resume_unwind(Box::new(Stop))
}
