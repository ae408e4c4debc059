//! At most so many bodies of one function at once.
//!
//! A call of a limited function takes a slot before it goes to the queues, and gives it back when
//! its body ends; calls that find no slot free wait here in the order they came, holding no thread.
//!
//! A body that blocks in a join lends its slot while it waits and takes one again before it goes
//! on. So a function that waits for calls of itself, directly or through others, cannot lock itself
//! out: whoever holds a slot either runs or ends, and "at once" never counts a body that waits for
//! another call. Bodies that come back go first, else the ones that follow would pass them for ever.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use crate::call::Call;
use crate::panic::drop_catching;
use crate::runtime;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread::{self, Thread};
use crate::sync::{Mutex, chaos, lock, thread_local};
use crate::task::Job;

/// The slots of one function.
pub struct Limit {
    most: usize,
    slots: Mutex<Slots>,
}

struct Slots {
    /// The pool knows of this limit.
    known: bool,
    taken: usize,
    returning: VecDeque<Arc<Returning>>,
    waiting: VecDeque<Arc<dyn Job>>,
}

/// A thread whose body lent its slot and wants one back.
struct Returning {
    thread: Thread,
    has_slot: AtomicBool,
}

impl Limit {
    /// As many slots as `most`, which is at least 1.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        let slots =
            Slots { known: false, taken: 0, returning: VecDeque::new(), waiting: VecDeque::new() };
        Self { most, slots: Mutex::new(slots) }
    }

    /// Queues `job` as soon as there is a slot for it.
    pub(crate) fn submit(&'static self, job: Arc<dyn Job>) {
        self.submit_if(job, runtime::lets_in);
    }

    /// As `submit`, for a call that was let in before.
    pub(crate) fn submit_again(&'static self, job: Arc<dyn Job>) {
        self.submit_if(job, || !runtime::is_closed());
    }

    fn submit_if(&'static self, job: Arc<dyn Job>, lets_in: fn() -> bool) {
        match self.hold(job, lets_in) {
            Ok(()) => self.start_waiting(),
            Err(job) => job.refuse(runtime::SHUT_DOWN),
        }
    }

    /// Puts `job` behind those that wait, unless no call is let in: a shutdown, which first closes the
    /// gate, then looks for limits, and then for what they hold back, would not find it.
    fn hold(&'static self, job: Arc<dyn Job>, lets_in: fn() -> bool) -> Result<(), Arc<dyn Job>> {
        let limits = runtime::limits();
        let mut slots = lock(&self.slots);
        if !slots.known {
            slots.known = true;
            limits.add(self);
        }
        if !lets_in() {
            return Err(job);
        }
        limits.hold();
        slots.waiting.push_back(job);
        Ok(())
    }

    /// The calls that wait for a slot.
    pub(crate) fn held_calls(&self) -> Vec<Call> {
        let slots = lock(&self.slots);
        slots.waiting.iter().filter(|job| !job.is_done()).map(|job| job.call()).collect()
    }

    /// Ends the calls that wait for a slot.
    pub(crate) fn refuse_held(&self, why: &str) {
        let held = std::mem::take(&mut lock(&self.slots).waiting);
        for job in held {
            job.refuse(why);
            drop_catching(job);
            runtime::limits().let_go();
        }
    }

    /// Gives the slot of a body that ended back.
    ///
    /// Nobody holds a lock who calls this: it may run a call.
    pub(crate) fn leave(&'static self) {
        self.free_slot();
        // A call that is queued may be run or refused on the spot, and leaves again: whoever started
        // it goes on with the next, so that they do not pile up on the stack.
        let is_starting = STARTING
            .try_with(|limits| limits.borrow().iter().any(|limit| std::ptr::eq(*limit, self)));
        if !is_starting.unwrap_or(false) {
            self.start_waiting();
        }
    }

    /// Lends a slot to others while its body waits.
    fn lend(&'static self) {
        self.free_slot();
        self.start_waiting();
    }

    /// Gives a slot to a body that lent it, or to nobody.
    fn free_slot(&self) {
        let mut slots = lock(&self.slots);
        let Some(returning) = slots.returning.pop_front() else {
            slots.taken -= 1;
            return;
        };
        // ORDERING: what the last holder did comes before what the next one does.
        returning.has_slot.store(true, Ordering::Release);
        returning.thread.unpark();
    }

    /// Starts the calls that have waited longest, as far as there are slots.
    fn start_waiting(&'static self) {
        let _ = STARTING.try_with(|limits| limits.borrow_mut().push(self));
        while let Some(next) = self.next_waiting() {
            chaos();
            if next.admit() {
                runtime::resume(next);
            } else {
                // Closed while it waited; it leaves its slot to the next.
                drop_catching(next);
                self.free_slot();
            }
            runtime::limits().let_go();
        }
        let _ = STARTING.try_with(|limits| limits.borrow_mut().pop());
    }

    fn next_waiting(&self) -> Option<Arc<dyn Job>> {
        let mut slots = lock(&self.slots);
        if slots.taken == self.most {
            return None;
        }
        let next = slots.waiting.pop_front()?;
        slots.taken += 1;
        Some(next)
    }

    fn take_back(&self) {
        let returning = {
            let mut slots = lock(&self.slots);
            if slots.taken < self.most {
                slots.taken += 1;
                return;
            }
            let returning =
                Arc::new(Returning { thread: thread::current(), has_slot: AtomicBool::new(false) });
            slots.returning.push_back(returning.clone());
            returning
        };
        // ORDERING: pairs with `leave`.
        while !returning.has_slot.load(Ordering::Acquire) {
            thread::park();
        }
    }
}

thread_local! {
    /// The limits whose waiting calls this thread is starting.
    static STARTING: RefCell<Vec<&'static Limit>> = const { RefCell::new(Vec::new()) };
    /// The limits whose slots the bodies on this thread's stack hold.
    static HELD: RefCell<Vec<&'static Limit>> = const { RefCell::new(Vec::new()) };
}

/// A slot that is given back when this is dropped.
pub(crate) struct Slot(&'static Limit);

impl Slot {
    /// That of a call which was admitted.
    pub(crate) fn taken(limit: &'static Limit) -> Self {
        Self(limit)
    }

    /// Leaves it to the call to give the slot back.
    pub(crate) fn leave_to_call(self) {
        std::mem::forget(self);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Notes that this thread runs a body that has a slot of `limit`, until the guard drops.
#[must_use]
pub(crate) fn hold_slot(limit: &'static Limit) -> HeldSlot {
    // Fails only while the thread ends, when no body runs on it.
    let _ = HELD.try_with(|held| held.borrow_mut().push(limit));
    HeldSlot
}

/// Whether a body on this thread's stack has a slot.
#[inline]
pub(crate) fn holds_slot() -> bool {
    HELD.try_with(|held| !held.borrow().is_empty()).unwrap_or(false)
}

pub(crate) struct HeldSlot;

impl Drop for HeldSlot {
    fn drop(&mut self) {
        let _ = HELD.try_with(|held| held.borrow_mut().pop());
    }
}

/// Gives up the slots of this thread's bodies while `wait` blocks. They are nobody's on this thread
/// meanwhile, should it run another body before it waits.
pub(crate) fn lend_slots_while<R>(wait: impl FnOnce() -> R) -> R {
    let held = HELD.try_with(RefCell::take).unwrap_or_default();
    for limit in &held {
        limit.lend();
    }
    let result = wait();
    for limit in &held {
        limit.take_back();
    }
    let _ = HELD.try_with(|slot| slot.replace(held));
    result
}
