//! Which calls are admitted.

use crate::stacks;
use crate::sync::atomic::{AtomicU8, Ordering};

/// Every call is admitted.
const OPEN: u8 = 0;
/// Calls made by bodies are admitted, as these were admitted before.
const INSIDE: u8 = 1;
/// No call is admitted.
const CLOSED: u8 = 2;

/// Why a call is refused.
pub(crate) const WHY: &str = "the runtime was shut down";

/// Closed in two steps, and never opened again.
pub(crate) struct Admission(AtomicU8);

impl Admission {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(OPEN))
    }

    /// Refuses calls from outside from now on.
    pub(crate) fn close_outside(&self) {
        // ORDERING: calls that are made at the same time may come before or after.
        self.0.fetch_max(INSIDE, Ordering::Relaxed);
    }

    /// Refuses all calls from now on.
    pub(crate) fn close(&self) {
        // ORDERING: as above. A thread that parks a call first takes the lock of the list of parked calls and then
        // reads this. A shutdown takes that lock after this store.
        self.0.store(CLOSED, Ordering::Relaxed);
    }

    /// Returns whether a call made on a thread that is not the pool's is admitted: a call from outside, or by
    /// a body that such a thread runs.
    pub(crate) fn lets_in_here(&self) -> bool {
        match self.0.load(Ordering::Relaxed) {
            OPEN => true,
            INSIDE => !stacks::current().is_none(),
            _ => false,
        }
    }

    #[inline]
    pub(crate) fn lets_in_from_bodies(&self) -> bool {
        self.0.load(Ordering::Relaxed) < CLOSED
    }
}
