//! The wait for the first of several calls to end.
//!
//! A call *arrives* when it ends: its waker enqueues its number. So an arrival costs the same whether the call
//! is one of ten or of a million. A call *comes* when the caller takes it, with its outcome or with the error of
//! a wait. Nothing is kept of a call that has come.

use std::collections::{BTreeMap, VecDeque};
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::Instant;

use crate::call::Call;
use crate::error::Error;
use crate::lazy::Lazy;
use crate::stacks::{self, Frame};
use crate::sync::{Mutex, chaos, lock, lock_brief};
use crate::task::{self, Job, Registration};
use crate::wait_target::WaitTarget;
use crate::waits::{Member, WaitLimit, WaitSet, Waiting, held};
use crate::{join, runtime};

/// What holds a call until the caller takes it: a `Lazy`, or the task itself if the caller keeps the `Lazy`.
pub(super) trait HoldsCall {
    /// Returns the call; `None` if it has its value already.
    fn job(&self) -> Option<Arc<dyn Job>>;
}

impl<T> HoldsCall for Lazy<T> {
    fn job(&self) -> Option<Arc<dyn Job>> {
        Lazy::job(self)
    }
}

impl HoldsCall for Member<dyn Job> {
    fn job(&self) -> Option<Arc<dyn Job>> {
        Some(self.call().clone())
    }
}

/// Calls by number, each of which comes once.
pub(super) struct Arrivals<C> {
    /// The calls that have not come, for the wait graph; made when a body first blocks, or a thread with a lock, and in debug
    /// builds any thread. Dropped first,
    /// because a call with a member has its `Lazy`.
    members: Option<Arc<WaitSet>>,
    /// The calls that have not come. In boxes, as a call may hold a large value.
    left: BTreeMap<usize, ExpectedCall<C>>,
    /// Calls that have arrived; some of them may have come before that, with the error of a wait.
    arrived: VecDeque<usize>,
    ended: Arc<Ended>,
}

/// A call that has not come.
struct ExpectedCall<C> {
    call: Box<C>,
    /// `None` if the call had ended when it was added.
    _registration: Option<Registration>,
}

/// The number of a call that comes, and the call; or why the wait for it is over.
pub(super) type Next<C> = (usize, Result<Box<C>, Error>);

impl<C: HoldsCall> Arrivals<C> {
    pub(super) fn new() -> Self {
        Self {
            members: None,
            left: BTreeMap::new(),
            arrived: VecDeque::new(),
            ended: Arc::default(),
        }
    }

    /// How many calls have not come.
    pub(super) fn len(&self) -> usize {
        self.left.len()
    }

    /// The calls that have not come, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &C> {
        self.left.values().map(|expected| &*expected.call)
    }

    /// Adds a call. No call had this number before.
    pub(super) fn add(&mut self, number: usize, call: C) {
        let job = call.job().filter(|job| !job.is_done());
        let arrival = || Waker::from(Arc::new(Arrival { number, ended: self.ended.clone() }));
        let registration = job.as_ref().and_then(|job| job.register(arrival()));
        if registration.is_none() {
            self.arrived.push_back(number);
        }
        // A call that has arrived may still be among the members, until it comes.
        if let (Some(members), Some(job)) = (&self.members, call.job()) {
            members.add(number, job);
        }
        self.left
            .insert(number, ExpectedCall { call: Box::new(call), _registration: registration });
    }

    /// Whether a call has arrived that has not come.
    pub(super) fn has_arrived(&mut self) -> bool {
        let Some(number) = self.pop_arrived() else { return false };
        self.arrived.push_front(number);
        true
    }

    /// Returns the next call that has arrived, or the last call without waiting for it; `None` if no call has
    /// arrived by `end`. At least one call has not come.
    #[track_caller]
    pub(super) fn next_until(&mut self, end: Option<Instant>) -> Option<Next<C>> {
        loop {
            if let Some(number) = self.pop_arrived() {
                return Some((number, Ok(self.remove(number))));
            }
            let (&first, _) = self.left.first_key_value().expect("a call is left");
            if self.left.len() == 1 && end.is_none() {
                return Some((first, Ok(self.remove(first))));
            }
            match join::for_any(&self.wait_for_any(first, end), end) {
                // What has arrived may be a call that has come before, with the error of a wait.
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    drop(self.remove(first));
                    return Some((first, Err(error)));
                }
            }
        }
    }

    /// Takes the number of a call that has arrived and not come.
    fn pop_arrived(&mut self) -> Option<usize> {
        loop {
            if self.arrived.is_empty() {
                std::mem::swap(&mut self.arrived, &mut lock(&self.ended.state).numbers);
            }
            let number = self.arrived.pop_front()?;
            if self.left.contains_key(&number) {
                return Some(number);
            }
        }
    }

    #[allow(clippy::unnecessary_box_returns, reason = "a large value is moved as a pointer")]
    fn remove(&mut self, number: usize) -> Box<C> {
        if let Some(members) = &self.members {
            members.remove(number);
        }
        self.left.remove(&number).expect("a call comes once").call
    }

    /// A wait for the calls that are left, of which none has arrived.
    fn wait_for_any(&mut self, first: usize, end: Option<Instant>) -> AnyOf<'_, C> {
        // Debug builds report a wait for calls that are all stuck.
        let may_be_needed =
            || cfg!(debug_assertions) || !stacks::current().is_none() || held::is_any();
        if end.is_none() && self.members.is_none() && may_be_needed() {
            self.members = Some(Arc::new(WaitSet::new(jobs(&self.left))));
        }
        let first = self.left[&first].call.job();
        AnyOf {
            first: first.expect("a call that has not arrived is on its way").call(),
            count: self.left.len(),
            all: self.members.as_ref(),
            left: &self.left,
            ended: &self.ended,
        }
    }
}

