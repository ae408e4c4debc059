//! The calls that have a call for an input, and are told of its end.
//!
//! One that is closed before that is wanted here no more, but nobody knows its place. So those are let go
//! together when they are more than half: to look at all then is paid for by those that go.

use std::sync::Arc;

use super::Job;
use crate::panic::catch;
use crate::sync::rounds;

/// So few that were closed are not worth a look.
const FEW: usize = rounds(16);

#[derive(Default)]
pub(super) struct Dependents {
    calls: Vec<Arc<dyn Job>>,
    /// How many of them were closed since the last look.
    closed: usize,
}

impl Dependents {
    pub(super) fn add(&mut self, call: Arc<dyn Job>) {
        self.calls.push(call);
    }

    /// One of them was closed. Returns those that are let go, to be dropped without a lock.
    #[must_use]
    pub(super) fn one_closed(&mut self) -> Vec<Arc<dyn Job>> {
        self.closed += 1;
        if self.closed < FEW || 2 * self.closed <= self.calls.len() {
            return Vec::new();
        }
        self.closed = 0;
        let closed = self.calls.extract_if(.., |call| call.is_done()).collect();
        self.calls.shrink_to(2 * self.calls.len());
        closed
    }

    /// Tells all of them that the call has ended.
    pub(super) fn tell(self) {
        for call in self.calls {
            catch(|| call.dependency_ended());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::task::{Closure, Task};

    const MANY: usize = 100_000;

    fn call() -> Arc<dyn Job> {
        Task::held(&Options::here(), Closure(|| ()))
    }

    #[test]
    fn those_that_are_closed_leave_no_more_than_a_few() {
        let mut followers = Dependents::default();
        for _ in 0..MANY {
            let call = call();
            followers.add(call.clone());
            call.cancel();
            drop(followers.one_closed());
            assert!(followers.calls.len() <= FEW && followers.calls.capacity() <= 4 * FEW);
        }
    }

    /// Counted work, as speed is not for tests.
    #[test]
    fn to_close_many_takes_steps_in_proportion_and_spares_the_others() {
        let calls: Vec<_> = (0..MANY).map(|_| call()).collect();
        let mut followers = Dependents::default();
        calls.iter().cloned().for_each(|call| followers.add(call));
        let (mut looked_at, mut gone) = (0, 0);
        for call in calls.iter().skip(1) {
            call.cancel();
            let there = followers.calls.len();
            let closed = followers.one_closed();
            gone += closed.len();
            if !closed.is_empty() {
                looked_at += there;
            }
        }
        assert!(looked_at <= 3 * MANY, "{looked_at} steps");
        assert!(gone + FEW >= MANY - 1, "{gone} let go");
        assert!(followers.calls.iter().any(|call| Arc::ptr_eq(call, &calls[0])));
    }
}
