//! A door that one thread opens, at the latest when it ends, and others wait at.
//!
//! For threads that no model has: the parts are `std`'s under a model checker too.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

use super::lock_leaf;

#[derive(Default)]
struct Door {
    is_open: Mutex<bool>,
    opened: Condvar,
}

/// Opens the latch when it is dropped.
pub(crate) struct Opener(Arc<Door>);

/// Is open once its opener was dropped.
pub(crate) struct Latch(Arc<Door>);

pub(crate) fn latch() -> (Opener, Latch) {
    let door = Arc::<Door>::default();
    (Opener(door.clone()), Latch(door))
}

impl Drop for Opener {
    fn drop(&mut self) {
        *lock_leaf(&self.0.is_open) = true;
        self.0.opened.notify_all();
    }
}

impl Latch {
    /// Waits until the latch is open, until `end` at most. Returns whether it is open.
    pub(crate) fn wait(&self, end: Option<Instant>) -> bool {
        let Door { is_open, opened } = &*self.0;
        let mut is_open = lock_leaf(is_open);
        while !*is_open {
            is_open = match end.map(|end| end.saturating_duration_since(Instant::now())) {
                None => opened.wait(is_open).unwrap_or_else(PoisonError::into_inner),
                Some(rest) if rest.is_zero() => return false,
                Some(rest) => {
                    opened.wait_timeout(is_open, rest).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiter_goes_on_when_the_opener_is_dropped_or_its_time_is_over() {
        let (opener, latch) = latch();
        assert!(!latch.wait(Some(Instant::now())));
        let waiter =
            std::thread::spawn(move || latch.wait(None) && latch.wait(Some(Instant::now())));
        drop(opener);
        assert!(waiter.join().unwrap());
    }
}
