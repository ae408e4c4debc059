//! Async bodies that wait for each other.
//!
//! Only its waker resumes a suspended body. A call that the body awaits has a clone of the waker, and wakes it at its
//! end. A timer or a channel that the body awaits has a clone, too. In a *ring* of suspended bodies, each awaits the
//! call of the next. If no waker has another clone, the ring is deadlocked. The body that is suspended last finds the
//! ring, and its `.await` returns the error.
//!
//! A suspended body keeps the permit of its function's limit. So a ring can also lead through a limit: a body awaits a
//! call that waits for a permit, and bodies of the same ring hold all permits.
//!
//! # Why every ring is found, and only rings are
//!
//! The waker of a body is the task itself, so clones of the waker count as references to the task. The other references
//! are known: the awaited `Lazy`, which the awaiting body owns, has one. A thread that joins the call has three, and is
//! counted in the trailer while it has them. While a body is suspended, its call has no further reference. So the count
//! shows whether there is another clone of the waker.
//!
//! A thread drops its own reference to the body that it polled before it searches, and searches under one lock. So the
//! search for the last body of a ring counts no reference of another search. A thread that has begun to join a
//! suspended body searches as well, as its references may have hidden a ring until they were counted. A reference that
//! another thread has for a moment, for a report, can only keep a ring from being found.
//!
//! A body that runs is part of a ring while its thread joins a call of the ring without a time limit. The wait graph knows
//! that. Such a ring is closed by a body that is suspended or by a join, and either searches for it. The error always goes
//! to an `.await`.
//!
//! A ring that is complete stays complete, because none of its bodies can be resumed. So the search may look at its
//! bodies one after the other: what it finds of each holds until the next one ends, and the last one has not ended when it
//! is looked at.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Arc, Mutex, Weak};
use std::task::Waker;

use super::awaits::Address;
use super::job::{Job, any_was_awaited_or_shared};
use crate::error::{Error, WaitEdge, WaitKind};
use crate::runtime;
use crate::sync::{IS_MODEL, lock_leaf, thread_local};
use crate::table::{Set, Table};

/// Held by the thread that looks for a ring. A model checker knows no lock that outlives its execution, so models do not
/// look.
static LOOKING: Mutex<()> = Mutex::new(());

type Awaits = super::awaits::Awaits<dyn Job>;

/// A poll of a body of this crate.
struct Poll {
    body: Address,
    awaits: Awaits,
}

thread_local! {
    static POLLED: Cell<bool> = const { Cell::new(false) };
    static POLL: RefCell<Option<Poll>> = const { RefCell::new(None) };
}

/// The thread polls a body until this is dropped.
pub(super) struct Polling {
    /// The poll that this one interrupts.
    below: Option<Poll>,
}

/// This thread is about to poll the body of the task at that address.
pub(super) fn begin(body: Address, awaits: Option<Box<Awaits>>) -> Polling {
    let poll = Poll { body, awaits: awaits.map(|awaits| *awaits).unwrap_or_default() };
    let below = POLL.try_with(|current| current.replace(Some(poll))).ok().flatten();
    let _ = POLLED.try_with(|polled| polled.set(true));
    Polling { below }
}

impl Polling {
    /// What the body has awaited, in this poll or an earlier one.
    pub(super) fn end(self) -> Awaits {
        let take = |poll: &RefCell<Option<Poll>>| {
            poll.borrow_mut().as_mut().map(|poll| std::mem::take(&mut poll.awaits))
        };
        let mut awaits = POLL.try_with(take).ok().flatten().unwrap_or_default();
        let unused = awaits.failure.take();
        drop((self, unused));
        awaits
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        let below = self.below.take();
        let _ = POLLED.try_with(|polled| polled.set(below.is_some()));
        let ended = POLL.try_with(|current| current.replace(below));
        // Outside of the cell: the error may be the last to hold a payload of the user's.
        drop(ended);
    }
}

fn address(job: &dyn Job) -> Address {
    std::ptr::from_ref(job).cast::<()>().addr()
}

/// The body that this thread polls has found a call pending, with `waker` set as its awaiter.
pub(crate) fn note(job: impl FnOnce() -> Option<Arc<dyn Job>>, waker: &Waker) {
    if !POLLED.try_with(Cell::get).unwrap_or(false) {
        return;
    }
    let _ = POLL.try_with(|poll| {
        let mut poll = poll.borrow_mut();
        let Some(poll) = poll.as_mut().filter(|poll| poll.body == waker.data().addr()) else {
            return;
        };
        if let Some(job) = job() {
            let is_known =
                poll.awaits.calls.iter().any(|known| known.ptr_eq(&Arc::downgrade(&job)));
            if !is_known {
                poll.awaits.calls.push(Arc::downgrade(&job));
            }
        }
    });
}

