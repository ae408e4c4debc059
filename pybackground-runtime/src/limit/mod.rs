//! A fair semaphore, which bounds how many permits are taken at once.
//!
//! A *waiter* is a value, here a call. If no permit is free, the waiter is queued in the order of arrival, and
//! blocks no thread. A released permit passes to the first waiter, so a newcomer cannot overtake: while a waiter
//! is queued, all permits are taken. The semaphore does nothing with the waiters itself. It returns those that
//! have been given a permit, and its caller admits them.
//!
//! A waiter that is closed is not needed any more. Its owner reports it, so that closed waiters are removed while
//! all permits stay taken.
//!
//! The number of permits can change. If it grows, waiters get the new permits at once. If it shrinks, more
//! permits than that number stay taken until enough of them are released.
//!
//! A thread whose body holds a permit releases it before it blocks in a join, and takes one back before it
//! continues. Threads that take a permit back come before all waiters: otherwise new waiters could overtake them
//! without end.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::closed_entries::ClosedEntries;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread::{self, Thread};
use crate::sync::{Mutex, lock};

/// A fair semaphore, generic over what waits for a permit.
pub(crate) struct Semaphore<W> {
    state: Mutex<SemaphoreState<W>>,
}

struct SemaphoreState<W> {
    permits: usize,
    taken: usize,
    /// Threads that are blocked in `take_back`.
    returning: VecDeque<Arc<Returning>>,
    waiting: VecDeque<W>,
    closed: ClosedEntries,
}

struct Returning {
    thread: Thread,
    has_permit: AtomicBool,
}

impl<W> Semaphore<W> {
    /// A semaphore of `permits`, at least 1.
    pub(crate) const fn new(permits: usize) -> Self {
        Self {
            state: Mutex::new(SemaphoreState {
                permits,
                taken: 0,
                returning: VecDeque::new(),
                waiting: VecDeque::new(),
                closed: ClosedEntries::new(),
            }),
        }
    }

    /// How many permits there are.
    pub(crate) fn permits(&self) -> usize {
        lock(&self.state).permits
    }

    /// Changes the number of permits, which is at least 1. Returns the waiters that have one now.
    #[must_use]
    pub(crate) fn set(&self, permits: usize) -> Vec<W> {
        let mut state = lock(&self.state);
        state.permits = permits;
        let mut admitted = Vec::new();
        while state.has_free() {
            state.taken += 1;
            if state.pass_to_thread() {
                continue;
            }
            let Some(waiter) = state.waiting.pop_front() else {
                state.taken -= 1;
                break;
            };
            admitted.push(waiter);
        }
        admitted
    }

    /// Takes a permit for `waiter` and returns the waiter, or queues the waiter if no permit is free.
    #[must_use]
    pub(crate) fn acquire(&self, waiter: W) -> Option<W> {
        let mut state = lock(&self.state);
        if state.has_free() {
            state.taken += 1;
            Some(waiter)
        } else {
            state.waiting.push_back(waiter);
            None
        }
    }

    /// Releases a permit. Returns the waiter that has it now, or `None` if a thread takes it back or it is free.
    #[must_use]
    pub(crate) fn release(&self) -> Option<W> {
        let mut state = lock(&self.state);
        if state.taken > state.permits {
            state.taken -= 1;
            return None;
        }
        if state.pass_to_thread() {
            return None;
        }
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.taken -= 1;
        }
        next
    }

    /// Whether so many holders have all permits, and no other holder has one.
    pub(crate) fn is_taken_by(&self, holders: usize) -> bool {
        let state = lock(&self.state);
        holders >= state.permits && state.taken == holders
    }

    /// Gives this thread a permit again, if one is free.
    pub(crate) fn try_take_back(&self) -> bool {
        let mut state = lock(&self.state);
        let has_free = state.has_free();
        state.taken += usize::from(has_free);
        has_free
    }

    /// Blocks until this thread has a permit again.
    pub(crate) fn take_back(&self) {
        let returning = {
            let mut state = lock(&self.state);
            if state.has_free() {
                state.taken += 1;
                return;
            }
            let has_permit = AtomicBool::new(false);
            let returning = Arc::new(Returning { thread: thread::current(), has_permit });
            state.returning.push_back(returning.clone());
            returning
        };
        // ORDERING: pairs with `pass_to_thread`.
        while !returning.has_permit.load(Ordering::Acquire) {
            thread::park();
        }
    }

    /// Returns what `of` returns for each waiter, in their order.
    pub(crate) fn map_waiting<R>(&self, of: impl FnMut(&W) -> R) -> Vec<R> {
        lock(&self.state).waiting.iter().map(of).collect()
    }

    /// A waiter was closed. Returns those that are removed, which are closed.
    #[must_use]
    pub(crate) fn one_closed(&self, is_closed: impl Fn(&W) -> bool) -> VecDeque<W> {
        let mut state = lock(&self.state);
        let waiting = state.waiting.len();
        if !state.closed.one_more(waiting) {
            return VecDeque::new();
        }
        let (closed, waiting) = std::mem::take(&mut state.waiting).into_iter().partition(is_closed);
        state.waiting = waiting;
        closed
    }

    /// Removes all waiters.
    pub(crate) fn take_waiting(&self) -> VecDeque<W> {
        std::mem::take(&mut lock(&self.state).waiting)
    }
}

impl<W> SemaphoreState<W> {
    fn has_free(&self) -> bool {
        self.taken < self.permits
    }

