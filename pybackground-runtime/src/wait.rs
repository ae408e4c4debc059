//! Waiting for a call to end.
//!
//! A worker that waits for a call nobody has started runs that call itself, and never another: no
//! stranger's lock or stack is ever below it. Everybody else looks for a moment, yields, and parks.

use std::cell::OnceCell;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Instant;

use crate::limit::lend_slots_while;
use crate::pool;
use crate::sync::thread::{self, Thread};
use crate::sync::{chaos, now, rounds, thread_local};
use crate::task::{Handle, Job, Outcome};

/// How often a waiting thread looks before it begins to yield, and how often before it parks. A call
/// that takes a microsecond is over by then; for one that takes longer a park costs little.
const SPINS: usize = rounds(100);
const YIELDS: usize = rounds(20);

/// Waits for the outcome on behalf of the call's only owner.
pub(crate) fn outcome<T>(handle: Arc<dyn Handle<T>>) -> Outcome<T> {
    match handle.join_at_once() {
        Ok(outcome) => outcome,
        Err(handle) => {
            block_until_done(&*handle, None);
            handle.take().expect("its only owner takes the outcome")
        }
    }
}

/// Waits for the end of the call. Gives `run_in_place`, which is to claim the call and run it, the
/// chance to do so if this thread may.
pub(crate) fn until_done<T>(handle: &dyn Handle<T>, run_in_place: impl FnOnce() -> bool) {
    if handle.is_done() || (handle.is_claimable() && handle.may_run_in_place() && run_in_place()) {
        return;
    }
    block_until_done(handle, None);
}

/// Waits for the end of the call or for `end`; returns whether the call has ended.
pub(crate) fn until(job: &dyn Job, end: Instant) -> bool {
    job.is_done() || block_until_done(job, Some(end))
}

fn block_until_done(job: &(impl Job + ?Sized), end: Option<Instant>) -> bool {
    let deadline = job.deadline().map(|deadline| deadline.at());
    if look_for_a_moment(job, end) {
        pool::look_after_own_calls();
        return true;
    }
    let park = || lend_slots_while(|| park_until_done(job, end, deadline));
    pool::with_current(|worker| match worker {
        Some(worker) => worker.block_while(park),
        None => park(),
    })
}

fn look_for_a_moment(job: &(impl Job + ?Sized), end: Option<Instant>) -> bool {
    for round in 0..SPINS + YIELDS {
        if job.is_done() {
            return true;
        }
        if round < SPINS {
            thread::spin_loop();
        } else if end.is_some_and(|end| now() >= end) {
            return false;
        } else if !thread::yield_unless_crowded() {
            return job.is_done();
        }
    }
    false
}

/// Parks until the call ends or until `end`. The monitor expires the call at its deadline; should
/// there be no monitor, because the system gave no thread for it, it is done here.
fn park_until_done(
    job: &(impl Job + ?Sized),
    end: Option<Instant>,
    mut deadline: Option<Instant>,
) -> bool {
    let waker = current_waker();
    chaos();
    if !job.register(&waker) {
        return true;
    }
    loop {
        if job.is_done() {
            return true;
        }
        let now = now();
        if end.is_some_and(|end| end <= now) {
            return false;
        }
        if deadline.is_some_and(|deadline| deadline <= now) {
            job.expire(now);
            deadline = None;
            continue;
        }
        match end.into_iter().chain(deadline).min() {
            Some(next) => thread::park_timeout(next - now),
            None => thread::park(),
        }
    }
}

thread_local! {
    static WAKER: OnceCell<Waker> = const { OnceCell::new() };
}

/// The waker of the current thread: one and the same, so that a call which is waited for again and
/// again knows it once.
fn current_waker() -> Waker {
    let make = || Waker::from(Arc::new(Unpark(thread::current())));
    WAKER.try_with(|waker| waker.get_or_init(make).clone()).unwrap_or_else(|_| make())
}

/// Wakes a parked thread. The thread looks whether it was meant.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
