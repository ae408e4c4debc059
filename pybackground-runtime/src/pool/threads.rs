//! Starting threads, and the two bounds on their number.
//!
//! | bound | counts | once it is reached, calls stay queued until |
//! |---|---|---|
//! | `max_threads` | threads that are not blocked in a join | a body ends or blocks in a join |
//! | `max_total_threads`, or what the system gives | all threads | a body ends; if all are blocked in a join, see `deadlock` |

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::counts::Wake;
use super::{Pool, worker};
use crate::sync::atomic::Ordering;
use crate::sync::{chaos, lock_leaf};

/// How many threads are woken or started before the monitor looks at its deadlines again. To start
/// this many takes about a millisecond.
pub(super) const BATCH: usize = 32;

/// From this number of blocked workers on, calls in their deques come before calls from outside.
const MANY_BLOCKED: usize = 32;

/// Whether a thread was found for a claimed slot.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brought {
    Thread,
    Nothing,
    /// The pool has no thread at all, and the system gives none: queued calls have to be refused.
    NoneLeft,
}

impl Pool {
    /// Makes sure that a thread searches for a call that was made visible before, or that the monitor watches.
    #[inline]
    pub(super) fn wake_one(self: &Arc<Self>) {
        match self.counts.claim_wake() {
            Wake::Covered => {}
            Wake::Full => self.watch(),
            Wake::One => {
                if self.bring_thread() == Brought::NoneLeft {
                    self.refuse_all(&self.no_thread());
                }
            }
        }
    }

    /// Provides a thread for each of `calls`, made visible before, up to the number of slots and at most
    /// a batch. Returns whether there may be more to do.
    ///
    /// A woken thread wakes the next one, so one wake-up would be enough. But then each thread would start only after
    /// the one before it has found a call.
    pub(super) fn wake_batch(self: &Arc<Self>, calls: usize) -> bool {
        (0..BATCH).all(|_| {
            if self.counts.claim_wake_for(calls) != Wake::One {
                return false;
            }
            let brought = self.bring_thread();
            if brought == Brought::NoneLeft {
                self.refuse_all_elsewhere();
            }
            brought == Brought::Thread
        })
    }

    /// Wakes or starts a thread for a slot that was claimed on its behalf.
    fn bring_thread(self: &Arc<Self>) -> Brought {
        chaos();
        if self.idle.wake() { Brought::Thread } else { self.start_thread() }
    }

