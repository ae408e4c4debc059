//! A sleep that ends when the body has to stop.

use std::time::Duration;

use crate::cancel::checkpoint;
use crate::{runtime, stacks};

/// Sleeps for `time`, or until the body has to [stop](crate::cancelled): then it ends the body as
/// [`checkpoint`] does, or returns where that does nothing.
///
/// Outside of a body it is [`std::thread::sleep`].
///
/// # Blocking
///
/// For `time`, the whole thread. **Not for `async` code**, where other tasks wait for the thread: write
/// [`delay(time).await`](crate::delay) there, or use the timer of your executor.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, sleep, spawn};
/// use std::time::Duration;
///
/// let x = spawn(|| sleep(Duration::from_secs(3600)));
/// Lazy::cancel(&x); // frees the thread at once
/// assert!(Lazy::wait(&x).unwrap_err().is_cancelled());
/// ```
pub fn sleep(time: Duration) {
    checkpoint();
    if stacks::current().is_none() {
        std::thread::sleep(time);
    } else {
        runtime::waits().sleep(time);
    }
    checkpoint();
}
