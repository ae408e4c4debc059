//! A thread that runs the closures of a scope: it searches, runs, sleeps, and leaves.

use std::cell::{Cell, OnceCell};
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::thread::Builder;

use super::{Crew, Queue};
use crate::pool::idle::{Awake, Sleeper};
use crate::pool::worker::{SPINS, YIELDS};
use crate::pool::worker_stats::WorkerStats;
use crate::stacks;
use crate::sync::atomic::Ordering;
use crate::sync::{chaos, thread, thread_local};

/// The number of the next thread: in its name, and in the sampler of its crew.
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// The part of a crew that belongs to the current thread.
struct Member {
    crew: Arc<Crew>,
    status: Arc<WorkerStats>,
    sleeper: Arc<Sleeper>,
    /// The thread is about to end: it has no place any more.
    retired: Cell<bool>,
}

thread_local! {
    static MEMBER: OnceCell<Member> = const { OnceCell::new() };
}

/// Starts a thread, which is counted as active and searching when it begins.
pub(super) fn start<'s, Q: Queue>(
    crew: &'s Arc<Crew>,
    threads: &'s std::thread::Scope<'s, '_>,
    queue: &'s Q,
) -> io::Result<()> {
    let id = STARTED.fetch_add(1, Ordering::Relaxed);
    Builder::new()
        .name(format!("background-scope-{id}"))
        .stack_size(crew.config.stack_size())
        .spawn_scoped(threads, move || run(crew, queue, id))
        .map(drop)
}

/// The whole life of a member.
pub(super) fn run(crew: &Arc<Crew>, queue: &impl Queue, id: usize) {
    let status = WorkerStats::of_new_thread(crew.threads.load(Ordering::Relaxed), id);
    crew.sampler.join(id, status.clone());
    let member = Member {
        crew: crew.clone(),
        status,
        sleeper: Sleeper::current(),
        retired: Cell::new(false),
    };
    MEMBER.with(|slot| slot.get_or_init(|| member).work(queue));
    crew.sampler.leave(id);
    crew.threads.fetch_sub(1, Ordering::SeqCst);
    // Somebody may have relied on this thread when no other could be started.
    if crew.waiting() > 0 {
        crew.wake_one();
    }
}

/// Gives the place of the current thread, if it is a member of a crew, to others while `wait` blocks.
pub(crate) fn block_while<R>(wait: impl FnOnce() -> R) -> R {
    let mut wait = Some(wait);
    let mut block = |member: Option<&Member>| {
        let wait = wait.take().expect("one of the two ways below is taken");
        match member {
            Some(member) => member.block_while(wait),
            None => wait(),
        }
    };
    // The thread's own storage is gone while the thread ends.
    match MEMBER.try_with(|slot| block(slot.get().filter(|member| !member.retired.get()))) {
        Ok(result) => result,
        Err(_) => block(None),
    }
}

/// Whether the current thread runs the closures of a scope.
pub(crate) fn is_member() -> bool {
    MEMBER.try_with(|slot| slot.get().is_some_and(|member| !member.retired.get())).unwrap_or(false)
}

impl Member {
    fn work(&self, queue: &impl Queue) {
        while self.serve(queue) == Awake::Woken && !self.crew.is_over() {}
        self.retired.set(true);
    }

    /// Runs closures until there are none, then sleeps. Called as active and searching.
    fn serve(&self, queue: &impl Queue) -> Awake {
        let crew = &*self.crew;
        // The thread slept.
        stacks::coarse_clock::read();
        let mut searching = true;
        while let Some(entry) = self.search(queue) {
            if crew.counts.stop_searching() && crew.waiting() > 0 {
                crew.wake_one();
            }
            if self.run_all(queue, entry) {
                crew.counts.start_searching();
            } else {
                searching = false;
                break;
            }
        }
        chaos();
        // On the stack of sleepers first: from the moment the place is given up, somebody may wake
        // this thread for it.
        crew.idle.announce(&self.sleeper);
        chaos();
        if searching {
            crew.counts.leave();
        }
        chaos();
        if crew.waiting() > 0 {
            crew.wake_one();
        }
        if crew.is_over() {
            Awake::Expired
        } else {
            crew.idle.sleep(&self.sleeper, crew.config.keep_alive())
        }
    }

    /// Runs `entry` and what else there is; `false` if the thread lost its place over it.
    fn run_all<Q: Queue>(&self, queue: &Q, entry: Q::Entry) -> bool {
        let mut next = Some(entry);
        while let Some(entry) = next {
            self.status.count_start();
            queue.run(entry);
            if self.crew.counts.leave_if_crowded() {
                self.status.set_running(false);
                return false;
            }
            next = self.find(queue);
        }
        self.status.set_running(false);
        true
    }

    fn find<Q: Queue>(&self, queue: &Q) -> Option<Q::Entry> {
        if self.crew.waiting() > 0 { queue.pop() } else { None }
    }

    /// Looks for an entry: eagerly, then politely, then no more.
    fn search<Q: Queue>(&self, queue: &Q) -> Option<Q::Entry> {
        for round in 0..SPINS + YIELDS {
            if let Some(entry) = self.find(queue) {
                return Some(entry);
            }
            if self.crew.is_over() {
                return None;
            }
            if self.crew.counts.read().searching > self.crew.config.workers() {
                return None;
            }
            if round < SPINS {
                thread::spin_loop();
            } else if !thread::yield_unless_crowded() {
                return self.find(queue);
            }
        }
        None
    }

    fn block_while<R>(&self, wait: impl FnOnce() -> R) -> R {
        let crew = &*self.crew;
        self.status.set_running(false);
        crew.joining.fetch_add(1, Ordering::SeqCst);
        crew.counts.block();
        chaos();
        if crew.waiting() > 0 {
            crew.wake_one();
        }
        self.crew.pool.somebody_waits();
        let result = wait();
        crew.joining.fetch_sub(1, Ordering::SeqCst);
        crew.counts.unblock();
        self.status.set_running(true);
        result
    }
}
