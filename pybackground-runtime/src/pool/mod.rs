//! The threads and the queues. `README.md` in this folder describes the protocol between them.
//!
//! | file | subject |
//! |---|---|
//! | `queues` | where calls wait; `crossbeam_model` stands in for its parts under a model checker and under Miri |
//! | `counts` | how many threads are active and search, and the decision whether one is woken |
//! | `worker`, `blocking` | a thread of the pool, and what it does when its body blocks in a join |
//! | `worker_stats` | what other threads see of a worker |
//! | `idle` | the stack of sleeping threads |
//! | `inline` | whether a `compute` call runs where it is made, and how deep a stack may get |
//! | `patience` | how long a thread looks for something before it parks |
//! | `exits` | waiting until threads have ended |
//! | `threads` | waking and starting threads, and the two bounds on their number |
//! | `deadlock`, `rounds` | what happens when every thread is blocked in a join and no more can be started |
//! | `monitor`, `watch`, `deadlines` | the thread that keeps time: deadlines, and growth while calls are queued |
//! | `growth` | the pure decision how many slots there are |
//! | `sampler`, `thread_state` | which threads compute and which block |
//! | `reaper` | drops what user code left of terminated calls |
//! | `fork` | detects that this process was forked from the one that has the threads |
//! | `admission` | which calls are admitted; a shutdown closes it |
//!
//! What a thread of the pool may touch in each of its states:
//!
//! | state | `counts` | other fields | next |
//! |---|---|---|---|
//! | searching | active, searching | takes from `queues` | running, asleep |
//! | running | active | its own deque; pushes and wakes | searching, blocked; asleep if `counts` is crowded |
//! | blocked in a join | none | has raised `blocked` and, without a time limit, `open_ended`; answers `rounds` | running |
//! | asleep | none | on the stack of `idle` | searching; terminated after the keep-alive |
//!
//! | field of `Pool` | written by | guarded by |
//! |---|---|---|
//! | `queues` | any thread that makes or takes a call | itself |
//! | `counts` | workers, callers that wake, the monitor | one atomic word |
//! | `idle` | workers that sleep or expire, callers that wake, the shutdown | its lock |
//! | `threads`, `started` | the thread that starts or ends a worker | atomics; `threads` is raised before the start |
//! | `blocked`, `open_ended` | the worker itself; raised before its slot is given up, lowered after it is taken back | atomics |
//! | `process` | the thread that starts the first worker | an atomic |
//! | `max_total_threads` | lowered by a refused start, restored by the monitor and by ending workers | an atomic |
//! | `rounds` | at the bound on all threads: workers that block, callers that push | its lock, and an atomic for `left` |
//! | `has_reaper` | the monitor that starts the thread, that thread when it ends | an atomic |
//! | `patience` | any thread that waits | an atomic |
//! | `monitor`, `sampler`, `exits` | see their files | their locks |

mod admission;
mod blocking;
mod counts;
#[cfg(any(miri, pybackground_loom, pybackground_shuttle))]
mod crossbeam_model;
mod deadlines;
mod deadlock;
#[cfg(not(any(pybackground_loom, pybackground_shuttle)))]
mod exits;
#[cfg(any(pybackground_loom, pybackground_shuttle))]
#[path = "../models/exits.rs"]
mod exits;
mod fork;
mod growth;
mod idle;
mod inline;
mod monitor;
mod patience;
mod queues;
mod reaper;
mod rounds;
mod sampler;
mod thread_state;
mod threads;
mod watch;
mod worker;
mod worker_stats;

use std::io;
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex};

use crate::config::Config;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::sync::atomic::{AtomicBool, AtomicUsize};
use crate::sync::{chaos, thread};
pub(crate) use admission::{Admission, WHY as SHUT_DOWN};
use counts::AtomicCounts;
use exits::Exits;
pub(crate) use fork::WHY as FORKED;
use idle::Idle;
pub(crate) use inline::{NO_DEPTH, has_stack, set_floor};
use patience::Patience;
use queues::{First, Queues};
pub(crate) use rounds::Outlook;
use rounds::Rounds;
use sampler::Sampler;
use watch::Monitor;
pub(crate) use worker::{Worker, runs_inline, with_current};

/// The stack of the monitor and the reaper.
const MONITOR_STACK_SIZE: usize = 256 * 1024;

