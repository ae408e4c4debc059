//! The calls of which any ends a wait.

use std::sync::{Arc, Mutex, Weak};

use crate::sync::lock_leaf;
use crate::table::Table;
use crate::wait_target::WaitTarget;

/// Calls by their numbers. A call is removed when the caller has taken it, which is between two waits.
pub(crate) struct WaitSet(Mutex<Table<Member>>);

/// A reference to a call whose `Lazy` is there for longer. The call counts such references.
pub(crate) struct Member<C: WaitTarget + ?Sized = dyn WaitTarget>(Arc<C>);

impl<C: WaitTarget + ?Sized> Member<C> {
    pub(crate) fn new(call: Arc<C>) -> Self {
        call.joins_set();
        Self(call)
    }

    pub(crate) fn call(&self) -> &Arc<C> {
        &self.0
    }
}

impl<C: WaitTarget + ?Sized> Drop for Member<C> {
    fn drop(&mut self) {
        // Before the reference goes: see `task::await_rings`.
        self.0.left_set();
    }
}

impl WaitSet {
    /// Makes a set of calls with their numbers.
    pub(crate) fn new(calls: impl Iterator<Item = (usize, Arc<dyn WaitTarget>)>) -> Self {
        let set = Self(Mutex::default());
        calls.for_each(|(number, call)| set.add(number, call));
        set
    }

    /// Adds a call. No other has its number.
    pub(crate) fn add(&self, number: usize, call: Arc<dyn WaitTarget>) {
        let member = Member::new(call);
        lock_leaf(&self.0).insert(number, member);
    }

    /// Removes the call of that number, if it is in the set.
    pub(crate) fn remove(&self, number: usize) {
        let gone = lock_leaf(&self.0).remove(number);
        // After the lock is released: this may be the last holder of the call.
        drop(gone);
    }

    /// Returns the call in that place.
    pub(super) fn at(&self, place: usize) -> Option<Weak<dyn WaitTarget>> {
        lock_leaf(&self.0).at(place).map(|member| Arc::downgrade(&member.0))
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
                let call = Arc::downgrade(&calls[number % 7]);
                assert!(stay.iter().any(|stays| stays.ptr_eq(&call)));
            }
        }
    }
}
