//! How many threads do what. No other file touches these numbers.
//!
//! A *slot* is the right to run calls. A thread that has one is *active*: it runs a body or *searches* for
//! one. A thread that sleeps or is blocked in a join has none. There are as many slots as configured
//! workers, plus those that the monitor adds for bodies that block otherwise.
//!
//! All three numbers change together, so they share one atomic word.

use crate::sync::atomic::{AtomicU64, Ordering, fence};

const SEARCHING: u64 = 1;
const ACTIVE: u64 = 1 << 20;
const SLOTS: u64 = 1 << 42;
const SEARCHING_MASK: u64 = ACTIVE - 1;
const ACTIVE_MASK: u64 = (SLOTS - 1) & !SEARCHING_MASK;

/// One reading of the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) searching: usize,
    pub(super) active: usize,
    pub(super) slots: usize,
}

/// What a thread that made a call visible has to do.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wake {
    /// Nothing: enough threads search, and they will find the call.
    Covered,
    /// Make the monitor watch: every slot is taken, and a thread finds the call only when its body ends.
    Full,
    /// Wake or start a thread. It is already counted as active and searching.
    One,
}

pub(super) struct AtomicCounts {
    word: AtomicU64,
    workers: usize,
}

impl AtomicCounts {
    pub(super) fn new(workers: usize) -> Self {
        Self { word: AtomicU64::new(SLOTS * workers as u64), workers }
    }

    pub(super) fn read(&self) -> Counts {
        // ORDERING: a reading for decisions that tolerate being late.
        unpack(self.word.load(Ordering::Relaxed))
    }

    /// Decides what follows from a call that was just made visible. Claims a slot for `Wake::One`.
    #[inline]
    pub(super) fn claim_wake(&self) -> Wake {
        self.claim_wake_for(1)
    }

    /// As `claim_wake`, for one of `calls` queued calls if each is to have a thread that searches.
    #[inline]
    pub(super) fn claim_wake_for(&self, calls: usize) -> Wake {
        // ORDERING: the caller's push comes before this fence. A thread that stops searching changes
        // the word, fences, and looks at the queues again. One of the two fences comes first: either
        // the thread sees the call or the change is seen here.
        fence(Ordering::SeqCst);
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let counts = unpack(word);
            if counts.searching >= calls {
                return Wake::Covered;
            }
            if counts.active >= counts.slots {
                return Wake::Full;
            }
            // ORDERING: changing the word is all there is to it; the thread is reached by a lock.
            match self.word.compare_exchange_weak(
                word,
                word + ACTIVE + SEARCHING,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Wake::One,
                Err(seen) => word = seen,
            }
        }
    }

    /// Takes back a `Wake::One` that could not be carried out.
    pub(super) fn undo_wake(&self) {
        // ORDERING: a concurrent waker may have relied on the thread that did not start. The caller looks for
        // what that waker did before, which this fence makes visible.
        self.word.fetch_sub(ACTIVE + SEARCHING, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// An active thread has no call left and looks for one.
    pub(super) fn start_searching(&self) {
        // ORDERING: a caller that sees this thread search pushed its call before this thread looks at the
        // queues: see `claim_wake`.
        self.word.fetch_add(SEARCHING, Ordering::SeqCst);
    }

    /// A searching thread found a call. Returns whether it was the last that searched: then no thread covers
    /// the calls behind that one.
    pub(super) fn stop_searching(&self) -> bool {
        // ORDERING: as in `leave`, for the caller that looks at the queues afterwards.
        let before = unpack(self.word.fetch_sub(SEARCHING, Ordering::SeqCst));
        fence(Ordering::SeqCst);
        before.searching == 1
    }

    /// A searching thread found nothing and goes to sleep. Withdraws the added slots that are not taken, as
    /// no call is queued for them. The caller looks at the queues again afterwards.
    pub(super) fn leave(&self) {
        self.update(|word| self.without_spare(word - ACTIVE - SEARCHING));
        // ORDERING: pairs with `claim_wake`: the change comes before the second look.
        fence(Ordering::SeqCst);
    }

    /// Withdraws the added slots that are not taken.
    pub(super) fn withdraw_spare(&self) {
        self.update(|word| self.without_spare(word));
    }

    fn without_spare(&self, word: u64) -> u64 {
        let counts = unpack(word);
        let needed = counts.active.max(self.workers);
        word - SLOTS * counts.slots.saturating_sub(needed) as u64
    }

    #[allow(
        deprecated,
        reason = "the new name, `try_update`, is newer than the oldest Rust supported"
    )]
    fn update(&self, change: impl Fn(u64) -> u64) {
        // ORDERING: in one order with the decisions of `claim_wake`, which read the word after a fence.
        let _ =
            self.word.fetch_update(Ordering::SeqCst, Ordering::Relaxed, |word| Some(change(word)));
    }

    /// An active thread that does not search gives up its slot if more threads are active than there are
    /// slots. Returns whether it did.
    #[allow(
        deprecated,
        reason = "the new name, `try_update`, is newer than the oldest Rust supported"
    )]
    pub(super) fn leave_if_crowded(&self) -> bool {
        // ORDERING: as in `update`.
        let left = self.word.fetch_update(Ordering::SeqCst, Ordering::Relaxed, |word| {
            let counts = unpack(word);
            (counts.active > counts.slots).then(|| word - ACTIVE)
        });
        left.is_ok()
    }

    /// An active thread blocks in a join. The caller looks at the queues afterwards.
    pub(super) fn block(&self) {
        // ORDERING: as in `leave`.
        self.word.fetch_sub(ACTIVE, Ordering::SeqCst);
        fence(Ordering::SeqCst);
    }

    /// The join has ended. The thread continues even if all slots are taken.
    pub(super) fn unblock(&self) {
        // ORDERING: as in `update`.
        self.word.fetch_add(ACTIVE, Ordering::SeqCst);
    }

    /// Sets the number of slots, never below the number of workers.
    pub(super) fn set_slots(&self, slots: usize) {
        let slots = slots.max(self.workers) as u64;
        self.update(|word| (word & (SLOTS - 1)) | (SLOTS * slots));
    }
}

