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
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, Thread};

use crate::pool;
use crate::sync::lock;
use crate::task::Job;

/// The slots of one function.
pub struct Limit {
    most: usize,
    slots: Mutex<Slots>,
}

struct Slots {
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
        let slots = Slots {
            taken: 0,
            returning: VecDeque::new(),
            waiting: VecDeque::new(),
        };
        Self {
            most,
            slots: Mutex::new(slots),
        }
    }

    /// Queues `job` as soon as there is a slot for it.
    pub(crate) fn submit(&self, job: Arc<dyn Job>) {
        {
            let mut slots = lock(&self.slots);
            if slots.taken == self.most {
                slots.waiting.push_back(job);
                return;
            }
            slots.taken += 1;
        }
        if job.admit() {
            pool::submit(job);
        } else {
            self.leave();
        }
    }

    /// Gives a slot back: to a body that lent it, else to the call that has waited longest.
    pub(crate) fn leave(&self) {
        loop {
            let next = {
                let mut slots = lock(&self.slots);
                if let Some(returning) = slots.returning.pop_front() {
                    // ORDERING: what the last holder did comes before what the next one does.
                    returning.has_slot.store(true, Ordering::Release);
                    returning.thread.unpark();
                    return;
                }
                let Some(next) = slots.waiting.pop_front() else {
                    slots.taken -= 1;
                    return;
                };
                next
            };
            // A call that was closed while it waited leaves its slot to the next.
            if next.admit() {
                return pool::submit(next);
            }
        }
    }

    fn take_back(&self) {
        let returning = {
            let mut slots = lock(&self.slots);
            if slots.taken < self.most {
                slots.taken += 1;
                return;
            }
            let returning = Arc::new(Returning {
                thread: thread::current(),
                has_slot: AtomicBool::new(false),
            });
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
    /// The limits whose slots the bodies on this thread's stack hold.
    static HELD: RefCell<Vec<&'static Limit>> = const { RefCell::new(Vec::new()) };
}

/// Notes that this thread runs a body that has a slot of `limit`, until the guard drops.
#[must_use]
pub(crate) fn hold_slot(limit: &'static Limit) -> HeldSlot {
    // Fails only while the thread ends, when no body runs on it.
    let _ = HELD.try_with(|held| held.borrow_mut().push(limit));
    HeldSlot
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
        limit.leave();
    }
    let result = wait();
    for limit in &held {
        limit.take_back();
    }
    let _ = HELD.try_with(|slot| slot.replace(held));
    result
}
