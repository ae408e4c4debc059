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
//!
//! A timer may wake a future when the thread that waits for it has just looked. A round in which a future
//! was woken therefore refuses nothing, and is followed by another one.

use std::sync::Arc;

use super::Pool;
use super::rounds::UNKNOWN;
use crate::panic::drop_catching;
use crate::sync::atomic::Ordering;

impl Pool {
    /// Whether so many threads are all there are, and each is blocked in a join without a time limit.
    pub(super) fn all_blocked(&self, threads: usize) -> bool {
        // ORDERING: of the last thread to block and the last caller to push, one sees the other.
        self.open_ended.load(Ordering::SeqCst) == threads
    }

    /// Whether only the blocked threads themselves can do something for the calls that are queued.
    pub(super) fn is_deadlocked(&self) -> bool {
        // ORDERING: see `all_blocked`.
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
            // ORDERING: of two who ask for the same calls, one opens the round.
            if self.rounds.left.swap(waiting, Ordering::SeqCst) != waiting {
                self.ask_all();
            }
        }
    }

    fn ask_all(&self) {
        self.rounds.open(0, self.queues.wakes());
        self.sampler.unpark_all();
    }

    /// A thread has looked on its own, when so many futures had been woken, and found nothing to do. It opens
    /// a round that it has answered, and returns its number.
    #[cold]
    pub(super) fn ask_others(self: &Arc<Self>, wakes: u64) -> u64 {
        let round = self.rounds.open(1, wakes);
        // ORDERING: see `all_blocked`.
        if self.threads.load(Ordering::SeqCst) == 1 {
            self.end_round(wakes);
        } else {
            self.sampler.unpark_all();
        }
        round
    }

    /// A thread that looked in `round` has found nothing to do, and is blocked again.
    #[cold]
    pub(super) fn answer(self: &Arc<Self>, round: u64) {
        // ORDERING: see `all_blocked`.
        let threads = self.threads.load(Ordering::SeqCst);
        if let Some(wakes) = self.rounds.answer(round, threads)
            && self.is_deadlocked()
        {
            self.end_round(wakes);
        }
    }

    /// Every thread has looked since so many futures had been woken.
    fn end_round(&self, wakes: u64) {
        // ORDERING: a call that comes while entries are out of the queues is not taken for one of them.
        self.rounds.left.store(UNKNOWN, Ordering::SeqCst);
        let woken: Vec<_> = std::iter::from_fn(|| self.queues.pop_woken()).collect();
        if self.queues.wakes() != wakes {
            for job in woken {
                self.queues.push_woken(job);
            }
            return self.ask_all();
        }
        let why = self.no_thread();
        let calls = std::iter::from_fn(|| self.queues.steal(0));
        for job in woken.into_iter().chain(calls) {
            job.refuse(&why);
            drop_catching(job);
        }
        // ORDERING: as in `ask_blocked_threads`.
        self.rounds.left.store(self.queues.len(), Ordering::SeqCst);
    }
}