    #[cold]
    #[allow(
        deprecated,
        reason = "the new name, `try_update`, is newer than the oldest Rust supported"
    )]
    fn start_thread(self: &Arc<Self>) -> Brought {
        // ORDERING: in one order with `open_ended`, so that a thread that is being started is not counted as blocked.
        let room = self.threads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |threads| {
            self.has_room(threads).then_some(threads + 1)
        });
        if room.is_err() {
            self.counts.undo_wake();
            self.watch();
            // ORDERING: rechecks after the claim was undone: a concurrent waker may have relied on it.
            if self.has_room(self.threads.load(Ordering::SeqCst)) || self.idle.has_any() {
                self.wake_one();
            } else {
                self.ask_blocked_threads();
            }
            return Brought::Nothing;
        }
        if room == Ok(0) {
            self.belongs_here();
        }
        // ORDERING: only for the thread's name.
        let id = self.started.fetch_add(1, Ordering::Relaxed);
        match self.spawn_worker(id) {
            Ok(()) => Brought::Thread,
            Err(error) => self.thread_was_refused(&error),
        }
    }

    fn spawn_worker(self: &Arc<Self>, id: usize) -> io::Result<()> {
        let spawn = |reserve: usize| {
            let pool = self.clone();
            let name = self.config.hooks().name_of(id);
            let started = self.exits.spawn(name, self.config.stack_size() + reserve, move |key| {
                pool.config.hooks().around(|| worker::run(pool.clone(), id, reserve));
                pool.thread_ends();
                pool.exits.ends(key);
            });
            started.map(drop)
        };
        // The system may have room for the stack without the reserve.
        spawn(self.config.stack_reserve()).or_else(|_| spawn(0))
    }

    /// Returns whether one more thread may be started beside `threads` others.
    fn has_room(&self, threads: usize) -> bool {
        // If every thread is blocked in a join, asks the system again although it refused a thread before.
        let total = if self.all_blocked(threads) {
            self.config.max_total_threads()
        } else {
            self.max_total_threads.load(Ordering::Relaxed)
        };
        // ORDERING: see `Worker::block`.
        threads < total && threads < self.config.max_threads() + self.blocked.load(Ordering::SeqCst)
    }

    fn thread_was_refused(self: &Arc<Self>, error: &io::Error) -> Brought {
        (self.on_refusal)(error);
        *lock_leaf(&self.refusal) = Some(error.to_string());
        // ORDERING: see `start_thread`.
        let left = self.threads.fetch_sub(1, Ordering::SeqCst) - 1;
        self.max_total_threads.store(left, Ordering::Relaxed);
        self.counts.undo_wake();
        if left == 0 {
            return Brought::NoneLeft;
        }
        self.watch();
        self.ask_blocked_threads();
        Brought::Nothing
    }

    /// Why a call has no thread.
    pub(super) fn no_thread(&self) -> String {
        let most = self.config.max_total_threads();
        let refusal = lock_leaf(&self.refusal);
        match refusal.as_ref().filter(|_| self.threads() < most) {
            Some(error) => format!(
                "the system gave no thread to run it on: {error} (max_total_threads is {most})"
            ),
            None => format!(
                "no thread was left to run it on: max_total_threads is {most}, and each of these is \
                 blocked in a join"
            ),
        }
    }

    /// Asks the system again for as many threads as were configured.
    pub(super) fn restore_max_total_threads(&self) {
        self.max_total_threads.store(self.config.max_total_threads(), Ordering::Relaxed);
    }

    /// Terminates every thread that sleeps, now or later.
    pub(crate) fn end_idle_threads(&self) {
        self.idle.close();
    }

    /// Waits until every thread has ended, including the destructors of its thread-locals, until `end` at
    /// most. A monitor stays if a timer needs one.
    pub(crate) fn wait_for_ends(&self, end: Option<Instant>) {
        self.close_monitor().wait(end);
    }

    fn thread_ends(self: &Arc<Self>) {
        // ORDERING: before the second look at the queues.
        self.threads.fetch_sub(1, Ordering::SeqCst);
        self.restore_max_total_threads();
        // A caller of `wake_one` may have found no room for a thread because this one was counted.
        if !self.queues.is_empty() {
            self.wake_one();
        }
    }

    pub(crate) fn threads(&self) -> usize {
        // ORDERING: a reading for reports, and for decisions that are made again.
        self.threads.load(Ordering::Relaxed)
    }

    /// Returns whether so many workers are blocked in joins that calls in their deques come before calls from
    /// outside. Otherwise each of the latter might block as well, and hold its thread until all others have started.
    pub(super) fn many_blocked(&self) -> bool {
        // ORDERING: an estimate.
        self.blocked.load(Ordering::Relaxed) >= MANY_BLOCKED.min(self.config.max_threads() / 2)
    }

    /// Returns whether calls are queued, no thread searches, and the bounds allow no other thread.
    pub(crate) fn is_starved(&self) -> bool {
        let counts = self.counts.read();
        let busy = counts.active - counts.searching;
        let threads = self.threads();
        // ORDERING: readings for reports.
        let has_all = threads >= self.max_total_threads.load(Ordering::Relaxed);
        let all_taken = has_all && busy + self.blocked.load(Ordering::Relaxed) >= threads;
        (busy >= self.config.max_threads() || all_taken) && !self.queues.is_empty()
    }
}