/// A pool of threads that grows and shrinks with its calls.
pub(crate) struct Pool {
    config: Config,
    patience: Patience,
    queues: Queues,
    counts: AtomicCounts,
    idle: Idle,
    exits: Exits,
    sampler: Sampler,
    monitor: Monitor,
    /// Whether a thread of `reaper` exists.
    has_reaper: AtomicBool,
    /// Threads that exist or are being started, and how many there ever were.
    threads: AtomicUsize,
    started: AtomicUsize,
    /// Threads blocked in a join, and those of them whose join has no time limit.
    blocked: AtomicUsize,
    open_ended: AtomicUsize,
    rounds: Rounds,
    admission: Admission,
    /// The number of the process that the threads are in.
    process: AtomicU32,
    /// The bound on all threads: as configured, or as many as the system last gave.
    max_total_threads: AtomicUsize,
    /// Why the system last refused a thread.
    refusal: Mutex<Option<String>>,
    on_refusal: fn(&io::Error),
}

impl Pool {
    /// Reports each thread that the system refuses to `on_refusal`.
    pub(crate) fn new(config: Config, on_refusal: fn(&io::Error)) -> Self {
        Self {
            queues: Queues::new(),
            counts: AtomicCounts::new(config.workers()),
            idle: Idle::default(),
            exits: Exits::default(),
            sampler: Sampler::default(),
            monitor: Monitor::new(),
            has_reaper: AtomicBool::new(false),
            threads: AtomicUsize::new(0),
            started: AtomicUsize::new(0),
            blocked: AtomicUsize::new(0),
            open_ended: AtomicUsize::new(0),
            rounds: Rounds::new(),
            admission: Admission::new(),
            process: AtomicU32::new(std::process::id()),
            max_total_threads: AtomicUsize::new(config.max_total_threads()),
            refusal: Mutex::new(None),
            patience: Patience::new(),
            config,
            on_refusal,
        }
    }

    /// Whether the pool has a thread. Starts one if it has none.
    pub(crate) fn ensure_thread(self: &Arc<Self>) -> bool {
        if self.threads() == 0 {
            self.wake_one();
            // Another caller may have claimed the first slot, and not have started the thread yet.
            while self.threads() == 0 && self.counts.read().active > 0 {
                thread::yield_now();
            }
        }
        self.threads() > 0
    }

    /// Enqueues a call made on a thread that is not the pool's.
    pub(crate) fn push(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        if self.admission.lets_in_here() {
            self.queue(job, Queues::push, true);
        } else {
            job.refuse(SHUT_DOWN);
        }
    }

    /// As `push`, for a call that was admitted before.
    pub(crate) fn push_admitted(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        self.push_again(job, Queues::push);
    }

    /// Enqueues a call whose future was woken.
    pub(crate) fn push_woken(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        self.push_again(job, Queues::push_woken);
    }

    fn push_again(
        self: &Arc<Self>,
        job: Arc<dyn Runnable>,
        push: impl FnOnce(&Queues, Arc<dyn Runnable>),
    ) {
        if !self.admission.lets_in_from_bodies() {
            return job.refuse(SHUT_DOWN);
        }
        self.queue(job, push, false);
    }

    fn queue(
        self: &Arc<Self>,
        job: Arc<dyn Runnable>,
        push: impl FnOnce(&Queues, Arc<dyn Runnable>),
        is_new: bool,
    ) {
        if self.config.is_sequential() {
            return job.run_in_sequence(is_new);
        }
        chaos();
        push(&self.queues, job);
        chaos();
        self.wake_one();
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

    /// Whether no thread is active and no call is queued. Both can change between the two readings.
    pub(crate) fn seems_idle(&self) -> bool {
        self.queues.is_empty() && self.counts.read().active == 0
    }

    /// How often a thread that waits spins and yields before it parks, if usually so often.
    #[inline]
    pub(crate) fn patience(&self, spins: usize, yields: usize) -> (usize, usize) {
        self.patience.of_a_wait(spins, yields)
    }

    /// Lets others run; returns whether to yield again is of use.
    pub(crate) fn yield_now(&self) -> bool {
        match thread::yield_for_a_moment() {
            Ok(()) => true,
            Err(time) => {
                self.patience.yielded_for(time);
                false
            }
        }
    }

    /// How many calls are queued.
    pub(crate) fn waiting(&self) -> usize {
        self.queues.len()
    }
}
