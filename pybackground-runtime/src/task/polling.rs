//! What a body of this crate awaits, noted while a thread polls it.
//!
//! A search for a ring of bodies reads it while the body is suspended: see `await_rings`. The next poll gives the error of a
//! ring in place of the outcome of a call.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;

use super::awaits::Address;
use super::job::Job;
use crate::error::Error;
use crate::sync::thread_local;

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
        awaits.is_deaf |= awaits.failure.take().is_some();
        drop(self);
        awaits
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        let below = self.below.take();
        let _ = POLLED.try_with(|polled| polled.set(below.is_some()));
        let _ = POLL.try_with(|current| current.replace(below));
    }
}

pub(super) fn address(job: &dyn Job) -> Address {
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
        poll.as_mut()?.awaits.failure.take_if(|failure| failure.calls.contains(&address(job)))
    };
    let failure = POLL.try_with(take).ok().flatten()?;
    Some(Error::deadlock(job.call(), failure.edges))
}

impl Awaits {
    /// Forgets the calls that do not wake the body at that address any more.
    fn clean(&mut self, body: Address) {
        self.calls.retain(|call| call.upgrade().is_some_and(|call| call.wakes(body)));
    }
}

impl dyn Job + '_ {
    /// Whether the awaiter is the waker of the task at that address, or wakes it.
    pub(super) fn wakes(&self, body: Address) -> bool {
        self.locked(|trailer| trailer.wakes(body))
    }
}

/// Returns what the trailer keeps of a body that is suspended.
pub(super) fn kept(mut awaits: Awaits, body: Address) -> Option<Box<Awaits>> {
    awaits.clean(body);
    (!awaits.is_empty()).then(|| Box::new(awaits))
}
