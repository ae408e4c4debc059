//! The instant by which a call has to be done.

use std::time::{Duration, Instant};

/// A timeout that counts since the call, or since it was set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    after: Duration,
}

impl Deadline {
    /// The deadline `after` from now; `None` is never, for a time that the clock cannot tell.
    pub(crate) fn from_now(after: Duration) -> Option<Self> {
        let at = Instant::now().checked_add(after)?;
        Some(Self { at, after })
    }

    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// What the user asked for.
    pub(crate) fn after(&self) -> Duration {
        self.after
    }
}
