//! The runtime of the process: the one instance that owns the pool, the wait graph and the limits.
//!
//! This is the only module that names the global instance. The modules below it get what they need by
//! `&self` and parameters; the ones above call the functions here.

mod global;
mod limits;

use std::sync::{Arc, Weak};

use crate::call::Call;
use crate::config::Config;
use crate::deadline::Deadline;
use crate::events;
use crate::os_thread::{OsThread, Threads};
pub(crate) use crate::pool::{FORKED, Outlook, SHUT_DOWN, runs_inline};
use crate::pool::{NO_DEPTH, Pool, Worker, has_stack, set_floor, with_current};
use crate::runnable::Runnable;
use crate::waits::Waits;
pub(crate) use global::{existing, global};
pub(crate) use limits::{HoldsBack, Limits};

/// The threads, and what they and their callers share.
pub(crate) struct Runtime {
    pool: Arc<Pool>,
    waits: Waits,
    limits: Limits,
}

impl Runtime {
    fn new(config: Config) -> Self {
        let pool = Arc::new(Pool::new(config, events::thread_refused));
        Self { pool, waits: Waits::new(), limits: Limits::new() }
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Whether no thread runs or looks for a call, and no call is queued or held back by a limit.
    pub(crate) fn seems_idle(&self) -> bool {
        self.limits.held() == 0 && self.pool.seems_idle()
    }

    /// The calls that a limit holds back.
    pub(crate) fn held_calls(&self) -> Vec<Call> {
        self.limits.calls()
    }
}

/// The pool that the current thread belongs to, else the global one.
fn pool_of(worker: Option<&Worker>) -> &Arc<Pool> {
    worker.map_or_else(|| &global().pool, Worker::pool)
}

/// Enqueues a call made on the current thread.
pub(crate) fn submit(job: Arc<dyn Runnable>) {
    with_current(|worker| match worker {
        Some(worker) => worker.push(job),
        None => global().pool.push(job),
    });
}

/// Enqueues a call that was admitted before: it acquired its limit, or its inputs ended.
pub(crate) fn resume(job: Arc<dyn Runnable>) {
    with_current(|worker| match worker {
        Some(worker) => worker.push(job),
        None => global().pool.push_admitted(job),
    });
}

/// Enqueues a call whose future was woken, behind the other woken ones: it may wake itself for ever.
pub(crate) fn requeue(job: Arc<dyn Runnable>) {
    with_current(|worker| pool_of(worker).push_woken(job));
}

/// Leaves the remains of a terminated call to another thread, because destructors may take long.
pub(crate) fn reap(job: Arc<dyn Runnable>) {
    global().pool.reap(job);
}

/// Whether there is a thread to run calls. Starts one if there is none.
pub(crate) fn has_thread() -> bool {
    with_current(|worker| worker.is_some()) || global().pool.ensure_thread()
}

/// Whether each call runs to its end where it is made.
pub(crate) fn is_sequential() -> bool {
    config().is_sequential()
}

/// Whether a call made on the current thread is admitted.
pub(crate) fn lets_in() -> bool {
    with_current(|worker| match worker {
        Some(worker) => worker.pool().admission().lets_in_from_bodies(),
        None => global().pool.admission().lets_in_here(),
    })
}

/// Whether no call is admitted any more, and none resumes.
pub(crate) fn is_closed() -> bool {
    !global().pool.admission().lets_in_from_bodies()
}

/// Whether calls are queued, and every thread that may run them is blocked in a join.
pub(crate) fn is_starved() -> bool {
    global().pool.is_deadlocked()
}

/// Whether the threads that run calls are in the process that this one was forked from.
pub(crate) fn was_forked() -> bool {
    global().pool.was_forked()
}

/// Whether the current thread runs calls, also between two of them.
pub(crate) fn is_worker() -> bool {
    with_current(|worker| worker.is_some())
}

/// The limits that hold calls back.
pub(crate) fn limits() -> &'static Limits {
    &global().limits
}

/// The settings in force.
pub(crate) fn config() -> &'static Config {
    global().pool.config()
}

/// The thread of the system of that name, which runs a body or waits. `base` is an address near the base of its stack.
pub(crate) fn os_thread(threads: &Threads, name: &str, base: usize) -> Option<OsThread> {
    let is_worker = |pool: &Arc<Pool>| pool.config().hooks().is_name(name);
    let pool = existing().map(Runtime::pool).filter(|pool| is_worker(pool));
    // Less than there is below `base`, so that no other stack is part of it.
    let size = pool.map_or(0, |pool| pool.config().stack_size() / 2);
    threads.named(name, &(base.saturating_sub(size)..base))
}

/// Which call waits for which.
pub(crate) fn waits() -> &'static Waits {
    &global().waits
}

/// Gives the current thread's slot to others while `wait` blocks; see [`Worker::block_while`] for `None`.
pub(crate) fn block_while<E>(
    has_time_limit: bool,
    wait: impl FnOnce() -> Option<Result<bool, E>>,
) -> Option<Result<bool, E>> {
    with_current(|worker| match worker {
        Some(worker) => worker.block_while(has_time_limit, wait),
        None => wait(),
    })
}

/// See [`Worker::is_asked`].
pub(crate) fn is_asked() -> bool {
    with_current(|worker| worker.is_some_and(Worker::is_asked))
}

/// See [`Worker::look`].
pub(crate) fn look(start: impl FnOnce(&dyn Fn(bool) -> Option<String>) -> Option<Outlook>) {
    with_current(|worker| {
        if let Some(worker) = worker {
            worker.look(start);
        }
    });
}

/// See [`Worker::sift`]. A shutdown refuses the queued calls after it has closed the runtime. Either it finds those that were out
/// of the queues, or the closed runtime is seen here.
#[cold]
pub(crate) fn sift(is_wanted: &dyn Fn(&dyn Runnable) -> bool) -> Option<Arc<dyn Runnable>> {
    with_current(|worker| {
        let worker = worker?;
        let wanted = worker.sift(is_wanted);
        if is_closed() {
            worker.pool().refuse_all(SHUT_DOWN);
        }
        wanted
    })
}

/// The current thread runs no body on top of the one that it runs now, until this is dropped.
pub(crate) struct ClosedStack {
    /// What the thread had before.
    floor: usize,
}

/// See [`ClosedStack`].
pub(crate) fn close_stack() -> ClosedStack {
    ClosedStack { floor: set_floor(NO_DEPTH) }
}

impl Drop for ClosedStack {
    fn drop(&mut self) {
        set_floor(self.floor);
    }
}

/// Whether the current thread has the stack to run the call it waits for, which has not started as far as is
/// known. If so, the call is no longer in the thread's own queue.
#[inline]
pub(crate) fn withdraw_to_run(job: &(impl Runnable + ?Sized)) -> bool {
    // A thread that is no worker has none.
    has_stack() && with_current(|worker| worker.map(|worker| worker.withdraw(job)).is_some())
}

/// Wakes a thread for the calls in the current thread's own queue. The call that was to run in place
/// ended elsewhere, and a thread may have gone to sleep while another call was taken out from above it.
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
    with_current(|worker| pool_of(worker).add_deadline(deadline, job));
}
