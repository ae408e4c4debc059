//! The threads and the queues. `README.md` beside this file tells the protocol between them.
//!
//! | file | subject |
//! |---|---|
//! | `queues` | where calls wait; `crossbeam_model` stands in for its parts under a model checker |
//! | `counts` | how many threads do what, and the decision who is woken |
//! | `admission` | which calls are let in; closed by a shutdown |
//! | `idle` | the stack of sleeping threads |
//! | `threads` | how many there are, and when one is woken or started |
//! | `worker` | the life of a thread |
//! | `worker_stats` | what others may see of it |
//! | `monitor` | the clock: deadlines, and growth while calls wait |
//! | `deadlines` | the heap of deadlines |
//! | `leftovers` | what the monitor leaves to others of the calls that it ends |
//! | `growth` | the pure decision how many places there are |
//! | `excess` | threads beyond the limit, when all that there may be wait for calls |
//! | `thread_state`, `sampler` | which threads compute and which block |

mod admission;
mod counts;
#[cfg(any(pybackground_loom, pybackground_shuttle))]
mod crossbeam_model;
mod deadlines;
mod excess;
mod growth;
mod idle;
mod leftovers;
mod monitor;
mod queues;
mod sampler;
mod thread_state;
mod threads;
mod worker;
mod worker_stats;

use std::io;
use std::sync::{Arc, Weak};

use crate::config::Config;
use crate::deadline::Deadline;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::sync::atomic::AtomicUsize;
use crate::sync::chaos;
pub(crate) use admission::{Admission, WHY as SHUT_DOWN};
use counts::AtomicCounts;
use excess::Excess;
use idle::Idle;
use monitor::Monitor;
use queues::{First, Queues};
use sampler::Sampler;
pub(crate) use worker::{Worker, runs_inline, with_current};

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
    admission: Admission,
    /// How many threads there may be: as configured, or as many as the system last gave.
    max_threads: AtomicUsize,
    excess: Excess,
    /// Whether a call without a thread may end the wait of any of so many bodies.
    may_end_by_a_call: fn(usize) -> bool,
    on_refusal: fn(&io::Error),
}

impl Pool {
    /// Reports each thread that the system refuses to `on_refusal`.
    pub(crate) fn new(
        config: Config,
        may_end_by_a_call: fn(usize) -> bool,
        on_refusal: fn(&io::Error),
    ) -> Self {
        Self {
            queues: Queues::new(),
            counts: AtomicCounts::new(config.workers()),
            idle: Idle::default(),
            sampler: Sampler::default(),
            monitor: Monitor::new(),
            threads: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            joining: AtomicUsize::new(0),
            admission: Admission::new(),
            max_threads: AtomicUsize::new(config.max_threads()),
            excess: Excess::new(),
            config,
            may_end_by_a_call,
            on_refusal,
        }
    }

    /// Whether the pool has a thread. Starts one if it has none.
    pub(crate) fn ensure_thread(self: &Arc<Self>) -> bool {
        if self.threads() == 0 {
            self.wake_one();
        }
        self.threads() > 0
    }

    /// Enqueues a call made on a thread that is not the pool's.
    pub(crate) fn push(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        if self.admission.lets_in_here() {
            self.queue(job, Queues::push)
        } else {
            job.refuse(SHUT_DOWN)
        }
    }

    /// As `push`, for a call that was admitted before.
    pub(crate) fn push_admitted(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        self.push_again(job, Queues::push);
    }

    /// Enqueues a call whose future was woken.
    pub(crate) fn push_woken(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        self.push_again(job, Queues::push_begun);
    }

    /// Enqueues a closed call, of which something is left to drop.
    pub(crate) fn push_closed(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        self.queues.push_begun(job);
        self.wake_one();
    }

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

    /// Expires a call at its deadline.
    pub(crate) fn add_deadline(self: &Arc<Self>, deadline: Arc<Deadline>, job: Weak<dyn Runnable>) {
        self.monitor.add_deadline(deadline, job, self);
    }

    /// Ends every queued call.
    pub(crate) fn refuse_all(&self, why: &str) {
        while let Some(job) = self.queues.pop(First::Called).or_else(|| self.queues.steal(0)) {
            job.refuse(why);
            drop_catching(job);
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Whether no thread runs or looks for a call, and none is queued, as far as one look can tell.
    pub(crate) fn seems_idle(&self) -> bool {
        self.queues.is_empty() && self.counts.read().active == 0
    }

    /// How many calls are queued.
    pub(crate) fn waiting(&self) -> usize {
        self.queues.len()
    }
}
