//! The wakers that a call wakes when it ends.

use std::task::Waker;

use crate::keyed::{EntryKey, Keyed};
use crate::panic::catch;

#[derive(Default)]
pub(super) struct Waiters(Keyed<Waker>);

impl Waiters {
    pub(super) fn add(&mut self, waker: Waker) -> EntryKey {
        self.0.add(waker)
    }

    /// Removes a waker, which the caller drops without a lock.
    #[must_use]
    pub(super) fn remove(&mut self, key: EntryKey) -> Option<Waker> {
        self.0.remove(key)
    }

    pub(super) fn wake(self) {
        for waker in self.0.into_values() {
            catch(|| waker.wake());
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
