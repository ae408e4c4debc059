//! A worker that blocks in a join: it gives up its slot, and takes it back afterwards.
//!
//! At the bound on all threads a blocked worker takes part in the rounds of `deadlock`.

use super::inline;
use super::rounds::Outlook;
use super::worker::{Looked, Worker};
use crate::sync::atomic::Ordering;
use crate::sync::chaos;

impl Worker {
    /// Gives up this thread's slot while `wait` blocks.
    ///
    /// Returns `None` if this thread has to look for a call that it can run itself (see `deadlock`): no other thread
    /// is left, or `wait` returned `None` because the thread [`is_asked`](Self::is_asked). The caller then calls
    /// [`look`](Self::look), and this method again.
    ///
    /// After `Ok(false)`, a wait that timed out, the thread continues without a slot. It takes one back after
    /// another result, or when the body ends: see "Polling" in `README.md`.
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
        self.stats.set_running(true);
        inline::forget();
        result
    }

    fn block(&self, has_time_limit: bool) {
        let pool = &self.pool;
        self.stats.set_running(false);
        self.own.rest(&pool.queues);
        if matches!(self.looked.get(), Looked::NotYet) {
            self.round.set(pool.rounds.current());
            pool.rounds.forget();
        }
        let gives_up_slot = !self.has_no_slot.replace(true);
        if gives_up_slot {
            // ORDERING: before the slot is free: the caller that claims it finds room for one more thread.
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

    /// Takes a slot back if this thread gave up its own for a join, even if all slots are taken.
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
            Looked::Alone(outlook) => {
                if self.pool.is_deadlocked() {
                    self.round.set(self.pool.ask_others(self.wakes.get(), outlook));
                }
                true
            }
            Looked::Asked(outlook) => {
                self.pool.answer(self.round.get(), outlook);
                true
            }
        }
    }

    /// Returns whether this thread, parked in a join, has to look for a call that it can run itself.
    pub(crate) fn is_asked(&self) -> bool {
        self.pool.rounds.current() != self.round.get()
    }

    /// Has `start` run a call that this thread waits for, or refuse it. The argument returns the reason for a refusal:
    /// the stack has no room for the call, or the call may not run on top of other bodies. `start` returns what the
    /// thread may expect if there was nothing to run or refuse.
    pub(crate) fn look(
        &self,
        start: impl FnOnce(&dyn Fn(bool) -> Option<String>) -> Option<Outlook>,
    ) {
        let current = self.pool.rounds.current();
        self.wakes.set(self.pool.queues.wakes());
        let is_asked = self.round.replace(current) != current;
        let refusal =
            |may_run: bool| (!may_run || !inline::has_stack()).then(|| self.pool.no_thread());
        // A body that runs here may block, and has not looked then.
        self.looked.set(Looked::NotYet);
        match start(&refusal) {
            None => {}
            Some(outlook) if is_asked => self.looked.set(Looked::Asked(outlook)),
            Some(outlook) => self.looked.set(Looked::Alone(outlook)),
        }
    }
}
