//! What a thread pool needs to know of the work in its queues.
//!
//! The queues, the deadlines and the cleanup of terminated work hold `Arc<dyn Runnable>`. They know
//! nothing of calls, results or functions.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Instant;

/// Work that a thread can run once.
///
/// All methods may be called at any time, from any thread, and on work that has already ended. Each of them
/// acts on its own lock only, so a caller may hold locks of the pool while it asks `is_stale`. The
/// other methods run user code: destructors and wakers.
pub(crate) trait Runnable: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Runs the work, or cleans up after it if it has been terminated. Does nothing if another thread
    /// has claimed it.
    fn run(self: Arc<Self>);

    /// Terminates the work, unless a thread runs it, because no thread will. Drops what it captured.
    fn refuse(&self, why: &str);

    /// Returns whether a queue entry of this work can be discarded. A hint: the work can be claimed
    /// immediately afterwards.
    fn is_stale(&self) -> bool;

    /// Returns whether the work is a future, which sequential mode polls in turn.
    fn is_future(&self) -> bool {
        false
    }

    /// Returns the address of the limit that the work is subject to.
    fn limit(&self) -> Option<usize> {
        None
    }

    /// Runs the work on this thread, as sequential mode does: new work at once, other work in its turn.
    fn run_in_sequence(self: Arc<Self>, _is_new: bool) {
        self.run();
    }

    /// Terminates the work if its deadline is not after `now`. Leaves user code to `clean_up`.
    fn expire(&self, now: Instant);

    /// Runs the user code that `expire` left: wakes whoever awaits the end, and drops what the work
    /// captured.
    fn clean_up(&self);
}

/// What a thread of the pool does at a time: the monitor keeps the time, and must not be kept.
///
/// The work itself decides whether there is a next time.
pub(crate) trait TimedWork: Send + Sync + UnwindSafe + RefUnwindSafe {
    fn act(&self);
}

impl<W: TimedWork> Runnable for W {
    fn run(self: Arc<Self>) {
        self.act();
    }

    fn refuse(&self, _: &str) {}

    fn is_stale(&self) -> bool {
        false
    }

    fn expire(&self, _: Instant) {}

    fn clean_up(&self) {
        self.act();
    }
}

/// Work that does nothing, for tests and models of the pool.
#[cfg(test)]
pub(crate) struct NoWork;

#[cfg(test)]
impl Runnable for NoWork {
    fn run(self: Arc<Self>) {}

    fn refuse(&self, _: &str) {}

    fn is_stale(&self) -> bool {
        false
    }

    fn expire(&self, _: Instant) {}

    fn clean_up(&self) {}
}