/// Returns the error that the body which this thread polls gets instead of the outcome of `job`.
pub(crate) fn failure_of(job: &dyn Job) -> Option<Error> {
    if !POLLED.try_with(Cell::get).unwrap_or(false) {
        return None;
    }
    let take = |poll: &RefCell<Option<Poll>>| {
        let mut poll = poll.borrow_mut();
        let failure = poll.as_mut()?.awaits.failure.take_if(|(of, _)| *of == address(job));
        failure.map(|(_, error)| error)
    };
    POLL.try_with(take).ok().flatten()
}

impl Awaits {
    /// Forgets the calls that do not wake the body at that address any more.
    fn clean(&mut self, body: Address) {
        self.calls.retain(|call| call.upgrade().is_some_and(|call| call.wakes(body)));
    }
}

impl dyn Job + '_ {
    /// Whether the awaiter is the waker of the task at that address.
    fn wakes(&self, body: Address) -> bool {
        self.with_awaiter(|awaiter| awaiter.is_some_and(|waker| waker.data().addr() == body))
    }
}

/// What is left of calls that have lost their last owner while a thread looked. It is dropped without the lock.
type Remains = Vec<Box<dyn Any + Send>>;

/// Looks whether a body that was suspended is the last of a ring, and if so resumes it with an error.
pub(super) fn look_for_ring(body: &Weak<dyn Job>) {
    if IS_MODEL {
        return;
    }
    let mut remains = Remains::new();
    let failed = {
        let _looking = lock_leaf(&LOOKING);
        ring_of(body, &mut remains).and_then(|edges| {
            let body = body.upgrade()?;
            body.set_failure(&edges, &mut remains);
            Some(body)
        })
    };
    drop(remains);
    if let Some(body) = failed {
        body.resume();
    }
}

/// Returns the waits of the ring that begins with `body`, or `None` if a body that it leads to may be resumed.
fn ring_of(body: &Weak<dyn Job>, remains: &mut Remains) -> Option<Vec<WaitEdge>> {
    let mut edges = Vec::new();
    let mut met = Set::new();
    met.insert(body.as_ptr().cast::<()>().addr());
    let mut left = VecDeque::from([body.clone()]);
    while let Some(at) = left.pop_front() {
        let waiter = at.upgrade()?;
        let needs = waiter.needs(remains);
        let call = waiter.call();
        remains.extend(waiter.into_remains());
        let (kind, needs) = needs?;
        for next in needs {
            let needed = next.upgrade()?;
            edges.push(WaitEdge { waiter: call.into(), awaited: needed.call().into(), kind });
            if met.insert(address(&*needed)) {
                left.push_back(next);
            }
            remains.extend(needed.into_remains());
        }
    }
    Some(edges)
}

/// The suspended bodies that have a permit, by the address of its limit.
static WITH_PERMIT: Mutex<Table<Vec<Weak<dyn Job>>>> = Mutex::new(Table::new());

/// The body is suspended, and has a permit of the limit at that address.
pub(super) fn keeps_permit(body: Weak<dyn Job>, limit: Address) {
    let mut known = lock_leaf(&WITH_PERMIT);
    if !known.contains(limit) {
        known.insert(limit, Vec::new());
    }
    let Some(bodies) = known.get_mut(limit) else { return };
    // Those that were closed while they were suspended.
    bodies.retain(|other| other.strong_count() > 0);
    if !bodies.iter().any(|other| other.ptr_eq(&body)) {
        bodies.push(body);
    }
}

/// The body is not suspended any more.
pub(super) fn resumes_with_permit(body: Address, limit: Address) {
    let mut known = lock_leaf(&WITH_PERMIT);
    if let Some(bodies) = known.get_mut(limit) {
        bodies.retain(|other| other.as_ptr().cast::<()>().addr() != body);
        if bodies.is_empty() {
            known.remove(limit);
        }
    }
}

impl dyn Job {
    /// Returns the calls that have to continue before this one can, or `None` if something else may resume it.
    fn needs(self: &Arc<Self>, remains: &mut Remains) -> Option<(WaitKind, Vec<Weak<Self>>)> {
        if self.deadline().is_some() {
            return None;
        }
        if self.word().is_suspended() {
            return Some((WaitKind::Await, vec![self.only_await(remains)?]));
        }
        if let Some((joined, site)) = self.joined_behind() {
            let weak = Arc::downgrade(&joined);
            remains.extend(joined.into_remains());
            return Some((WaitKind::Join(site), vec![weak]));
        }
        let limit = self.header().limit().filter(|_| self.word().is_held())?;
        if self.has_dependencies() {
            return None;
        }
        let mut holders = lock_leaf(&WITH_PERMIT).get(limit.address()).cloned()?;
        // A body may have been resumed before it was listed.
        holders.retain(|holder| {
            let Some(holder) = holder.upgrade() else { return false };
            let is_suspended = holder.word().is_suspended();
            remains.extend(holder.into_remains());
            is_suspended
        });
        (holders.len() >= limit.permits()).then_some((WaitKind::Permit, holders))
    }

