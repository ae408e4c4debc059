//! The instant by which a call has to be done.
//!
//! A call has one deadline, the sooner of two: that of its `timeout`, which is known when the call is made, and
//! that of its `run_timeout`, which is known when its body starts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::sync::now;

/// What a timeout counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// The call, or the moment at which the timeout was set.
    Call,
    /// The start of the body.
    Start,
}

/// The end of a timeout.
#[derive(Debug)]
pub(crate) struct Deadline {
    at: Instant,
    after: Duration,
    since: Since,
    /// The call has ended; the deadline is nobody's concern any more.
    over: AtomicBool,
}

impl Deadline {
    /// The deadline `after` from now; `None` is never, for a time that the clock cannot tell.
    pub(crate) fn from_now(after: Duration) -> Option<Self> {
        Self::new(after, Since::Call)
    }

    /// As `from_now`, for a body that starts now.
    pub(crate) fn from_start(after: Duration) -> Option<Self> {
        Self::new(after, Since::Start)
    }

    fn new(after: Duration, since: Since) -> Option<Self> {
        let at = now().checked_add(after)?;
        Some(Self { at, after, since, over: AtomicBool::new(false) })
    }

    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// What the user asked for.
    pub(crate) fn after(&self) -> Duration {
        self.after
    }

    pub(crate) fn since(&self) -> Since {
        self.since
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
