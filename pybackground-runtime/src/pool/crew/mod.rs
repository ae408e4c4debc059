//! The threads of a scope: a small pool of its own.
//!
//! A closure that borrows cannot go to the threads of the pool, which may outlive what it borrows, but
//! to threads that [`std::thread::scope`] joins. They keep to the protocol of the pool, told in its
//! `README.md`, on the pool's own counts, sleepers and growth. Two things differ:
//!
//! - there is one queue, the scope's, from which all take the oldest entry;
//! - only who is inside of `std::thread::scope` can start a thread, and a closure that blocks is not: a
//!   *foreman* starts threads for everybody. It is the crew's monitor too.
//!
//! | file | subject |
//! |---|---|
//! | `member` | the life of a thread that runs closures |
//! | `foreman` | starts threads, and adds places while closures block |
//! | `census` | all crews there are, for those who ask |
//!
//! A crew knows nothing of the closures' lifetimes, so that a thread which is about to block finds its
//! crew wherever it is; the queue, which does, is passed to whoever takes entries.

mod census;
mod foreman;
mod member;

use std::io;
use std::sync::Arc;

pub(crate) use census::{refuse_waiting, threads, unfinished, waiting};
pub(crate) use member::{block_while, is_member};

use super::Pool;
use super::counts::{AtomicCounts, Wake};
use super::idle::Idle;
use super::sampler::Sampler;
use crate::config::Config;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use crate::sync::chaos;
use crate::sync::thread::{self, Thread};
use foreman::Foreman;

/// Where the closures of a scope wait.
pub(crate) trait Queue: Sync {
    /// A closure with its call.
    type Entry;

    /// Takes the oldest, after which [`Crew::set_waiting`] is told how many are left.
    fn pop(&self) -> Option<Self::Entry>;

    /// Runs it. No panic gets out.
    fn run(&self, entry: Self::Entry);

    /// Ends its call, because there is no thread to run it on.
    fn refuse(&self, entry: Self::Entry, why: &str);
}

/// The threads of one scope.
pub(crate) struct Crew {
    pool: &'static Arc<Pool>,
    config: &'static Config,
    counts: AtomicCounts,
    idle: Idle,
    sampler: Sampler,
    foreman: Foreman,
    /// Threads that exist or are being started, the foreman aside.
    threads: AtomicUsize,
    /// Those of them that block in a join.
    joining: AtomicUsize,
    /// How many entries are in the queue.
    waiting: AtomicUsize,
    /// How many closures have not ended.
    unfinished: AtomicUsize,
    /// Whose scope it is.
    owner: Thread,
    owner_waits: AtomicBool,
    /// There will be no more closures.
    over: AtomicBool,
}

impl Crew {
    /// A crew for a scope of this thread's.
    pub(crate) fn new(pool: &'static Arc<Pool>) -> Arc<Self> {
        let config = &pool.config;
        let crew = Arc::new(Self {
            pool,
            config,
            counts: AtomicCounts::new(config.workers()),
            idle: Idle::default(),
            sampler: Sampler::default(),
            foreman: Foreman::new(),
            threads: AtomicUsize::new(0),
            joining: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            unfinished: AtomicUsize::new(0),
            owner: thread::current(),
            owner_waits: AtomicBool::new(false),
            over: AtomicBool::new(false),
        });
        census::join(&crew);
        crew
    }

    /// Starts a first thread and the foreman, so that whatever comes later there is somebody to run a
    /// closure. Returns whether there is: else the system gave no thread, or the program is to run one
    /// thing after the other.
    pub(crate) fn begin<'s, Q: Queue>(
        self: &'s Arc<Self>,
        threads: &'s std::thread::Scope<'s, '_>,
        queue: &'s Q,
    ) -> bool {
        let hire = move || member::start(self, threads, queue);
        !self.config.is_sequential()
            && self.counts.claim_wake() == Wake::One
            && self.hire_with(&hire).is_ok()
            && foreman::start(self, threads, queue, hire).is_ok()
    }

    /// A closure is about to be queued.
    pub(crate) fn expect_one(&self) {
        // ORDERING: the queue publishes the closure.
        self.unfinished.fetch_add(1, Ordering::Relaxed);
    }

    /// How many entries are in the queue, told under the queue's lock.
    pub(crate) fn set_waiting(&self, entries: usize) {
        // ORDERING: see `wake_one`, and `Member::serve` for those who look.
        self.waiting.store(entries, Ordering::Relaxed);
    }

    /// How many entries are in the queue.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Sees to it that somebody takes care of entries that were queued before.
    pub(crate) fn wake_one(&self) {
        chaos();
        match self.counts.claim_wake() {
            Wake::Covered => {}
            Wake::Full => self.foreman.watch(),
            Wake::One => {
                chaos();
                if !self.idle.wake() {
                    self.foreman.order_thread();
                }
            }
        }
    }

    /// A closure has ended, and with it what it borrowed.
    pub(crate) fn one_ended(&self) {
        // ORDERING: the closure comes before its end for the owner, who reads with acquire; and the two
        // flags are each written before the other is read, so that one of the two threads sees both.
        if self.unfinished.fetch_sub(1, Ordering::SeqCst) == 1 {
            fence(Ordering::SeqCst);
            if self.owner_waits.load(Ordering::SeqCst) {
                self.owner.unpark();
            }
        }
    }

    /// Waits until every closure has ended, those included that others queue meanwhile.
    pub(crate) fn wait_for_end(&self) {
        self.owner_waits.store(true, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        while !self.is_done() {
            thread::park();
        }
    }

    /// Whether every closure has ended that was queued so far.
    pub(crate) fn is_done(&self) -> bool {
        // ORDERING: see `one_ended`.
        self.unfinished.load(Ordering::SeqCst) == 0
    }

    /// Sends the threads away: there will be no more closures.
    pub(crate) fn dismiss(self: &Arc<Self>) {
        census::leave(self);
        // ORDERING: a thread looks for this after it is on the stack of sleepers, whose lock orders.
        self.over.store(true, Ordering::Release);
        while self.idle.wake() {}
        self.foreman.dismiss();
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Starts a thread for a place that was taken on its behalf, unless there are as many as there may
    /// be; `false` if it gave the place back.
    fn hire_with(&self, start: &impl Fn() -> io::Result<()>) -> io::Result<bool> {
        let threads = self.threads.load(Ordering::SeqCst);
        // When all that there may be wait for others, only one more can end the waiting.
        if threads >= self.config.max_threads() && threads != self.joining.load(Ordering::SeqCst) {
            self.counts.undo_wake();
            return Ok(false);
        }
        self.threads.fetch_add(1, Ordering::SeqCst);
        start().map(|()| true).inspect_err(|_| {
            self.threads.fetch_sub(1, Ordering::SeqCst);
            self.counts.undo_wake();
        })
    }

    /// Whether every thread waits for others.
    fn all_join(&self) -> bool {
        self.threads.load(Ordering::SeqCst) == self.joining.load(Ordering::SeqCst)
    }
}

#[cfg(all(test, pybackground_shuttle))]
#[path = "../../models/crew.rs"]
mod model;