    /// The call that the thread of the body joins, and where.
    fn joined_behind(&self) -> Option<(Arc<Self>, &'static Location<'static>)> {
        if self.runner().is_none() {
            return None;
        }
        let (joined, site) = runtime::waits().joined_behind(self)?;
        let weak = joined.clone().into_weak().downcast::<Weak<dyn Job>>().ok()?;
        // `joined` is still there, and so is not dropped here.
        Some((weak.upgrade()?, site))
    }

    /// The call that the body awaits, if nothing but the end of that call can resume the body. The caller has one reference
    /// to this call.
    fn only_await(self: &Arc<Self>, remains: &mut Remains) -> Option<Weak<Self>> {
        // A `Lazy` that is waited for is there, and one that nothing waits for may be there or not.
        let joins = self.joins();
        let is_awaited = joins > 0 || self.with_awaiter(|awaiter| awaiter.is_some());
        let waker_and_caller = 2;
        let references = waker_and_caller + usize::from(is_awaited) + joins * Joined::REFERENCES;
        let is_failing = |awaits: Option<&mut Awaits>| awaits.is_some_and(|a| a.failure.is_some());
        if self.with_awaits(is_failing) {
            return None;
        }
        let body = address(&**self);
        let mut calls = self.awaits();
        calls.retain(|call| {
            let Some(call) = call.upgrade() else { return false };
            let wakes = call.wakes(body);
            remains.extend(call.into_remains());
            wakes
        });
        let only = calls.pop().filter(|_| calls.is_empty())?;
        (Arc::strong_count(self) == references).then_some(only)
    }

    /// The next poll of the call that the body awaits gives the error. No other body of the ring finds it after that.
    fn set_failure(&self, edges: &[WaitEdge], remains: &mut Remains) {
        let body = address(self);
        for call in self.awaits().into_iter().filter_map(|call| call.upgrade()) {
            if call.wakes(body) {
                let failure = (address(&*call), Error::deadlock(call.call(), edges.to_vec()));
                self.with_awaits(|awaits| {
                    if let Some(awaits) = awaits {
                        awaits.failure = Some(failure);
                    }
                });
            }
            remains.extend(call.into_remains());
        }
    }

    fn awaits(&self) -> Vec<Weak<Self>> {
        self.with_awaits(|awaits| awaits.map(|awaits| awaits.calls.clone()).unwrap_or_default())
    }
}

/// How many joins are followed to a body that is suspended.
const MOST_JOINS: usize = 10_000;

/// This thread has entered the wait graph for the call. Looks for a ring that runs through a body which the thread of the
/// call joins, directly or through others.
fn look_behind(job: &Arc<dyn Job>) {
    if IS_MODEL || !any_was_awaited_or_shared() {
        return;
    }
    let mut joined = job.joined_behind().map(|(joined, _)| joined);
    for _ in 0..MOST_JOINS {
        let Some(at) = joined else { return };
        let is_suspended = at.word().is_suspended();
        let next = if is_suspended { None } else { at.joined_behind() };
        let weak = Arc::downgrade(&at);
        // A ring is not found while this thread has a reference of its own.
        drop(at.into_remains());
        if is_suspended {
            return look_for_ring(&weak);
        }
        joined = next.map(|(joined, _)| joined);
    }
}

/// A thread joins the call of an async body, until this is dropped.
pub(crate) struct Joined(Arc<dyn Job>);

impl Joined {
    /// This one, that of the wait graph, and that of the function that waits.
    const REFERENCES: usize = 3;

    /// This thread has entered the wait graph for the call, and is about to block.
    pub(crate) fn new(job: &Arc<dyn Job>) -> Option<Self> {
        if !job.is_future() {
            look_behind(job);
            return None;
        }
        let joined = job.clone();
        if !job.join_begins() {
            return None;
        }
        let joined = Self(joined);
        if job.word().is_suspended() {
            look_for_ring(&Arc::downgrade(job));
        } else {
            look_behind(job);
        }
        Some(joined)
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        // Before the references go: too few of them would look like a ring.
        self.0.join_ends();
    }
}

/// Returns what the trailer keeps of a body that is suspended.
pub(super) fn kept(mut awaits: Awaits, body: Address) -> Option<Box<Awaits>> {
    awaits.clean(body);
    (!awaits.is_empty()).then(|| Box::new(awaits))
}
