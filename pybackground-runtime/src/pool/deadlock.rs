//! What happens when calls are queued, every thread is blocked in a join, and no more can be started.
//!
//! The blocked threads may wait for the queued calls. So each blocked thread looks for a call that has not
//! started among those that it waits for, their dependencies, what suspended futures among these await, and the calls that have
//! the permits which these need. The thread runs that call in place, or refuses it if its stack is used up. If no thread finds such a call, the woken futures and the calls in the
//! deques are refused, because the threads may wait for them indirectly. Calls from outside stay in the queue: a
//! join may end by itself, and its thread then takes them.
//!
//! The last thread to block looks first. If it finds nothing to run, it opens a *round*: it unparks the other
//! threads. Each of them leaves its wait, looks, and answers when it blocks again. The last answer ends the
//! round. While a thread is blocked with a time limit, there is no round: that join ends by itself.
//!
//! Something outside the pool may wake a suspended future. If the wait of a thread leads to such a future, the round refuses
//! nothing, and the next wake-up opens another round. A future may also be woken after its thread has looked. Then the
//! round refuses nothing either, and another one follows.

use std::sync::Arc;

use super::Pool;
use super::rounds::{Outlook, RoundFindings, UNKNOWN};
use super::worker::Worker;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::sync::atomic::Ordering;

impl Pool {
    /// Returns whether each of `threads` threads is blocked in a join without a time limit.
    pub(super) fn all_blocked(&self, threads: usize) -> bool {
        // ORDERING: of the last thread to block and the last caller to push, one sees the other.
        self.open_ended.load(Ordering::SeqCst) == threads
    }

    /// Returns whether calls are queued that only the blocked threads themselves can run.
    pub(crate) fn is_deadlocked(&self) -> bool {
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
            let queued = self.queued();
            // ORDERING: of two callers that ask for the same calls, one opens the round.
            if self.rounds.left.swap(queued, Ordering::SeqCst) != queued {
                self.ask_all();
            }
        }
    }

    /// Tells what is queued from what was queued before, while all threads are blocked: how many calls there are, and how many
    /// futures were ever woken.
    fn queued(&self) -> u64 {
        (self.queues.wakes() << 32) | (self.queues.len() as u64 & u64::from(u32::MAX))
    }

    fn ask_all(&self) {
        self.rounds.open(0, RoundFindings::nothing(self.queues.wakes()));
        self.sampler.unpark_all();
    }

    /// Opens a round for a thread that looked when `wakes` futures had been woken, and found nothing to run. Its own
    /// answer counts already. Returns the number of the round.
    #[cold]
    pub(super) fn ask_others(self: &Arc<Self>, wakes: u64, outlook: Outlook) -> u64 {
        let found = RoundFindings { wakes, outlook };
        let round = self.rounds.open(1, found);
        // ORDERING: see `all_blocked`.
        if self.threads.load(Ordering::SeqCst) == 1 {
            self.end_round(found);
        } else {
            self.sampler.unpark_all();
        }
        round
    }

    /// A thread that looked in `round` has found nothing to run, and is blocked again.
    #[cold]
    pub(super) fn answer(self: &Arc<Self>, round: u64, outlook: Outlook) {
        // ORDERING: see `all_blocked`.
        let threads = self.threads.load(Ordering::SeqCst);
        if let Some(found) = self.rounds.answer(round, outlook, threads)
            && self.is_deadlocked()
        {
            self.end_round(found);
        }
    }

    /// Ends a round in which every thread has looked.
    fn end_round(&self, found: RoundFindings) {
        // ORDERING: a call that comes while entries are out of the queues is not taken for one of them.
        self.rounds.left.store(UNKNOWN, Ordering::SeqCst);
        let woken: Vec<_> = std::iter::from_fn(|| self.queues.pop_woken()).collect();
        if self.queues.wakes() != found.wakes {
            for job in woken {
                self.queues.push_woken(job);
            }
            return self.ask_all();
        }
        let calls: Vec<_> = std::iter::from_fn(|| self.queues.steal(0)).collect();
        if found.outlook == Outlook::Wake {
            for job in woken {
                self.queues.put_back_woken(job);
            }
            for job in calls {
                self.queues.push(job);
            }
        } else {
            let why = self.no_thread();
            for job in woken.into_iter().chain(calls) {
                // Of a stale entry, the call may be suspended by now, and be resumed later.
                if !job.is_stale() {
                    job.refuse(&why);
                }
                drop_catching(job);
            }
        }
        // ORDERING: as in `ask_blocked_threads`.
        self.rounds.left.store(self.queued(), Ordering::SeqCst);
    }
}

impl Worker {
    /// Takes the first queued call that is wanted. Discards the entries of calls that were run without them: the entry of a
    /// suspended call has a reference to it, which looks like a waker, so that a ring through the call would not be found
    /// until a thread takes the entry.
    #[cold]
    pub(crate) fn sift(
        &self,
        is_wanted: &dyn Fn(&dyn Runnable) -> bool,
    ) -> Option<Arc<dyn Runnable>> {
        let queues = &self.pool.queues;
        // ORDERING: as in `end_round`.
        self.pool.rounds.left.store(UNKNOWN, Ordering::SeqCst);
        let mut wanted = None;
        let mut sift = |taken: Vec<Arc<dyn Runnable>>, put_back: &dyn Fn(Arc<dyn Runnable>)| {
            for job in taken {
                if job.is_stale() {
                    drop_catching(job);
                } else if wanted.is_none() && is_wanted(&*job) {
                    wanted = Some(job);
                } else {
                    put_back(job);
                }
            }
        };
        let woken = std::iter::from_fn(|| queues.pop_woken()).collect();
        sift(woken, &|job| queues.put_back_woken(job));
        let of_workers = std::iter::from_fn(|| queues.steal(0)).collect();
        sift(of_workers, &|job| self.own.push(job, queues));
        sift(queues.take_called(), &|job| queues.push(job));
        // A thread may have found no call meanwhile.
        if !queues.is_empty() {
            self.pool.wake_one();
        }
        wanted
    }
}
