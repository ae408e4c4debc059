//! A thread of the pool: it searches for calls, runs them, sleeps, and leaves.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use super::Pool;
use super::idle::{Awake, Sleeper};
use super::queues::{First, OwnQueue};
use super::worker_stats::WorkerStats;
use crate::panic::catch;
use crate::runnable::Runnable;
use crate::stacks;
use crate::sync::atomic::Ordering;
use crate::sync::{chaos, rounds, stack_pointer, thread, thread_local};

/// How often a searching worker looks before it begins to yield, and how often before it sleeps.
pub(super) const SPINS: usize = rounds(64);
pub(super) const YIELDS: usize = rounds(100);

/// Every how manieth time a worker looks elsewhere before it takes a call of its own. Tokio's number.
const TURNS: u32 = 61;

/// Whose calls a worker looks at first.
enum Turn {
    Own,
    /// Those that were made outside of the pool, or were woken.
    Outside,
    Others,
}

/// So many calls in a worker's own queue are enough for others to steal.
const ENOUGH: usize = 3;

/// The part of the pool that belongs to the current thread.
pub(crate) struct Worker {
    id: usize,
    pool: Arc<Pool>,
    own: OwnQueue,
    status: Arc<WorkerStats>,
    sleeper: Arc<Sleeper>,
    /// How deep the stack may be for one more body on top of the one that waits.
    stack_floor: usize,
    /// The last wait of the body was for a time and in vain. A body that looks for a call again and
    /// again waits for it as much as one that blocks, so the thread counts as joining until such a wait
    /// succeeds or the body ends.
    polls: Cell<bool>,
    /// How often it looked for a call.
    turns: Cell<u32>,
    /// What it looks for first the next time that it looks among the pool's.
    first: Cell<First>,
    /// The thread is about to end: what its destructors call is a call from outside.
    retired: Cell<bool>,
}

thread_local! {
    static WORKER: OnceCell<Worker> = const { OnceCell::new() };
}

/// The whole life of a worker, which is counted as active and searching when it begins.
pub(super) fn run(pool: Arc<Pool>, id: usize) {
    let status = WorkerStats::of_new_thread(pool.threads(), id);
    pool.sampler.join(id, status.clone());
    let stack_floor = stack_pointer().saturating_sub(pool.config.stack_size() / 2);
    let worker = Worker {
        id,
        pool,
        own: OwnQueue::new(status.clone()),
        status,
        sleeper: Sleeper::current(),
        stack_floor,
        polls: Cell::new(false),
        turns: Cell::new(0),
        first: Cell::new(First::Begun),
        retired: Cell::new(false),
    };
    WORKER.with(|slot| slot.get_or_init(|| worker).work());
}

/// Calls `f` with the current thread's worker, if it is one.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
    let mut f = Some(f);
    let mut call = |worker: Option<&Worker>| {
        let f = f.take().expect("one of the two ways below is taken");
        f(worker.filter(|worker| !worker.retired.get()))
    };
    // The thread's own storage is gone while the thread ends; what it calls then is from outside.
    match WORKER.try_with(|slot| call(slot.get())) {
        Ok(result) => result,
        Err(_) => call(None),
    }
}

/// Whether a call that only computes may as well run where it is made: the current thread is a worker
/// with calls enough of its own for others to steal.
#[inline]
pub(crate) fn runs_inline() -> bool {
    WORKER.try_with(|slot| slot.get().is_some_and(Worker::runs_inline)).unwrap_or(false)
}

impl Worker {
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Queues a call made by the body that runs on this thread.
    #[inline]
    pub(crate) fn push(&self, job: Arc<dyn Runnable>) {
        if !self.pool.admission.lets_in_from_bodies() {
            return job.refuse(super::SHUT_DOWN);
        }
        chaos();
        self.own.push(job, &self.pool.queues);
        chaos();
        self.pool.wake_one();
    }

    /// Whether a call made at this depth of the stack is run there: see [`runs_inline`].
    ///
    /// The depth at which the queue was last found full is remembered. Calls from deeper are parts of
    /// the ones that filled it, smaller and more of them: they are run without another look, until a
    /// thread that finds nothing to steal asks for one.
    #[inline]
    fn runs_inline(&self) -> bool {
        let depth = stack_pointer();
        (depth < self.status.full_at() || self.has_enough(depth)) && depth > self.stack_floor
    }

    #[inline(never)]
    fn has_enough(&self, depth: usize) -> bool {
        let enough = self.own.len() >= ENOUGH && !self.retired.get();
        if enough {
            self.status.set_full_at(depth);
        }
        enough
    }

    /// Whether there is stack for one more body on top of the one that waits: a chain of nested joins
    /// goes on on another thread before it overflows this one.
    #[inline]
    pub(crate) fn has_stack(&self) -> bool {
        stack_pointer() > self.stack_floor
    }

