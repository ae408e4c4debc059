//! A lock that one may wait for in vain.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::sync::lock_leaf;

/// Who has it writes.
pub(super) struct Pen {
    taken: Mutex<bool>,
    free: Condvar,
}

/// The pen is taken until this is dropped.
pub(super) struct Held<'a>(&'a Pen);

impl Pen {
    pub(super) const fn new() -> Self {
        Self { taken: Mutex::new(false), free: Condvar::new() }
    }

    pub(super) fn take(&self) -> Held<'_> {
        let taken = self.free.wait_while(lock_leaf(&self.taken), |taken| *taken);
        *taken.unwrap_or_else(PoisonError::into_inner) = true;
        Held(self)
    }

    /// None if somebody else has it for so long.
    pub(super) fn take_within(&self, patience: Duration) -> Option<Held<'_>> {
        let taken = self.free.wait_timeout_while(lock_leaf(&self.taken), patience, |taken| *taken);
        let (mut taken, result) = taken.unwrap_or_else(PoisonError::into_inner);
        if result.timed_out() {
            return None;
        }
        *taken = true;
        Some(Held(self))
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        *lock_leaf(&self.0.taken) = false;
        self.0.free.notify_one();
    }
}
