//! The threads and the queues. `README.md` beside this file tells the protocol between them.
//!
//! | file | subject |
//! |---|---|
//! | `queues` | where calls wait; `crossbeam_model` stands in for its parts under a model checker |
//! | `counts` | how many threads do what, and the decision who is woken |
//! | `global` | the one pool of the process |
//! | `admission` | which calls are let in; closed by a shutdown |
//! | `idle` | the stack of sleeping threads |
//! | `limits` | the limits that hold calls back, outside the queues |
//! | `mark` | whether what waited at some time has been taken since |
//! | `threads` | how many there are, and when one is woken or started |
//! | `worker` | the life of a thread |
//! | `worker_stats` | what others may see of it |
//! | `monitor` | the clock: deadlines, and growth while calls wait |
//! | `deadlines` | the heap of deadlines |
//! | `leftovers` | what the monitor leaves to others of the calls that it ends |
//! | `growth` | the pure decision how many places there are |
//! | `excess` | threads beyond the limit, when all that there may be wait for calls |
//! | `thread_state`, `sampler` | which threads compute and which block |
//! | `crew` | the threads of a scope, by the same protocol |

mod admission;
mod counts;
pub(crate) mod crew;
#[cfg(any(pybackground_loom, pybackground_shuttle))]
mod crossbeam_model;
mod deadlines;
mod excess;
mod global;
mod growth;
mod idle;
mod leftovers;
mod limits;
mod mark;
mod monitor;
mod queues;
mod sampler;
mod thread_state;
mod threads;
mod worker;
mod worker_stats;

use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::call::Call;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::error::Error;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::stacks::{self, Frame};
use crate::sync::atomic::AtomicUsize;
use crate::sync::chaos;
use crate::waits::Waits;
pub(crate) use admission::{Admission, WHY as SHUT_DOWN};
use counts::AtomicCounts;
use excess::Excess;
pub(crate) use global::{existing, global};
use idle::Idle;
use limits::Limits;
pub(crate) use mark::Mark;
use monitor::Monitor;
use queues::{First, Queues};
use sampler::Sampler;
#[cfg(feature = "process")]
pub(crate) use worker::stack_pointer;
pub(crate) use worker::{Worker, with_current};

/// Ample for a thread that runs no code of the user but wakers.
const MONITOR_STACK_SIZE: usize = 256 * 1024;

/// A pool of threads that grows and shrinks with its calls.
pub(crate) struct Pool {
    config: Config,
    queues: Queues,
    counts: AtomicCounts,
    idle: Idle,
    sampler: Sampler,
    monitor: Monitor,
    /// Threads that exist or are being started, and how many there ever were.
    threads: AtomicUsize,
    started: AtomicUsize,
    /// Threads blocked in a join, or that look for a call again and again.
    joining: AtomicUsize,
    waits: Waits,
    admission: Admission,
    limits: Limits,
    /// How many threads there may be: as configured, or as many as the system last gave.
    max_threads: AtomicUsize,
    excess: Excess,
}

/// Queues a call where the current thread's calls go.
pub(crate) fn submit(job: Arc<dyn Runnable>) {
    with_current(|worker| match worker {
        Some(worker) => worker.push(job),
        None => global().push(job),
    });
}

/// Queues a call that was let in before, whoever has it go on: a slot came free for it, or its inputs
/// are there.
pub(crate) fn resume(job: Arc<dyn Runnable>) {
    with_current(|worker| match worker {
        Some(worker) => worker.push(job),
        None => global().push_again(job, Queues::push),
    });
}

/// Has a thread of the pool drop what is left of a call, whose destructors may take their time.
pub(crate) fn leave_to_worker(job: Arc<dyn Runnable>) {
    let pool = global();
    pool.queues.push_begun(job);
    pool.wake_one();
}

/// Queues a call whose future was woken, behind all others that were: it may wake itself for ever.
pub(crate) fn requeue(job: Arc<dyn Runnable>) {
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
        Some(worker) => worker.pool().admission.lets_in_from_bodies(),
        None => global().admission.lets_in_here(),
    })
}

/// Whether no call is let in any more, nor goes on.
pub(crate) fn is_closed() -> bool {
    !global().admission.lets_in_from_bodies()
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

/// A body waits for what it did not wait for before, on a thread that is not one of the pool's.
pub(crate) fn somebody_waits() {
    if let Some(pool) = existing() {
        pool.excess.may_help();
        if !pool.queues.is_empty() {
            pool.wake_one();
        }
    }
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
pub(crate) fn may_run_in_place(job: &(impl Runnable + ?Sized)) -> bool {
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

/// Has the monitor expire `job` at its deadline.
pub(crate) fn keep_deadline(deadline: Arc<Deadline>, job: Weak<dyn Runnable>) {
    with_current(|worker| {
        let pool = worker.map_or_else(|| global(), Worker::pool);
        pool.monitor.add_deadline(deadline, job, pool);
    });
}

impl Pool {
    fn new(config: Config) -> Self {
        Self {
            queues: Queues::new(),
            counts: AtomicCounts::new(config.workers()),
            idle: Idle::default(),
            sampler: Sampler::default(),
            monitor: Monitor::new(),
            threads: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            joining: AtomicUsize::new(0),
            waits: Waits::new(),
            admission: Admission::new(),
            limits: Limits::new(),
            max_threads: AtomicUsize::new(config.max_threads()),
            excess: Excess::new(),
            config,
        }
    }

    /// Queues a call from outside.
    fn push(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        if !self.admission.lets_in_here() {
            return job.refuse(SHUT_DOWN);
        }
        self.queue(job, Queues::push);
    }

    /// As `push`, for a call that was let in before.
    fn push_again(
        self: &Arc<Self>,
        job: Arc<dyn Runnable>,
        push: impl FnOnce(&Queues, Arc<dyn Runnable>),
    ) {
        if !self.admission.lets_in_from_bodies() {
            return job.refuse(SHUT_DOWN);
        }
        // Somebody may wait for it who would have waited in vain for others.
        self.excess.may_help();
        self.queue(job, push);
    }

    fn queue(
        self: &Arc<Self>,
        job: Arc<dyn Runnable>,
        push: impl FnOnce(&Queues, Arc<dyn Runnable>),
    ) {
        if self.config.is_sequential() {
            return job.run();
        }
        chaos();
        push(&self.queues, job);
        chaos();
        self.wake_one();
    }

    /// Ends every call that waits, because nobody is there to run it.
    fn refuse_all(&self, why: &str) {
        while let Some(job) = self.queues.pop(First::Called).or_else(|| self.queues.steal(0)) {
            job.refuse(why);
            drop_catching(job);
        }
    }

    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Ends the calls that wait, because the runtime is shut down: for a thread, for a slot of their
    /// function's limit, for their inputs, or for something that would have woken their future.
    pub(crate) fn refuse_waiting(&self) {
        self.refuse_all(SHUT_DOWN);
        self.limits.refuse_all(SHUT_DOWN);
        for job in stacks::DEPENDENT.jobs().into_iter().chain(stacks::SUSPENDED.jobs()) {
            job.refuse(SHUT_DOWN);
            drop_catching(job);
        }
    }

    /// Whether no thread has or looks for a call, and none waits, as far as this can be told at once.
    pub(crate) fn seems_idle(&self) -> bool {
        self.limits.held() == 0 && self.queues.is_empty() && self.counts.read().active == 0
    }

    pub(crate) fn waiting(&self) -> usize {
        self.queues.len()
    }

    /// The calls that wait for a slot of their function's limit.
    pub(crate) fn held_calls(&self) -> Vec<Call> {
        self.limits.calls()
    }
}
