//! The calls of which any ends a wait.

use std::sync::{Arc, Mutex};

use crate::sync::lock_leaf;
use crate::task::Job;

/// Calls by their numbers. A call is removed when the caller has taken it, which is between two waits.
pub(crate) struct WaitSet(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// The calls that are left, in no order.
    calls: Vec<(usize, Arc<dyn Job>)>,
    /// At a call's number: its place in `calls`.
    place_of: Vec<usize>,
}

impl WaitSet {
    /// Makes a set of calls with their numbers, which are less than `numbers`.
    pub(crate) fn new(numbers: usize, calls: impl Iterator<Item = (usize, Arc<dyn Job>)>) -> Self {
        let calls: Vec<_> = calls.collect();
        let mut place_of = vec![0; numbers];
        for (place, (number, _)) in calls.iter().enumerate() {
            place_of[*number] = place;
        }
        Self(Mutex::new(Inner { calls, place_of }))
    }

    /// Removes the call of that number, which is in the set.
    pub(crate) fn remove(&self, number: usize) {
        let gone = {
            let mut places = lock_leaf(&self.0);
            let Inner { calls, place_of } = &mut *places;
            let place = place_of[number];
            let gone = calls.swap_remove(place);
            if let Some((moved, _)) = calls.get(place) {
                place_of[*moved] = place;
            }
            gone
        };
        // After the lock is released: this may be the last holder of the call.
        drop(gone);
    }

    /// Returns the call in that place.
    pub(super) fn at(&self, place: usize) -> Option<Arc<dyn Job>> {
        lock_leaf(&self.0).calls.get(place).map(|(_, call)| call.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::task::{Closure, Task};

    #[test]
    fn removal_keeps_the_other_calls() {
        let calls: Vec<Arc<dyn Job>> =
            (0..5).map(|_| Task::new(&Options::here(), Closure(|| ())) as _).collect();
        let set = WaitSet::new(5, calls.iter().cloned().enumerate().skip(1));
        let mut left = vec![1, 2, 3, 4];
        for gone in [4, 1, 2, 3] {
            set.remove(gone);
            left.retain(|number| *number != gone);
            let stay: Vec<_> = (0..).map_while(|place| set.at(place)).collect();
            assert_eq!(stay.len(), left.len());
            for number in &left {
                assert!(stay.iter().any(|call| Arc::ptr_eq(call, &calls[*number])));
            }
        }
    }
}
