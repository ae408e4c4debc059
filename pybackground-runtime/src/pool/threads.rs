//! How many threads there are, and when one is woken or started.

use std::cell::OnceCell;
use std::io;
use std::sync::Arc;

use super::counts::Wake;
use super::{Pool, worker};
use crate::sync::atomic::Ordering;
use crate::sync::{chaos, thread};

/// How many threads are woken or started before the monitor looks at its deadlines again; to start
/// that many takes about a millisecond.
pub(super) const BATCH: usize = 32;

impl Pool {
    /// Sees to it that somebody takes care of calls that were made visible before.
    #[inline]
    pub(super) fn wake_one(self: &Arc<Self>) {
        match self.counts.claim_wake() {
            Wake::Covered => {}
            Wake::Full => self.monitor.watch(self),
            Wake::One => {
                self.bring_thread();
            }
        }
    }

    /// Sees to it that each of `calls`, made visible before, has a thread that looks for it, as far
    /// as there are places; a batch of them. Returns whether there may be more to do.
    ///
    /// A thread that was woken wakes the next, so that one wake-up would do; but one after the other,
    /// each has to come to life first.
    pub(super) fn wake_batch(self: &Arc<Self>, calls: usize) -> bool {
        (0..BATCH).all(|_| self.counts.claim_wake_for(calls) == Wake::One && self.bring_thread())
    }

    /// Wakes or starts a thread for a place that was taken on its behalf; `false` if none is to be had.
    fn bring_thread(self: &Arc<Self>) -> bool {
        chaos();
        self.idle.wake() || self.start_thread()
    }

    #[cold]
    fn start_thread(self: &Arc<Self>) -> bool {
        let most = self.most_threads();
        let find_out = |threads| self.excess.helps(|| (self.may_end_by_a_call)(threads));
        let helps = OnceCell::new();
        let room = self.threads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |threads| {
            let is_one_more_needed =
                || self.all_join(threads) && *helps.get_or_init(|| find_out(threads));
            (threads < most || is_one_more_needed()).then_some(threads + 1)
        });
        if room.is_err() {
            self.counts.undo_wake();
            self.monitor.watch(self);
            if self.is_one_to_be_had() {
                self.wake_one();
            }
            return false;
        }
        let is_risked =
            helps.get().is_none() && room.is_ok_and(|threads| threads >= self.max_threads());
        // ORDERING: a number for a name.
        let id = self.started.fetch_add(1, Ordering::Relaxed);
        let pool = self.clone();
        let name = format!("background-{id}");
        let started = thread::spawn(name, self.config.stack_size(), move || {
            worker::run(pool.clone(), id);
            pool.thread_ends();
        });
        match started {
            Ok(()) => true,
            Err(error) => {
                self.thread_was_refused(&error, is_risked);
                false
            }
        }
    }

    /// Whether there is a thread for a call, or may be one more, now that it seemed not so. Whoever made it so counted
    /// on the one who has just failed to get one.
    fn is_one_to_be_had(&self) -> bool {
        let threads = self.threads.load(Ordering::SeqCst);
        let may_help = || self.excess.may_be_help() && self.all_join(threads);
        threads < self.most_threads() || self.idle.has_any() || may_help()
    }

    /// How many threads there may be, but for those that help others out.
    fn most_threads(&self) -> usize {
        self.max_threads() + self.excess.risked()
    }

    fn all_join(&self, threads: usize) -> bool {
        threads == self.joining.load(Ordering::SeqCst)
    }

    /// Whether so many bodies wait for calls that what these bodies called, which may be what they wait for, comes
    /// before what is to be begun, which may come to wait likewise: else each would hold a thread, until the last
    /// of them has begun.
    pub(super) fn many_wait(&self) -> bool {
        const MANY: usize = 32;
        // ORDERING: an estimate.
        self.joining.load(Ordering::Relaxed) >= MANY.min(self.max_threads() / 2)
    }

    /// Whether all the threads that there may be wait for calls.
    pub(super) fn is_held_up(&self) -> bool {
        let threads = self.threads();
        threads >= self.most_threads() && self.all_join(threads)
    }

    fn thread_was_refused(self: &Arc<Self>, error: &io::Error, is_risked: bool) {
        (self.on_refusal)(error);
        self.counts.undo_wake();
        let left = self.threads.fetch_sub(1, Ordering::SeqCst) - 1;
        if is_risked {
            // They wait for something else than a thread, as far as is known.
            self.monitor.watch(self);
        } else if self.all_join(left) {
            // A thread that joins goes on only when somebody runs the call it waits for.
            self.refuse_all(&format!("the system gave no thread to run it on: {error}"));
        } else {
            self.max_threads.store(left, Ordering::Relaxed);
            self.monitor.watch(self);
        }
    }

    /// Tries again for as many threads as were configured.
    pub(super) fn restore_max_threads(&self) {
        self.max_threads.store(self.config.max_threads(), Ordering::Relaxed);
    }

    fn thread_ends(self: &Arc<Self>) {
        self.threads.fetch_sub(1, Ordering::SeqCst);
        self.restore_max_threads();
        // Somebody may have relied on this thread when no other could be started.
        if !self.queues.is_empty() {
            self.wake_one();
        }
    }

    pub(crate) fn threads(&self) -> usize {
        // ORDERING: a reading for reports, and for what is looked at again.
        self.threads.load(Ordering::Relaxed)
    }

    /// How many threads there may be.
    pub(crate) fn max_threads(&self) -> usize {
        // ORDERING: the limit guards nothing else.
        self.max_threads.load(Ordering::Relaxed)
    }

    /// Whether calls wait although there may be no more threads, and each runs or waits for one.
    pub(crate) fn is_starved(&self) -> bool {
        let counts = self.counts.read();
        let taken = counts.active - counts.searching + self.joining.load(Ordering::Relaxed);
        let threads = self.threads();
        threads >= self.max_threads() && taken >= threads && !self.queues.is_empty()
    }
}
