//! The threads and the queues. `README.md` beside this file tells the protocol between them.
//!
//! | file | subject |
//! |---|---|
//! | `queues` | where calls wait; `crossbeam_model` stands in for its parts under a model checker |
//! | `counts` | how many threads do what, and the decision who is woken |
//! | `global` | the one pool of the process |
//! | `gate` | which calls are let in; closed by a shutdown |
//! | `idle` | the stack of sleeping threads |
//! | `limits` | the limits that hold calls back, outside the queues |
//! | `mark` | whether what waited at some time has been taken since |
//! | `worker` | the life of a thread |
//! | `monitor` | the clock: deadlines, and growth while calls wait |
//! | `deadlines` | the heap of deadlines |
//! | `leftovers` | what the monitor leaves to others of the calls that it ends |
//! | `growth` | the pure decision how many places there are |
//! | `excess` | threads beyond the limit, when all that there may be wait for calls |
//! | `probe`, `roster` | which threads compute and which block |
//! | `crew` | the threads of a scope, by the same protocol |

mod counts;
pub(crate) mod crew;
#[cfg(any(pybackground_loom, pybackground_shuttle))]
mod crossbeam_model;
mod deadlines;
mod excess;
mod gate;
mod global;
mod growth;
mod idle;
mod leftovers;
mod limits;
mod mark;
mod monitor;
mod probe;
mod queues;
mod roster;
mod worker;

use std::cell::OnceCell;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::call::Call;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::quiet::drop_quietly;
use crate::running::{self, Frame};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{chaos, thread};
use crate::task::Job;
use crate::trace;
use crate::waits::{Help, Waits};
use counts::{AtomicCounts, Wake};
use excess::Excess;
pub(crate) use gate::{Gate, WHY as SHUT_DOWN};
pub(crate) use global::{existing, global};
use idle::Idle;
use limits::Limits;
pub(crate) use mark::Mark;
use monitor::Monitor;
use queues::{First, Queues};
use roster::Roster;
#[cfg(feature = "process")]
pub(crate) use worker::stack_pointer;
pub(crate) use worker::{Worker, with_current};

/// How many threads are woken or started before the monitor looks at its deadlines again; to start
/// that many takes about a millisecond.
const BATCH: usize = 32;

/// Ample for a thread that runs no code of the user but wakers.
const MONITOR_STACK_SIZE: usize = 256 * 1024;

/// A pool of threads that grows and shrinks with its calls.
pub(crate) struct Pool {
    config: Config,
    queues: Queues,
    counts: AtomicCounts,
    idle: Idle,
    roster: Roster,
    monitor: Monitor,
    /// Threads that exist or are being started, and how many there ever were.
    threads: AtomicUsize,
    started: AtomicUsize,
    /// Threads blocked in a join, or that look for a call again and again.
    joining: AtomicUsize,
    waits: Waits,
    gate: Gate,
    limits: Limits,
    /// How many threads there may be: as configured, or as many as the system last gave.
    max_threads: AtomicUsize,
    excess: Excess,
}

/// Queues a call where the current thread's calls go.
pub(crate) fn submit(job: Arc<dyn Job>) {
    with_current(|worker| match worker {
        Some(worker) => worker.push(job),
        None => global().push(job),
    });
}

/// Queues a call that was let in before, whoever has it go on: a slot came free for it, or its inputs
/// are there.
pub(crate) fn resume(job: Arc<dyn Job>) {
    with_current(|worker| match worker {
        Some(worker) => worker.push(job),
        None => global().push_again(job, Queues::push),
    });
}

/// Has a thread of the pool drop what is left of a call, whose destructors may take their time.
pub(crate) fn leave_to_worker(job: Arc<dyn Job>) {
    let pool = global();
    pool.queues.push_begun(job);
    pool.wake_one();
}

/// Queues a call whose future was woken, behind all others that were: it may wake itself for ever.
pub(crate) fn requeue(job: Arc<dyn Job>) {
    with_current(|worker| {
        worker.map_or_else(|| global(), Worker::pool).push_again(job, Queues::push_begun);
    });
}

/// Whether each call is run to its end where it is made.
pub(crate) fn is_sequential() -> bool {
    global().config.is_sequential()
}

/// Whether a call made on the current thread is let in.
pub(crate) fn lets_in() -> bool {
    with_current(|worker| match worker {
        Some(worker) => worker.pool().gate.lets_in_from_bodies(),
        None => global().gate.lets_in_here(),
    })
}

/// Whether no call is let in any more, nor goes on.
pub(crate) fn is_closed() -> bool {
    !global().gate.lets_in_from_bodies()
}

