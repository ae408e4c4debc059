//! The instant by which a call has to be done.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::sync::now;

/// A timeout that counts since the call, or since it was set.
#[derive(Debug)]
pub(crate) struct Deadline {
    at: Instant,
    after: Duration,
    /// The call has ended; the deadline is nobody's concern any more.
    over: AtomicBool,
}

impl Deadline {
    /// The deadline `after` from now; `None` is never, for a time that the clock cannot tell.
    pub(crate) fn from_now(after: Duration) -> Option<Self> {
        let at = now().checked_add(after)?;
        Some(Self { at, after, over: AtomicBool::new(false) })
    }

    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// What the user asked for.
    pub(crate) fn after(&self) -> Duration {
        self.after
    }

    pub(crate) fn end(&self) {
        // ORDERING: a hint to forget the deadline; whether the call is done the task knows.
        self.over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        // ORDERING: as `end`.
        self.over.load(Ordering::Relaxed)
    }
}
