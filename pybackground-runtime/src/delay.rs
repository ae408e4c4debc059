//! A timer for `async` bodies, which have to wait without blocking their thread.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::pool;
use crate::sync::now;
use crate::task::{Job, Task};

/// Waits for `time` in `async` code, where [`sleep`](crate::sleep) would block the whole thread.
///
/// The time counts from this call. It passes whether the future is polled or not; while it passes no
/// thread is held, so that there may be any number of these. A `time` beyond what the clock can tell is
/// never over. Like the other futures of this crate it works under any executor, and needs none of
/// its own.
///
/// ```
/// use pybackground_runtime::{background, delay};
/// use std::time::{Duration, Instant};
///
/// #[background]
/// async fn later(time: Duration) -> Duration {
///     let start = Instant::now();
///     delay(time).await;
///     start.elapsed()
/// }
///
/// let time = Duration::from_millis(5);
/// assert!(later(time) >= time);
/// ```
pub fn delay(time: Duration) -> Delay {
    Delay { end: now().checked_add(time), alarm: None }
}

/// A future that is ready when its time is over; made by [`delay`].
///
/// ```
/// use pybackground_runtime::{Delay, background, delay};
/// use std::time::Duration;
///
/// #[background]
/// async fn wait_for(delays: Vec<Delay>) -> usize {
///     let count = delays.len();
///     for delay in delays {
///         delay.await; // they all began at the same time
///     }
///     count
/// }
///
/// assert_eq!(wait_for(vec![delay(Duration::from_millis(2)), delay(Duration::ZERO)]), 2);
/// ```
#[must_use = "it does nothing unless it is awaited"]
pub struct Delay {
    /// `None` is never.
    end: Option<Instant>,
    /// A call that nobody makes, so that it ends at its deadline.
    alarm: Option<Arc<dyn Job>>,
}

impl Future for Delay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(end) = self.end else {
            return Poll::Pending;
        };
        let rest = end.saturating_duration_since(now());
        if rest.is_zero() {
            return Poll::Ready(());
        }
        let alarm = self.alarm.get_or_insert_with(|| alarm_after(rest));
        if alarm.set_awaiter(context.waker()) { Poll::Pending } else { Poll::Ready(()) }
    }
}

fn alarm_after(time: Duration) -> Arc<dyn Job> {
    let alarm: Arc<dyn Job> = Task::alarm();
    pool::keep_deadline(&alarm, time);
    alarm
}

impl fmt::Debug for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delay").field("end", &self.end).finish_non_exhaustive()
    }
}