    /// Takes the entry of a call that this thread is about to run out of its own queue.
    #[inline]
    pub(crate) fn withdraw(&self, job: &(impl Runnable + ?Sized)) {
        let address = std::ptr::from_ref(job).cast::<()>();
        self.own.withdraw(|entry| Arc::as_ptr(entry).cast::<()>() == address);
        self.status.ask_for_look();
    }

    /// Wakes a thread for the calls in this thread's own queue.
    pub(crate) fn look_after_own_calls(&self) {
        if self.own.len() > 0 {
            self.pool.wake_one();
        }
    }

    /// Gives this thread's place to others while `wait` blocks, which tells whether what it waits for
    /// has come.
    pub(crate) fn block_while<E>(&self, wait: impl FnOnce() -> Result<bool, E>) -> Result<bool, E> {
        self.status.set_running(false);
        self.own.rest(&self.pool.queues);
        if !self.polls.replace(true) {
            self.pool.joining.fetch_add(1, Ordering::SeqCst);
        }
        self.pool.excess.may_help();
        self.pool.counts.block();
        chaos();
        if !self.pool.queues.is_empty() {
            self.pool.wake_one();
        }
        let result = wait();
        if !matches!(result, Ok(false)) {
            self.stop_polling();
        }
        self.pool.counts.unblock();
        self.status.set_running(true);
        self.status.ask_for_look();
        result
    }

    fn stop_polling(&self) {
        if self.polls.replace(false) {
            self.pool.joining.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn work(&self) {
        while self.serve() == Awake::Woken {}
        // A thread that lost its place over a call may have slept on others; its queue would stay on the
        // thieves' list for as long as they do not find them.
        while let Some(job) = self.own.pop() {
            self.pool.queues.push(job);
        }
        self.own.rest(&self.pool.queues);
        self.retired.set(true);
    }

    /// Runs calls until there are none, then sleeps. Called as active and searching.
    fn serve(&self) -> Awake {
        // The thread slept.
        stacks::coarse_clock::read();
        let mut searching = true;
        while let Some(job) = self.search() {
            if self.pool.counts.stop_searching() && !self.pool.queues.is_empty() {
                self.pool.wake_one();
            }
            if self.run_all(job) {
                self.pool.counts.start_searching();
            } else {
                searching = false;
                break;
            }
        }
        self.own.rest(&self.pool.queues);
        chaos();
        // On the stack of sleepers first: from the moment the place is given up, somebody may wake
        // this thread for it.
        self.pool.idle.announce(&self.sleeper);
        chaos();
        if searching {
            self.pool.counts.leave();
        }
        chaos();
        if !self.pool.queues.is_empty() {
            self.pool.wake_one();
        }
        self.pool.idle.sleep(&self.sleeper, self.pool.config.keep_alive())
    }

    /// Runs `job` and what else there is; `false` if the thread lost its place over it.
    fn run_all(&self, job: Arc<dyn Runnable>) -> bool {
        let mut next = Some(job);
        while let Some(job) = next {
            self.status.count_start();
            // A panic gets here from the destructor of a result that nobody waits for.
            catch(move || job.run());
            self.stop_polling();
            if self.pool.counts.leave_if_crowded() {
                self.status.set_running(false);
                return false;
            }
            next = self.find();
        }
        self.status.set_running(false);
        true
    }

    fn find(&self) -> Option<Arc<dyn Runnable>> {
        let own = || self.own.pop();
        let outside = || self.pool.queues.pop(self.first.replace(self.first.get().other()));
        let turn = self.turn();
        // Not always from the same one first, who may have calls for ever.
        let start = self.id + self.turns.get() as usize / TURNS as usize;
        let others = || self.pool.queues.steal(start);
        let awaited = || self.pool.queues.steal_from_waiting(start);
        match turn {
            Turn::Own if self.pool.many_wait() => {
                own().or_else(awaited).or_else(outside).or_else(others)
            }
            Turn::Own => own().or_else(outside).or_else(others),
            Turn::Outside => outside().or_else(others).or_else(own),
            Turn::Others => others().or_else(outside).or_else(own),
        }
    }

    /// Calls that go on making calls, or wake themselves again and again, would keep a worker from ever
    /// looking further; so once in a while it looks elsewhere first.
    fn turn(&self) -> Turn {
        let turn = self.turns.get().wrapping_add(1);
        self.turns.set(turn);
        match (turn % TURNS, turn / TURNS % 2) {
            (0, 0) => Turn::Outside,
            (0, _) => Turn::Others,
            _ => Turn::Own,
        }
    }

    /// Looks for a call: eagerly, then politely, then no more.
    fn search(&self) -> Option<Arc<dyn Runnable>> {
        for round in 0..SPINS + YIELDS {
            if let Some(job) = self.find() {
                return Some(job);
            }
            if self.pool.counts.read().searching > self.pool.config.workers() {
                return None;
            }
            if round == SPINS {
                self.pool.queues.ask_for_work();
            }
            if round < SPINS {
                thread::spin_loop();
            } else if !thread::yield_unless_crowded() {
                return self.find();
            }
        }
        None
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.pool.sampler.leave(self.id);
    }
}