fn unpack(word: u64) -> Counts {
    let part = |bits: u64| usize::try_from(bits).expect("22 bits fit every usize we run on");
    Counts {
        searching: part(word & SEARCHING_MASK),
        active: part((word & ACTIVE_MASK) / ACTIVE),
        slots: part(word / SLOTS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_one_at_a_time_until_the_slots_are_taken() {
        let counts = AtomicCounts::new(2);
        assert_eq!(counts.claim_wake(), Wake::One);
        assert_eq!(counts.claim_wake(), Wake::Covered, "the first one still searches");
        assert!(counts.stop_searching());
        assert_eq!(counts.claim_wake(), Wake::One);
        assert!(counts.stop_searching());
        assert_eq!(counts.claim_wake(), Wake::Full);
    }

    #[test]
    fn wakes_one_for_each_call_up_to_the_number_of_slots() {
        let counts = AtomicCounts::new(3);
        assert_eq!(counts.claim_wake_for(2), Wake::One);
        assert_eq!(counts.claim_wake_for(2), Wake::One);
        assert_eq!(counts.claim_wake_for(2), Wake::Covered);
        assert_eq!(counts.claim_wake_for(9), Wake::One);
        assert_eq!(counts.claim_wake_for(9), Wake::Full);
        assert_eq!(counts.read(), Counts { searching: 3, active: 3, slots: 3 });
    }

    #[test]
    fn blocked_join_frees_its_slot_at_once() {
        let counts = AtomicCounts::new(1);
        assert_eq!(counts.claim_wake(), Wake::One);
        assert!(counts.stop_searching());
        counts.block();
        assert_eq!(counts.claim_wake(), Wake::One);
        assert!(counts.stop_searching());
        counts.unblock();
        assert_eq!(counts.read(), Counts { searching: 0, active: 2, slots: 1 });
        assert!(counts.leave_if_crowded());
        assert!(!counts.leave_if_crowded());
    }

    #[test]
    fn added_slots_go_with_the_threads_that_leave() {
        let counts = AtomicCounts::new(1);
        counts.set_slots(3);
        for _ in 0..3 {
            assert_eq!(counts.claim_wake(), Wake::One);
            assert!(counts.stop_searching());
        }
        for left in [2, 1, 1] {
            counts.start_searching();
            counts.leave();
            assert_eq!(counts.read().slots, left);
        }
        assert_eq!(counts.read(), Counts { searching: 0, active: 0, slots: 1 });
    }

    #[test]
    fn slots_never_fall_below_the_workers() {
        let counts = AtomicCounts::new(4);
        counts.set_slots(0);
        assert_eq!(counts.read().slots, 4);
    }
}
