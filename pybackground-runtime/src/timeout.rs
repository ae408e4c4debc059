//! The value that a call which timed out is equal to.

use std::fmt;

/// What a call that timed out is equal to, and prints as.
///
/// It is on purpose not comparable with itself: only a [`Lazy`](crate::Lazy) is ever compared with it.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Timeout, background};
/// use std::thread::sleep;
/// use std::time::Duration;
///
/// let seconds = |s| move |text: &'static str| { sleep(Duration::from_secs_f64(s)); text };
/// let x = background(seconds(5.0)).timeout(0.02)("foobar1");
/// let y = background(seconds(0.0)).timeout(60.0)("foobar2");
/// assert!(x == Timeout);
/// assert!(y != Timeout);
/// assert_eq!(format!("{x} {y}"), "Timeout foobar2");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Timeout;

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Timeout")
    }
}