    /// Passes a permit that counts as taken to the first thread that takes one back, if there is one.
    fn pass_to_thread(&mut self) -> bool {
        let Some(returning) = self.returning.pop_front() else { return false };
        // ORDERING: what the last holder did happens before what the next one does.
        returning.has_permit.store(true, Ordering::Release);
        returning.thread.unpark();
        true
    }
}

#[cfg(all(test, not(any(pybackground_loom, pybackground_shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn waiters_get_permits_in_the_order_of_arrival() {
        let semaphore = Semaphore::new(2);
        assert_eq!(
            (0..5).map(|n| semaphore.acquire(n)).collect::<Vec<_>>()[..2],
            [Some(0), Some(1)]
        );
        assert_eq!(semaphore.map_waiting(|n| *n), [2, 3, 4]);
        assert_eq!([(); 3].map(|()| semaphore.release()), [Some(2), Some(3), Some(4)]);
        assert_eq!([(); 2].map(|()| semaphore.release()), [None, None]);
        assert_eq!(semaphore.acquire(5), Some(5));
    }

    #[test]
    fn newcomer_does_not_overtake() {
        let semaphore = Semaphore::new(1);
        assert_eq!(semaphore.acquire("holder"), Some("holder"));
        assert_eq!(semaphore.acquire("waiter"), None);
        assert_eq!(semaphore.release(), Some("waiter"));
        assert_eq!(semaphore.acquire("newcomer"), None);
    }

    #[test]
    fn more_permits_admit_waiters_in_order() {
        let semaphore = Semaphore::new(1);
        assert_eq!(semaphore.acquire(0), Some(0));
        assert_eq!([1, 2, 3].map(|n| semaphore.acquire(n)), [None; 3]);
        assert_eq!(semaphore.set(3), [1, 2]);
        assert_eq!(semaphore.set(9), [3]);
        assert_eq!(semaphore.acquire(4), Some(4));
    }

    #[test]
    fn fewer_permits_take_effect_as_permits_are_released() {
        let semaphore = Semaphore::new(3);
        assert_eq!([0, 1, 2].map(|n| semaphore.acquire(n)), [Some(0), Some(1), Some(2)]);
        assert_eq!(semaphore.acquire(3), None);
        assert_eq!(semaphore.set(1), []);
        assert_eq!([(); 2].map(|()| semaphore.release()), [None, None]);
        assert_eq!(semaphore.release(), Some(3));
        assert_eq!(semaphore.acquire(4), None);
    }

    /// A waiter that has just been given a permit counts as a holder, so a lower limit does not make it look blocked.
    #[test]
    fn permits_are_taken_by_the_holders_alone() {
        let semaphore = Semaphore::new(2);
        assert_eq!([0, 1].map(|n| semaphore.acquire(n)), [Some(0), Some(1)]);
        assert!(semaphore.is_taken_by(2) && !semaphore.is_taken_by(1));
        assert_eq!(semaphore.set(1), []);
        assert!(semaphore.is_taken_by(2) && !semaphore.is_taken_by(1));
        assert_eq!(semaphore.release(), None);
        assert!(semaphore.is_taken_by(1));
        assert_eq!(semaphore.set(2), []);
        assert!(!semaphore.is_taken_by(1));
    }

    #[test]
    fn removed_waiters_leave_the_permit_to_others() {
        let semaphore = Semaphore::new(1);
        assert_eq!(semaphore.acquire(0), Some(0));
        assert_eq!(semaphore.acquire(1), None);
        assert_eq!(semaphore.take_waiting(), [1]);
        assert_eq!(semaphore.release(), None);
        assert_eq!(semaphore.acquire(2), Some(2));
    }

    #[test]
    fn closed_waiters_are_removed_and_the_others_keep_their_order() {
        const MANY: i32 = 1000;
        let semaphore = Semaphore::new(1);
        assert_eq!(semaphore.acquire(0), Some(0));
        let mut removed = 0;
        for waiter in 1..=MANY {
            assert_eq!(semaphore.acquire(waiter), None);
            if waiter % 100 != 0 {
                let closed = semaphore.one_closed(|waiter| waiter % 100 != 0);
                assert!(closed.iter().all(|waiter| waiter % 100 != 0));
                removed += closed.len();
            }
        }
        assert!(removed > 900, "{removed} removed");
        let is_open = |waiter: &Option<i32>| waiter.is_none_or(|waiter| waiter % 100 == 0);
        let mut passed = std::iter::from_fn(|| semaphore.release()).map(Some).filter(is_open);
        assert!(passed.by_ref().take(10).eq((1..=10).map(|waiter| Some(100 * waiter))));
    }

    /// The thread parks only after it is listed, so the permit passes to it whatever the interleaving.
    #[test]
    fn returning_thread_comes_before_waiters() {
        let semaphore = Arc::new(Semaphore::new(1));
        // The thread lends its permit, which another holder takes.
        assert_eq!(semaphore.acquire("thread"), Some("thread"));
        assert_eq!(semaphore.release(), None);
        assert_eq!(semaphore.acquire("holder"), Some("holder"));
        assert_eq!(semaphore.acquire("waiter"), None);
        let thread = std::thread::spawn({
            let semaphore = semaphore.clone();
            move || semaphore.take_back()
        });
        while lock(&semaphore.state).returning.is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(semaphore.release(), None, "the returning thread has it");
        thread.join().unwrap();
        assert_eq!(semaphore.release(), Some("waiter"));
    }
}
