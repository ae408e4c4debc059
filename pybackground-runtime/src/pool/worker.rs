//! A thread of the pool: it searches for calls, runs them, sleeps, and terminates.
//!
//! The thread-local `WORKER` and the cells in it belong to this thread alone. Other threads see the `stats`,
//! the deque by its stealer, and the `sleeper`.

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use super::Pool;
use super::idle::{Awake, Sleeper};
use super::inline::{self, NO_DEPTH};
use super::queues::{First, OwnQueue};
use super::rounds::Outlook;
use super::worker_stats::WorkerStats;
use crate::panic::catch;
use crate::runnable::Runnable;
use crate::stacks;
use crate::sync::{chaos, rounds, stack_pointer, thread, thread_local};

/// How often a searching worker looks before it begins to yield, and how often before it sleeps.
pub(super) const SPINS: usize = rounds(64);
pub(super) const YIELDS: usize = rounds(100);

/// Every search of this number looks elsewhere before it takes a call of the worker's own. Tokio's number.
const TURNS: u32 = 61;

/// Which calls a search looks at first.
enum Turn {
    Own,
    /// The shared queues: calls from outside, woken futures and terminated calls.
    Outside,
    /// The deques of other workers.
    Others,
}

/// The part of the pool that belongs to the current thread.
pub(crate) struct Worker {
    id: usize,
    pub(super) pool: Arc<Pool>,
    pub(super) own: OwnQueue,
    pub(super) stats: Arc<WorkerStats>,
    sleeper: Arc<Sleeper>,
    /// The round of `deadlock` in which this thread looked last, or that was current when its join began.
    pub(super) round: Cell<u64>,
    /// The thread gave up its slot for a join and has not taken it back.
    pub(super) has_no_slot: Cell<bool>,
    /// Whether this thread, which is about to block, has looked for a call that it can run itself.
    pub(super) looked: Cell<Looked>,
    /// How many futures had been woken before it looked.
    pub(super) wakes: Cell<u64>,
    /// How often the worker searched for a call.
    turns: Cell<u32>,
    /// What the next search of the pool's queues looks at first.
    first: Cell<First>,
    /// The thread is about to terminate. Calls made by its thread-local destructors are calls from outside.
    retired: Cell<bool>,
}

/// Whether a thread that is about to block has looked for a call that it can run itself.
#[derive(Clone, Copy)]
pub(super) enum Looked {
    NotYet,
    /// It found nothing, and no other thread had opened a round since.
    Alone(Outlook),
    /// It found nothing in a round that another thread opened.
    Asked(Outlook),
}

thread_local! {
    static WORKER: OnceCell<Worker> = const { OnceCell::new() };
}

/// Runs a worker from its start to its end. The worker is counted as active and searching at the start.
pub(super) fn run(pool: Arc<Pool>, id: usize, reserve: usize) {
    let stats = WorkerStats::of_new_thread(pool.threads(), id);
    pool.sampler.join(id, stats.clone());
    inline::set_floor(if reserve == 0 {
        NO_DEPTH
    } else {
        stack_pointer().saturating_sub(reserve)
    });
    let worker = Worker {
        id,
        pool,
        own: OwnQueue::new(stats.clone()),
        stats,
        sleeper: Sleeper::current(),
        round: Cell::new(0),
        has_no_slot: Cell::new(false),
        looked: Cell::new(Looked::NotYet),
        wakes: Cell::new(0),
        turns: Cell::new(0),
        first: Cell::new(First::Begun),
        retired: Cell::new(false),
    };
    WORKER.with(|slot| {
        // What `get_or_init` returns when it initializes is a reborrow of a `&mut`, which `with_current` would
        // invalidate by its own reference.
        drop(slot.set(worker));
        slot.get().expect("a thread starts as a worker once").work();
    });
}

/// Calls `f` with the current thread's worker, if it is one.
#[inline]
pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Worker>) -> R) -> R {
    let mut f = Some(f);
    let mut call = |worker: Option<&Worker>| {
        let f = f.take().expect("one of the two ways below is taken");
        f(worker.filter(|worker| !worker.retired.get()))
    };
    // The thread-local is destroyed while the thread terminates. Calls made then are calls from outside.
    match WORKER.try_with(|slot| call(slot.get())) {
        Ok(result) => result,
        Err(_) => call(None),
    }
}

/// Returns whether a `compute` call may run inline, where it is made: the current thread is a worker with enough
/// queued calls for thieves and enough stack.
#[inline]
pub(crate) fn runs_inline() -> bool {
    inline::runs_inline(stack_pointer(), has_enough)
}

#[inline(never)]
fn has_enough(depth: usize) -> bool {
    let count = WORKER.try_with(|slot| slot.get().map_or(0, |worker| worker.own.len()));
    count.unwrap_or(0) >= inline::ENOUGH && inline::is_full(depth)
}