/// Whether the current thread is one that runs calls, also between two of them.
pub(crate) fn is_worker() -> bool {
    with_current(|worker| worker.is_some()) || crew::is_member()
}

/// The limits that hold calls back.
pub(crate) fn limits() -> &'static Limits {
    &global().limits
}

/// How many calls are held back by limits.
pub(crate) fn calls_held_back() -> usize {
    existing().map_or(0, |pool| pool.limits.held())
}

/// The bodies that made them.
pub(crate) fn makers_of_held_calls() -> Vec<Frame> {
    existing().map(|pool| pool.limits.makers()).unwrap_or_default()
}

/// How long a wait may take before it is reported, if any is to be.
pub(crate) fn report_after() -> Option<Duration> {
    global().config.report_after()
}

/// The stack of each thread, in bytes.
#[cfg(feature = "process")]
pub(crate) fn stack_size() -> usize {
    global().config.stack_size()
}

/// Who waits for what.
pub(crate) fn waits() -> &'static Waits {
    &global().waits
}

/// Gives the current thread's place to others while `wait` blocks, which tells whether what it waits
/// for has come.
pub(crate) fn block_while(wait: impl FnOnce() -> Result<bool, Error>) -> Result<bool, Error> {
    with_current(|worker| match worker {
        Some(worker) => worker.block_while(wait),
        None => crew::block_while(wait),
    })
}

/// Whether a call that only computes may as well be run where it is made: the current thread is a
/// worker with calls enough of its own for others to steal.
#[inline]
pub(crate) fn runs_inline() -> bool {
    worker::runs_inline()
}

/// Whether the current thread may run the call it waits for, which nobody has started as far as is
/// known. If so, the call is no longer in the thread's own queue.
#[inline]
pub(crate) fn may_run_in_place(job: &(impl Job + ?Sized)) -> bool {
    with_current(|worker| worker.is_some_and(|worker| worker.may_run_in_place(job)))
}

/// Has somebody look at the current thread's queue: the call that was to be run in place has ended
/// elsewhere, and a thread may have gone to sleep while another call was taken out from above it.
#[cold]
pub(crate) fn look_after_own_calls() {
    with_current(|worker| {
        if let Some(worker) = worker {
            worker.look_after_own_calls();
        }
    });
}

/// Gives a call a deadline, unless it has a sooner one, and has the monitor keep it.
pub(crate) fn keep_deadline(job: &Arc<dyn Job>, timeout: Duration) {
    let Some(deadline) = Deadline::from_now(timeout).map(Arc::new) else { return };
    if !job.bring_forward(deadline.clone()) {
        return;
    }
    with_current(|worker| {
        let pool = worker.map_or_else(|| global(), Worker::pool);
        pool.monitor.add_deadline(deadline, Arc::downgrade(job), pool);
    });
}

impl Pool {
    fn new(config: Config) -> Self {
        Self {
            queues: Queues::new(),
            counts: AtomicCounts::new(config.workers()),
            idle: Idle::default(),
            roster: Roster::default(),
            monitor: Monitor::new(),
            threads: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            joining: AtomicUsize::new(0),
            waits: Waits::new(),
            gate: Gate::new(),
            limits: Limits::new(),
            max_threads: AtomicUsize::new(config.max_threads()),
            excess: Excess::new(),
            config,
        }
    }

    /// Queues a call from outside.
    fn push(self: &Arc<Self>, job: Arc<dyn Job>) {
        if !self.gate.lets_in_here() {
            return job.refuse(SHUT_DOWN);
        }
        self.queue(job, Queues::push);
    }

    /// As `push`, for a call that was let in before.
    fn push_again(self: &Arc<Self>, job: Arc<dyn Job>, push: impl FnOnce(&Queues, Arc<dyn Job>)) {
        if !self.gate.lets_in_from_bodies() {
            return job.refuse(SHUT_DOWN);
        }
        // Somebody may wait for it who would have waited in vain for others.
        self.excess.may_help();
        self.queue(job, push);
    }

    fn queue(self: &Arc<Self>, job: Arc<dyn Job>, push: impl FnOnce(&Queues, Arc<dyn Job>)) {
        if self.config.is_sequential() {
            return job.run();
        }
        chaos();
        push(&self.queues, job);
        chaos();
        self.wake_one();
    }

