//! Which calls are let in.

use crate::stacks;
use crate::sync::atomic::{AtomicU8, Ordering};

/// Every call.
const OPEN: u8 = 0;
/// Calls made by bodies that were let in before.
const INSIDE: u8 = 1;
/// None.
const CLOSED: u8 = 2;

/// Why a call is refused.
pub(crate) const WHY: &str = "the runtime was shut down";

/// Closed in two steps, and never opened again.
pub(crate) struct Admission(AtomicU8);

impl Admission {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(OPEN))
    }

    /// Keeps calls from outside out.
    pub(crate) fn close_outside(&self) {
        // ORDERING: calls that are made at the same time may come before or after.
        self.0.fetch_max(INSIDE, Ordering::Relaxed);
    }

    /// Keeps all calls out.
    pub(crate) fn close(&self) {
        // ORDERING: as above. Calls that wait elsewhere than in the queues look here under the lock of
        // where they wait, which is then taken to end them.
        self.0.store(CLOSED, Ordering::Relaxed);
    }

    /// Whether a call is let in that is made on a thread which is not the pool's: from outside, or by
    /// a body of a scope.
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
