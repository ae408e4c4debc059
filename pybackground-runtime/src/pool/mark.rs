//! What waits at some time, and whether all of it has been taken since.
//!
//! A queue cannot be looked through. But it is taken from at its front, or it is seen empty: once as many
//! calls were taken from there as it held, none of these is in it, whatever came behind or was taken from
//! its other end. Who takes one counts that a moment later, so that as many more are asked for as there are
//! threads. Only while somebody has a mark is anything counted.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::crew::Crew;
use super::queues;
use crate::cancel::overruns;
use crate::runtime::{Runtime, existing};
use crate::stacks;
use crate::sync::IS_MODEL;

/// What waited when it was made, as far as it may be there still.
pub(crate) struct Mark(Vec<Waiting>);

/// Tells whether what waited in one queue may be there still.
pub(super) type Waiting = Box<dyn Fn() -> bool + Send>;

/// How many were taken from the front of a queue while there may have been a mark.
#[derive(Default)]
pub(super) struct Taken(AtomicUsize);

impl Mark {
    /// Of nothing.
    pub(crate) const PASSED: Self = Self(Vec::new());

    pub(crate) fn of_now() -> Self {
        // The queues of a model are gone with its execution, whatever this outlives.
        let Some(pool) = existing().map(Runtime::pool).filter(|_| !IS_MODEL) else {
            return Self::PASSED;
        };
        let slack = stacks::most_threads();
        let mut waiting = queues::waiting(pool, slack);
        waiting.extend(Crew::all_waiting(slack));
        Self(waiting)
    }

    /// Whether nothing of it waits any more.
    pub(crate) fn has_passed(&mut self) -> bool {
        self.0.retain(|may_wait| may_wait());
        self.0.is_empty()
    }
}

impl Taken {
    /// One was taken.
    #[inline]
    pub(super) fn count(&self) {
        if overruns::is_any() {
            // ORDERING: who has a mark asks for more than was there, as this may be late.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The count at which none of the first `calls` is left.
    pub(super) fn after(&self, calls: usize) -> usize {
        // ORDERING: as `count`.
        self.0.load(Ordering::Relaxed).wrapping_add(calls)
    }

    pub(super) fn is_before(&self, count: usize) -> bool {
        // ORDERING: as `count`.
        self.0.load(Ordering::Relaxed).wrapping_sub(count) > usize::MAX / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_mark_passes_when_each_queue_has() {
        let left: Vec<Arc<AtomicUsize>> = (1..4).map(|n| Arc::new(AtomicUsize::new(n))).collect();
        let waiting = |left: &Arc<AtomicUsize>| -> Waiting {
            let left = left.clone();
            Box::new(move || left.load(Ordering::Relaxed) > 0)
        };
        let mut mark = Mark(left.iter().map(waiting).collect());
        for queue in &left {
            assert!(!mark.has_passed());
            queue.store(0, Ordering::Relaxed);
        }
        // What comes later is nothing to it.
        mark.has_passed();
        left[0].store(5, Ordering::Relaxed);
        assert!(mark.has_passed());
    }
}
