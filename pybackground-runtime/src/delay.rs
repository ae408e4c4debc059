//! A timer for `async` bodies, which have to wait without blocking their thread.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::deadline::Deadline;
use crate::panic::{catch, drop_catching};
use crate::runnable::Runnable;
use crate::runtime;
use crate::sync::{lock_leaf, now};

/// Waits for `time` in `async` code, where [`sleep`](crate::sleep) would block the whole thread.
///
/// The time counts from this call. It passes whether the future is polled or not; while it passes no
/// thread is held, so that there may be any number of these. A `time` beyond what the clock can tell is
/// never over. Like the other futures of this crate it works under any executor, and needs none of
/// its own. Its clock is that of the system, which goes on while a clock of tokio is paused.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{background, delay};
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
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Delay, background, delay};
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
    alarm: Option<Arc<Alarm>>,
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
        let alarm = self.alarm.get_or_insert_with(|| Alarm::after(rest));
        if alarm.set_waker(context.waker()) { Poll::Pending } else { Poll::Ready(()) }
    }
}

/// Wakes a future at its deadline.
#[derive(Default)]
struct Alarm(Mutex<AlarmState>);

#[derive(Default)]
struct AlarmState {
    is_over: bool,
    waker: Option<Waker>,
}

impl Alarm {
    fn after(time: Duration) -> Arc<Self> {
        let alarm = Arc::new(Self::default());
        if let Some(deadline) = Deadline::from_now(time) {
            let runnable: Arc<dyn Runnable> = alarm.clone();
            runtime::keep_deadline(Arc::new(deadline), Arc::downgrade(&runnable));
        }
        alarm
    }

    /// Wakes `waker`, and no earlier one, at the deadline; `false` if that has passed.
    fn set_waker(&self, waker: &Waker) -> bool {
        let new = Some(waker.clone());
        let (is_pending, unused) = {
            let mut state = lock_leaf(&self.0);
            if state.is_over {
                (false, new)
            } else {
                (true, std::mem::replace(&mut state.waker, new))
            }
        };
        // A waker is foreign code: it is dropped after the lock is released.
        drop_catching(unused);
        is_pending
    }
}

/// `expire` leaves the waker, which is foreign code, to a thread of the pool.
impl Runnable for Alarm {
    fn run(self: Arc<Self>) {
        self.clean_up();
    }

    fn refuse(&self, _: &str) {
        self.clean_up();
    }

    fn is_stale(&self) -> bool {
        lock_leaf(&self.0).waker.is_none()
    }

    fn expire(&self, _: Instant) {
        lock_leaf(&self.0).is_over = true;
    }

    fn clean_up(&self) {
        let waker = {
            let mut state = lock_leaf(&self.0);
            state.is_over = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            catch(|| waker.wake());
        }
    }
}

impl fmt::Debug for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delay").field("end", &self.end).finish_non_exhaustive()
    }
}