/// The calls with their numbers.
fn jobs<C: HoldsCall>(
    left: &BTreeMap<usize, ExpectedCall<C>>,
) -> impl Iterator<Item = (usize, Arc<dyn WaitTarget>)> {
    left.iter().filter_map(|(number, left)| Some((*number, left.call.job()? as _)))
}

/// The calls that have arrived, in their order.
#[derive(Default)]
struct Ended {
    state: Mutex<ArrivalQueue>,
}

#[derive(Default)]
struct ArrivalQueue {
    numbers: VecDeque<usize>,
    /// Wakes the thread that waits for the next arrival.
    waiter: Option<Waker>,
}

/// The waker of a call, which enqueues its number.
struct Arrival {
    number: usize,
    ended: Arc<Ended>,
}

impl Wake for Arrival {
    fn wake(self: Arc<Self>) {
        let waiter = {
            let mut state = lock(&self.ended.state);
            state.numbers.push_back(self.number);
            state.waiter.take()
        };
        chaos();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

/// A wait for the first of the calls that are left.
struct AnyOf<'a, C> {
    first: Call,
    count: usize,
    all: Option<&'a Arc<WaitSet>>,
    left: &'a BTreeMap<usize, ExpectedCall<C>>,
    ended: &'a Ended,
}

impl<C: HoldsCall> join::Awaitable for AnyOf<'_, C> {
    /// The waker stays in `ended`, and the next wait replaces it.
    type Registration = ();

    fn is_over(&self) -> bool {
        !lock_brief(&self.ended.state).numbers.is_empty()
    }

    fn register(&self, waker: Waker) -> Option<()> {
        let mut state = lock(&self.ended.state);
        if !state.numbers.is_empty() {
            return None;
        }
        state.waiter = Some(waker);
        Some(())
    }

    fn announce(
        &self,
        site: &'static Location<'static>,
        end: WaitLimit,
    ) -> Result<Option<Waiting<'static>>, Error> {
        let all = self.all.filter(|_| end == WaitLimit::Never).cloned();
        runtime::waits().for_any(self.first, self.count, all, site)
    }

    /// The monitor expires each call that has a deadline.
    fn expire(&self, _: Instant) {}

    fn is_call_of(&self, _: Frame) -> bool {
        false
    }

    fn call(&self) -> Call {
        self.first
    }

    fn each(&self) -> Vec<Weak<dyn WaitTarget>> {
        let weak = |call: &ExpectedCall<C>| {
            let job = call.call.job()?;
            let weak = Arc::downgrade(&job);
            task::let_go(job);
            Some(weak as Weak<dyn WaitTarget>)
        };
        self.left.values().filter_map(weak).collect()
    }

    fn jobs(&self) -> Vec<Arc<dyn Job>> {
        self.left.values().filter_map(|call| call.call.job()).collect()
    }
}

#[cfg(all(test, not(any(pybackground_loom, pybackground_shuttle))))]
mod tests {
    use super::*;
    use crate::{Lazy, spawn};
    use std::sync::mpsc::channel;

    /// Its waker was on the way when the wait for it ended with an error.
    #[test]
    fn call_that_arrives_after_it_has_come_ends_no_wait() {
        let (release, wait) = channel::<()>();
        let (never, forever) = channel::<()>();
        let mut calls: Arrivals<Lazy<u32>> = Arrivals::new();
        calls.add(0, spawn(|| 0));
        calls.add(1, spawn(move || u32::from(wait.recv().is_err())));
        calls.add(2, spawn(move || u32::from(forever.recv().is_err())));
        drop(calls.remove(0));
        Arc::new(Arrival { number: 0, ended: calls.ended.clone() }).wake();
        drop(release);
        let (number, call) = calls.next_until(None).expect("there is no time limit");
        assert_eq!((number, Lazy::into_inner(*call.unwrap())), (1, 1));
        drop(never);
    }
}
