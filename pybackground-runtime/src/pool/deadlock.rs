//! What happens when calls are queued, every thread is blocked in a join, and no more can be started.
//!
//! The blocked threads may wait for the queued calls. So each blocked thread looks for a call that has not
//! started among those that it waits for and their dependencies. The thread runs that call in place, or refuses
//! the call if its stack is used up. If no thread finds such a call, the woken futures and the calls in the
//! deques are refused, because the threads may wait for them indirectly. Calls from outside stay in the queue: a
//! join may end by itself, and its thread then takes them.
//!
//! The last thread to block looks first. If it finds nothing to run, it opens a *round*: it unparks the other
//! threads. Each of them leaves its wait, looks, and answers when it blocks again. The last answer ends the
//! round. While a thread is blocked with a time limit, there is no round: that join ends by itself.
//!
//! A timer may wake a future when the thread that waits for it has just looked. A round in which a future
//! was woken therefore refuses nothing, and is followed by another one.

use std::sync::Arc;

use super::Pool;
use super::rounds::UNKNOWN;
use crate::panic::drop_catching;
use crate::sync::atomic::Ordering;

impl Pool {
    /// Returns whether each of `threads` threads is blocked in a join without a time limit.
    pub(super) fn all_blocked(&self, threads: usize) -> bool {
        // ORDERING: of the last thread to block and the last caller to push, one sees the other.
        self.open_ended.load(Ordering::SeqCst) == threads
    }

    /// Returns whether calls are queued that only the blocked threads themselves can run.
    pub(super) fn is_deadlocked(&self) -> bool {
        // ORDERING: see `all_blocked`.
        let threads = self.threads.load(Ordering::SeqCst);
        self.all_blocked(threads)
            // No thread is being started or woken.
            && self.counts.read().active == 0
            && threads >= self.max_total_threads.load(Ordering::Relaxed)
            && !self.queues.is_empty()
    }

    /// Opens a round if the threads are deadlocked, unless the last round left the same calls in the queues.
    #[cold]
    pub(super) fn ask_blocked_threads(&self) {
        if self.is_deadlocked() {
            let waiting = self.queues.len();
            // ORDERING: of two callers that ask for the same calls, one opens the round.
            if self.rounds.left.swap(waiting, Ordering::SeqCst) != waiting {
                self.ask_all();
            }
        }
    }

    fn ask_all(&self) {
        self.rounds.open(0, self.queues.wakes());
        self.sampler.unpark_all();
    }

    /// Opens a round for a thread that looked when `wakes` futures had been woken, and found nothing to run. Its own
    /// answer counts already. Returns the number of the round.
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

    /// A thread that looked in `round` has found nothing to run, and is blocked again.
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

    /// Ends a round in which every thread has looked, when at least `wakes` futures had been woken.
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
