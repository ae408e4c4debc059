//! A worker that blocks in a join: it gives up its slot, and takes it back afterwards.
//!
//! At the bound on all threads a blocked worker takes part in the rounds of `deadlock`.

use super::worker::{Looked, Worker};
use crate::sync::atomic::Ordering;
use crate::sync::chaos;

impl Worker {
    /// Gives this thread's slot to others while `wait` blocks.
    ///
    /// Returns `None` if no other thread can run what this one waits for (see `deadlock`). The caller then
    /// calls [`look`](Self::look), and this method again. `wait` returns `None`, too, when the thread
    /// [`is_asked`](Self::is_asked).
    ///
    /// After a wait in vain, `Ok(false)`, the thread continues without a slot until another wait succeeds
    /// or the body ends: bodies that poll must not keep the call that they wait for from a thread.
    pub(crate) fn block_while<E>(
        &self,
        has_time_limit: bool,
        wait: impl FnOnce() -> Option<Result<bool, E>>,
    ) -> Option<Result<bool, E>> {
        self.block(has_time_limit);
        let result = if has_time_limit || self.may_wait() { wait() } else { None };
        if !has_time_limit {
            // ORDERING: see `Pool::all_blocked`.
            self.pool.open_ended.fetch_sub(1, Ordering::SeqCst);
        }
        if !matches!(result, Some(Ok(false))) {
            self.take_slot_back();
        }
        if result.is_some() {
            self.looked.set(Looked::NotYet);
        }
        self.pool.rounds.forget();
        self.stats.set_running(true);
        self.stats.ask_for_look();
        result
    }

    fn block(&self, has_time_limit: bool) {
        let pool = &self.pool;
        self.stats.set_running(false);
        self.own.rest(&pool.queues);
        if matches!(self.looked.get(), Looked::NotYet) {
            self.round.set(pool.rounds.current());
        }
        let gives_up_slot = !self.has_no_slot.replace(true);
        if gives_up_slot {
            // ORDERING: before the slot is free: who takes it finds room for one more thread.
            pool.blocked.fetch_add(1, Ordering::SeqCst);
        }
        if !has_time_limit {
            // ORDERING: see `Pool::all_blocked`.
            pool.open_ended.fetch_add(1, Ordering::SeqCst);
        }
        if gives_up_slot {
            pool.counts.block();
        }
        chaos();
        if !pool.queues.is_empty() {
            pool.wake_one();
        }
    }

    /// Takes the slot back that was given up for a join, even if all slots are taken meanwhile.
    pub(super) fn take_slot_back(&self) {
        if self.has_no_slot.replace(false) {
            self.pool.counts.unblock();
            // ORDERING: after the slot is taken back.
            self.pool.blocked.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Returns whether the thread may park. If not, it has to look for a call that it can run itself.
    fn may_wait(&self) -> bool {
        match self.looked.get() {
            Looked::NotYet => !self.pool.is_deadlocked(),
            Looked::Alone => {
                if self.pool.is_deadlocked() {
                    self.round.set(self.pool.ask_others(self.wakes.get()));
                }
                true
            }
            Looked::Asked => {
                self.pool.answer(self.round.get());
                true
            }
        }
    }

    /// Returns whether this thread, parked in a join, has to look for a call that it can run itself.
    pub(crate) fn is_asked(&self) -> bool {
        self.pool.rounds.current() != self.round.get()
    }

    /// Runs or refuses the call that this thread waits for, by `start`. Its argument is `None` if the stack
    /// has room for the call, else why the call is refused. It returns whether the call had not started.
    pub(crate) fn look(&self, start: impl FnOnce(Option<String>) -> bool) {
        let current = self.pool.rounds.current();
        self.wakes.set(self.pool.queues.wakes());
        let looked =
            if self.round.replace(current) == current { Looked::Alone } else { Looked::Asked };
        let why = (!self.has_stack()).then(|| self.pool.no_thread());
        self.looked.set(if start(why) { Looked::NotYet } else { looked });
    }
}
