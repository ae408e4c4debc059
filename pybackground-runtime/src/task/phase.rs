//! What may be read of a task's state without its lock.

use crate::sync::atomic::{AtomicU8, Ordering};

/// Not started, and whoever waits for the call may run it.
const CLAIMABLE: u8 = 0;
/// Not started or suspended, and left to the queue: the call has a deadline, is held back by its
/// function's limit, or is a future.
const RESERVED: u8 = 1;
const STARTED: u8 = 2;
const DONE: u8 = 3;

/// A copy of the stage for fast checks, written under the task's lock.
pub(super) struct Phase(AtomicU8);

impl Phase {
    pub(super) fn new(claimable: bool) -> Self {
        Self(AtomicU8::new(if claimable { CLAIMABLE } else { RESERVED }))
    }

    pub(super) fn start(&self) {
        // ORDERING: a hint only, nothing is read on the strength of it.
        self.0.store(STARTED, Ordering::Relaxed);
    }

    pub(super) fn reserve(&self) {
        // ORDERING: as `start`.
        self.0.store(RESERVED, Ordering::Relaxed);
    }

    pub(super) fn done(&self) {
        // ORDERING: whoever sees this goes on to what was written before: the outcome under the
        // task's lock or, after a run in place, in the `Lazy`.
        self.0.store(DONE, Ordering::Release);
    }

    #[inline]
    pub(super) fn is_claimable(&self) -> bool {
        // ORDERING: see `start`; the claim itself is made under the lock.
        self.0.load(Ordering::Relaxed) == CLAIMABLE
    }

    pub(super) fn is_queued(&self) -> bool {
        // ORDERING: see `start`.
        self.0.load(Ordering::Relaxed) < STARTED
    }

    #[inline]
    pub(super) fn is_done(&self) -> bool {
        // ORDERING: pairs with `done`.
        self.0.load(Ordering::Acquire) == DONE
    }
}
