//! The calls that wait for a call as a dependency, and are notified of its end.
//!
//! A dependent that is closed before that is not needed here any more.

use std::sync::Arc;

use crate::closed_entries::ClosedEntries;
use crate::panic::catch;
use crate::wait_target::WaitTarget;

/// A call that waits for others.
pub(crate) trait DependentCall: WaitTarget {
    /// Notifies the call that one of its dependencies has ended.
    fn dependency_ended(self: Arc<Self>);
}

pub(super) struct Dependents<J: ?Sized> {
    calls: Vec<Arc<J>>,
    closed: ClosedEntries,
}

impl<J: ?Sized> Default for Dependents<J> {
    fn default() -> Self {
        Self { calls: Vec::new(), closed: ClosedEntries::new() }
    }
}

impl<J: DependentCall + ?Sized> Dependents<J> {
    pub(super) fn add(&mut self, call: Arc<J>) {
        self.calls.push(call);
    }

    /// One of them was closed. Returns those that are removed, to be dropped without a lock.
    #[must_use]
    pub(super) fn one_closed(&mut self) -> Vec<Arc<J>> {
        if !self.closed.one_more(self.calls.len()) {
            return Vec::new();
        }
        let closed = self.calls.extract_if(.., |call| call.is_done()).collect();
        self.calls.shrink_to(2 * self.calls.len());
        closed
    }

    /// How many of them wait for the call. Each has one reference to it until it has ended.
    pub(super) fn waiting(&self) -> usize {
        self.calls.iter().filter(|call| !call.is_done()).count()
    }

    /// Notifies all of them that the call has ended.
    pub(super) fn notify(self) {
        for call in self.calls {
            catch(|| call.dependency_ended());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::closed_entries::FEW;
    use crate::options::Options;
    use crate::task::{Closure, Job};

    const MANY: usize = 100_000;

    fn call() -> Arc<dyn Job> {
        Options::here().held_task(Closure(|| ()))
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes Miri minutes")]
    fn few_closed_dependents_are_kept() {
        let mut dependents = Dependents::default();
        for _ in 0..MANY {
            let call = call();
            dependents.add(call.clone());
            call.cancel();
            drop(dependents.one_closed());
            assert!(dependents.calls.len() <= FEW && dependents.calls.capacity() <= 4 * FEW);
        }
    }

    /// Counted work, as speed is not for tests.
    #[test]
    #[cfg_attr(miri, ignore = "takes Miri minutes")]
    fn closing_dependents_takes_linear_work_and_keeps_the_others() {
        let calls: Vec<_> = (0..MANY).map(|_| call()).collect();
        let mut dependents = Dependents::default();
        calls.iter().cloned().for_each(|call| dependents.add(call));
        let (mut scanned, mut removed) = (0, 0);
        for call in calls.iter().skip(1) {
            call.cancel();
            let there = dependents.calls.len();
            let closed = dependents.one_closed();
            removed += closed.len();
            if !closed.is_empty() {
                scanned += there;
            }
        }
        assert!(scanned <= 3 * MANY, "{scanned} steps");
        assert!(removed + FEW >= MANY - 1, "{removed} removed");
        assert!(dependents.calls.iter().any(|call| Arc::ptr_eq(call, &calls[0])));
    }
}