impl Worker {
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Enqueues a call made by the body that runs on this thread.
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

    /// Removes the entry of a call that this thread is about to run from its own deque.
    #[inline]
    pub(crate) fn withdraw(&self, job: &(impl Runnable + ?Sized)) {
        self.stats.count_start_in_place();
        let address = std::ptr::from_ref(job).cast::<()>();
        self.own.withdraw(|entry| Arc::as_ptr(entry).cast::<()>() == address);
        inline::forget();
    }

    /// Wakes a thread for the calls in this thread's own deque, if it holds any.
    pub(crate) fn look_after_own_calls(&self) {
        if self.own.len() > 0 {
            self.pool.wake_one();
        }
    }

    fn work(&self) {
        while self.serve() == Awake::Woken {}
        // A thread that gave up its slot because too many were active may have slept with calls in its deque. The
        // deque would stay on the thieves' list until a thief takes them.
        while let Some(job) = self.own.pop() {
            self.pool.queues.push(job);
        }
        self.own.rest(&self.pool.queues);
        self.retired.set(true);
        inline::set_floor(NO_DEPTH);
    }

    /// Runs calls until there are none, then sleeps. The worker is active and searching when this is called.
    fn serve(&self) -> Awake {
        // The clock stood still while the thread slept.
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
        // The thread is on the stack of sleepers before it gives up its slot: a caller that claims the slot expects
        // to find a sleeper there. A thread that gave up its slot in `run_all` freed none: more threads were active
        // than there are slots.
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

    /// Runs `job` and then what else it finds. Returns `false` if the thread gave up its slot because too many were
    /// active.
    fn run_all(&self, job: Arc<dyn Runnable>) -> bool {
        let mut next = Some(job);
        while let Some(job) = next {
            self.stats.count_start();
            inline::forget();
            // A panic gets here from the destructor of a result that no waiter takes.
            catch(move || job.run());
            self.take_slot_back();
            if self.pool.counts.leave_if_crowded() {
                self.stats.set_running(false);
                return false;
            }
            next = self.find();
        }
        self.stats.set_running(false);
        true
    }

    fn find(&self) -> Option<Arc<dyn Runnable>> {
        let own = || self.own.pop();
        let outside = || self.pool.queues.pop(self.first.replace(self.first.get().other()));
        let turn = self.turn();
        // Changes the first victim from time to time: one victim may never run out of calls.
        let start = self.id + self.turns.get() as usize / TURNS as usize;
        let others = || self.pool.queues.steal(start);
        let awaited = || self.pool.queues.steal_from_waiting(start);
        match turn {
            Turn::Own if self.pool.many_blocked() => {
                own().or_else(awaited).or_else(outside).or_else(others)
            }
            Turn::Own => own().or_else(outside).or_else(others),
            Turn::Outside => outside().or_else(others).or_else(own),
            Turn::Others => others().or_else(outside).or_else(own),
        }
    }

    /// Returns which calls the next search looks at first. A body that makes calls without an end would keep the
    /// worker at its own deque, so every 61st search looks elsewhere first.
    fn turn(&self) -> Turn {
        let turn = self.turns.get().wrapping_add(1);
        self.turns.set(turn);
        match (turn % TURNS, turn / TURNS % 2) {
            (0, 0) => Turn::Outside,
            (0, _) => Turn::Others,
            _ => Turn::Own,
        }
    }

    /// Searches for a call: spins, then yields, then gives up.
    fn search(&self) -> Option<Arc<dyn Runnable>> {
        let (spins, yields) = self.pool.patience(SPINS, YIELDS);
        for round in 0..spins + yields {
            if let Some(job) = self.find() {
                return Some(job);
            }
            if self.pool.counts.read().searching > self.pool.config.workers() {
                return None;
            }
            if round == spins {
                inline::ask_for_work();
            }
            if round < spins {
                thread::spin_loop();
            } else if !self.pool.yield_now() {
                return self.find();
            }
        }
        if yields > 0 {
            return None;
        }
        // The thread parks at once, and perhaps has not looked yet.
        inline::ask_for_work();
        self.find()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.pool.sampler.leave(self.id);
    }
}

#[cfg(all(test, not(any(pybackground_loom, pybackground_shuttle))))]
mod tests {
    use super::*;
    use crate::spawn;

    /// While such bodies start, the monitor adds no thread for a queue that seems to stand still.
    #[test]
    fn body_that_runs_on_top_of_another_counts_as_started() {
        let starts = || with_current(|worker| worker.expect("a body").stats.starts());
        let counts = spawn(move || {
            let before = starts();
            // Other threads may take some of them.
            (0..1_000_000).any(|n| {
                assert_eq!(spawn(move || n), n);
                starts() > before
            })
        });
        assert!(*counts);
    }
}
