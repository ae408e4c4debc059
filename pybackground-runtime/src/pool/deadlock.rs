//! What happens when every thread that there may be is blocked in a join and calls are queued.
//!
//! No thread can be started for these calls, and the blocked ones may wait for them. So each blocked
//! thread looks whether the call it waits for has started. If not, the thread runs that call in place,
//! or refuses it if its stack is used up. If no thread finds such a call, the woken futures and the
//! calls made by blocked bodies are refused, because the threads may wait for them indirectly. Calls from
//! outside stay in the queue: a join may end by itself, and its thread then takes them.
//!
//! A thread that is about to block looks first at its own call. Only if it finds nothing to do, it opens a
//! *round*: it unparks the others, each of which leaves its wait, looks, and answers when it blocks
//! again. The last answer of a round ends it. A join with a time limit takes no part: it ends by itself.

use std::sync::Arc;

use super::Pool;
use crate::panic::drop_catching;
use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The number of a round, and how many threads have answered in it.
pub(super) struct Rounds {
    word: AtomicU64,
    /// How many calls were queued at the end of the last round, if no join has ended since.
    left: AtomicUsize,
}

const ROUND: u64 = 1 << 32;
const UNKNOWN: usize = usize::MAX;

impl Rounds {
    pub(super) fn new() -> Self {
        Self { word: AtomicU64::new(0), left: AtomicUsize::new(UNKNOWN) }
    }

    pub(super) fn current(&self) -> u64 {
        self.word.load(Ordering::SeqCst) / ROUND
    }

    /// Opens a round, of which the caller may have answered already; returns its number.
    fn open(&self, answers: u64) -> u64 {
        let next = |word| Some((word / ROUND + 1) * ROUND + answers);
        let before = self.word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        before.expect("each word has a next one") / ROUND + 1
    }

    /// Counts the answer of a thread that looked in `round`; returns how many there are if it is current.
    fn answer(&self, round: u64) -> Option<u64> {
        let counted = |word| (word / ROUND == round).then_some(word + 1);
        let before = self.word.fetch_update(Ordering::SeqCst, Ordering::SeqCst, counted).ok()?;
        Some(before % ROUND + 1)
    }

    /// A join has ended.
    pub(super) fn forget(&self) {
        if self.left.load(Ordering::Relaxed) != UNKNOWN {
            self.left.store(UNKNOWN, Ordering::SeqCst);
        }
    }
}

impl Pool {
    /// Whether so many threads are all there are, and each is blocked in a join without a time limit.
    pub(super) fn all_blocked(&self, threads: usize) -> bool {
        self.open_ended.load(Ordering::SeqCst) == threads
    }

    /// Whether only the blocked threads themselves can do something for the calls that are queued.
    pub(super) fn is_deadlocked(&self) -> bool {
        let threads = self.threads.load(Ordering::SeqCst);
        self.all_blocked(threads)
            // No thread is being started or woken.
            && self.counts.read().active == 0
            && threads >= self.max_total_threads.load(Ordering::Relaxed)
            && !self.queues.is_empty()
    }

    /// Opens a round if it may be of use.
    #[cold]
    pub(super) fn ask_blocked_threads(&self) {
        if self.is_deadlocked() {
            let waiting = self.queues.len();
            if self.rounds.left.swap(waiting, Ordering::SeqCst) != waiting {
                self.rounds.open(0);
                self.sampler.unpark_all();
            }
        }
    }

    /// A thread has looked on its own and found nothing to do. It opens a round that it has answered, and
    /// returns its number.
    #[cold]
    pub(super) fn ask_others(self: &Arc<Self>) -> u64 {
        let round = self.rounds.open(1);
        if self.threads.load(Ordering::SeqCst) == 1 {
            self.end_round();
        } else {
            self.sampler.unpark_all();
        }
        round
    }

    /// A thread that looked in `round` has found nothing to do, and is blocked again.
    #[cold]
    pub(super) fn answer(self: &Arc<Self>, round: u64) {
        let answers = self.rounds.answer(round);
        if answers == Some(self.threads.load(Ordering::SeqCst) as u64) && self.is_deadlocked() {
            self.end_round();
        }
    }

    fn end_round(&self) {
        let why = self.no_thread();
        while let Some(job) = self.queues.pop_of_bodies() {
            job.refuse(&why);
            drop_catching(job);
        }
        self.rounds.left.store(self.queues.len(), Ordering::SeqCst);
    }
}