    /// Sees to it that somebody takes care of calls that were made visible before.
    #[inline]
    fn wake_one(self: &Arc<Self>) {
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
    fn wake_batch(self: &Arc<Self>, calls: usize) -> bool {
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
        let find_out = || {
            let helps = || !matches!(self.waits.help(), Help::Nothing);
            self.queues.has_begun() || self.excess.helps(helps)
        };
        let helps = OnceCell::new();
        let room = self.threads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |threads| {
            let is_one_more_needed = || self.all_join(threads) && *helps.get_or_init(find_out);
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
                self.thread_was_refused(&error);
                false
            }
        }
    }

    /// Whether there is a thread for a call, or may be one more, now that it seemed not so. Whoever made it so counted
    /// on the one who has just failed to get one.
    fn is_one_to_be_had(&self) -> bool {
        let threads = self.threads.load(Ordering::SeqCst);
        let may_help = || self.queues.has_begun() || self.excess.may_be_help();
        threads < self.most_threads() || self.idle.has_any() || self.all_join(threads) && may_help()
    }

    /// How many threads there may be, but for those that help others out.
    fn most_threads(&self) -> usize {
        self.max_threads() + self.excess.risked()
    }

    /// Whether there are more threads than there may be. Each looks then for what it can do for those who wait, and
    /// begins nothing else.
    fn is_crowd(&self) -> bool {
        self.threads() > self.most_threads()
    }

    /// Has a thread that is one too many be counted no more; `false` if it is not.
    fn let_go_of_one(&self) -> bool {
        let most = self.most_threads();
        let fewer = |threads: usize| (threads > most).then(|| threads - 1);
        self.threads.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer).is_ok()
    }

    fn all_join(&self, threads: usize) -> bool {
        threads == self.joining.load(Ordering::SeqCst)
    }

    /// Whether so many bodies wait for calls that what these bodies called, which may be what they wait for, comes
    /// before what is to be begun, which may come to wait likewise: else each would hold a thread, until the last
    /// of them has begun.
    fn many_wait(&self) -> bool {
        const MANY: usize = 32;
        // ORDERING: an estimate.
        self.joining.load(Ordering::Relaxed) >= MANY.min(self.max_threads() / 2)
    }

    /// Whether all the threads that there may be wait for calls.
    fn is_held_up(&self) -> bool {
        let threads = self.threads();
        threads >= self.most_threads() && self.all_join(threads)
    }

    fn thread_was_refused(self: &Arc<Self>, error: &io::Error) {
        trace::thread_was_refused(error);
        self.counts.undo_wake();
        if self.idle.has_any() {
            self.wake_one();
        }
        let left = self.count_thread_out();
        // A thread that joins goes on only when somebody runs the call it waits for.
        if self.all_join(left) {
            self.refuse_all(&format!("the system gave no thread to run it on: {error}"));
        } else {
            self.max_threads.store(left, Ordering::Relaxed);
            self.monitor.watch(self);
        }
    }

    /// Tries again for as many threads as were configured.
    fn restore_max_threads(&self) {
        self.max_threads.store(self.config.max_threads(), Ordering::Relaxed);
    }

    /// Ends every call that waits, because nobody is there to run it.
    fn refuse_all(&self, why: &str) {
        while let Some(job) = self.queues.pop(First::Called).or_else(|| self.queues.steal(0)) {
            job.refuse(why);
            drop_quietly(job);
        }
    }

    /// Returns how many are left.
    fn count_thread_out(&self) -> usize {
        self.threads.fetch_sub(1, Ordering::SeqCst) - 1
    }

    /// A thread that is not counted any more has done all that it does.
    fn thread_ends(self: &Arc<Self>) {
        self.restore_max_threads();
        // Somebody may have relied on this thread when no other could be started.
        if !self.queues.is_empty() {
            self.wake_one();
        }
    }

    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Ends the calls that wait, because the runtime is shut down: for a thread, for a slot of their
    /// function's limit, for their inputs, or for something that would have woken their future.
    pub(crate) fn refuse_waiting(&self) {
        self.refuse_all(SHUT_DOWN);
        self.limits.refuse_all(SHUT_DOWN);
        for job in running::DEPENDENT.jobs().into_iter().chain(running::SUSPENDED.jobs()) {
            job.refuse(SHUT_DOWN);
            drop_quietly(job);
        }
    }

    /// Whether no thread has or looks for a call, and none waits, as far as this can be told at once.
    pub(crate) fn seems_idle(&self) -> bool {
        self.limits.held() == 0 && self.queues.is_empty() && self.counts.read().active == 0
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

    pub(crate) fn waiting(&self) -> usize {
        self.queues.len()
    }

    /// The calls that wait for a slot of their function's limit.
    pub(crate) fn held_calls(&self) -> Vec<Call> {
        self.limits.calls()
    }
}
