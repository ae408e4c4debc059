//! The calls of which any ends a wait.

use std::sync::{Arc, Mutex};

use crate::sync::lock_leaf;
use crate::table::Table;
use crate::wait_target::WaitTarget;

/// Calls by their numbers. A call is removed when the caller has taken it, which is between two waits.
pub(crate) struct WaitSet(Mutex<Table<Arc<dyn WaitTarget>>>);

impl WaitSet {
    /// Makes a set of calls with their numbers.
    pub(crate) fn new(calls: impl Iterator<Item = (usize, Arc<dyn WaitTarget>)>) -> Self {
        let set = Self(Mutex::default());
        calls.for_each(|(number, call)| set.add(number, call));
        set
    }

    /// Adds a call. No other has its number.
    pub(crate) fn add(&self, number: usize, call: Arc<dyn WaitTarget>) {
        lock_leaf(&self.0).insert(number, call);
    }

    /// Removes the call of that number, if it is in the set.
    pub(crate) fn remove(&self, number: usize) {
        let gone = lock_leaf(&self.0).remove(number);
        // After the lock is released: this may be the last holder of the call.
        drop(gone);
    }

    /// Returns the call in that place.
    pub(super) fn at(&self, place: usize) -> Option<Arc<dyn WaitTarget>> {
        lock_leaf(&self.0).at(place).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::task::Closure;

    #[test]
    fn removal_keeps_the_other_calls() {
        let calls: Vec<Arc<dyn WaitTarget>> =
            (0..5).map(|_| Options::here().task(Closure(|| ())) as _).collect();
        let set = WaitSet::new(calls.iter().cloned().enumerate().skip(1));
        set.add(7, calls[0].clone());
        set.remove(9);
        let mut left = vec![1, 2, 3, 4, 7];
        for gone in [4, 1, 7, 2, 3] {
            set.remove(gone);
            left.retain(|number| *number != gone);
            let stay: Vec<_> = (0..).map_while(|place| set.at(place)).collect();
            assert_eq!(stay.len(), left.len());
            for number in &left {
                assert!(stay.iter().any(|call| Arc::ptr_eq(call, &calls[number % 7])));
            }
        }
    }
}
