//! Waiting for a call to end.
//!
//! A worker that joins a call which has not started runs the call in place, and before that the dependencies
//! that hold the call back. It never runs an unrelated call: that could need a lock that a body below on the
//! same stack holds. `pool/README.md` lists when a worker may not run the call. Then it waits, as every other
//! thread does: it spins, yields, and parks.
//!
//! A thread that parks has registered a waker with the call, and its wait in the wait graph. It is woken by
//! the end of the call, a stop of its body, a deadlock that another thread found, or a round of
//! `pool::deadlock`. It then checks all of these, and the time: see `blocking`.

mod awaitable;
mod blocking;
mod printing;
mod standstill;
mod unstarted;

use std::convert::Infallible;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{CallResult, Error};
use crate::panic::catch;
use crate::runtime::{self, Outlook};
use crate::snapshot::{self, WaitReporter};
use crate::stacks;
use crate::sync::thread;
use crate::sync::{IS_MODEL, now, rounds};
use crate::task::{
    Called, FilledPlace, Handle, Job, ValuePlace, Valued, disown, lend_permits_while, look_behind,
    may_run_in_place, work,
};
use crate::wait_target::{Remains, downgrade};
use crate::waits::{BlockedIn, ScopedCalls};
pub(crate) use awaitable::Awaitable;
use blocking::{BlockingWait, block};
use printing::Looks;
pub(crate) use printing::printing;

/// How often a waiting thread spins, and how often it then yields, before it parks. A call that takes a
/// microsecond has ended by then. Beside a call that takes longer, a park costs little.
const SPINS: usize = rounds(100);
const YIELDS: usize = rounds(20);

/// Waits for the outcome on behalf of the call's only owner.
#[inline(never)]
#[track_caller]
pub(crate) fn outcome<T>(handle: Handle<T>) -> CallResult<T> {
    let site = Location::caller();
    handle.receive(|call, place| outcome_of(call, place, site))
}

/// As `outcome`, with the value in a box.
#[inline(never)]
#[track_caller]
pub(crate) fn outcome_boxed<T>(handle: Handle<T>) -> CallResult<Box<T>> {
    let site = Location::caller();
    handle.receive_boxed(|call, place| outcome_of(call, place, site))
}

#[inline]
fn outcome_of<'id>(
    call: Called<'id>,
    place: ValuePlace<'id>,
    site: &'static Location<'static>,
) -> CallResult<FilledPlace<'id>> {
    call.join_at_once(place).unwrap_or_else(|call| wait_for_outcome(call, place, site))
}

/// As `outcome`, of a call that this thread could not run at once.
fn wait_for_outcome<'id>(
    mut call: Called<'id>,
    place: ValuePlace<'id>,
    site: &'static Location<'static>,
) -> CallResult<FilledPlace<'id>> {
    while run_inputs(call.call().job()) {
        call = match call.join_at_once(place) {
            Ok(outcome) => return outcome,
            Err(call) => call,
        };
    }
    block_until_done(call.call(), None, site)
        // The `Lazy` goes.
        .inspect_err(|_| disown(call.call().job()))?;
    call.take(place).expect("its only owner takes the outcome")
}

/// Waits for the end of the call. If this thread may run the call, calls `run_in_place`, which claims and runs
/// it and returns whether it did.
///
/// # Errors
///
/// If the wait is a deadlock, the waiting body has to stop, or the process was forked.
#[track_caller]
pub(crate) fn until_done(
    call: &Arc<dyn Valued>,
    run_in_place: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let job = call.job();
    let this_thread_may = || job.is_claimable() && may_run_in_place(job);
    loop {
        if job.is_done() || (this_thread_may() && run_in_place()) {
            return Ok(());
        }
        if !run_inputs(job) {
            break;
        }
    }
    block_until_done(call, None, Location::caller()).map(drop)
}

/// Runs the inputs (dependencies) that hold the call back, as far as no other thread has started them and this
/// thread may run them. Runs the inputs of an input before the input. Returns whether it ran any.
fn run_inputs(job: &dyn Job) -> bool {
    let mut ran = false;
    // A thread that is no worker may run nothing in place.
    if !runtime::is_worker() {
        return ran;
    }
    let unfinished = |job: &dyn Job| {
        let inputs = job.dependencies().into_iter().map(|input| input.job);
        inputs.filter(|input| !input.is_done()).map(|input| (input, false)).collect::<Vec<_>>()
    };
    // A depth-first search. `true` marks an input whose own inputs have been visited.
    let mut path = unfinished(job);
    while let Some((input, was_seen_to)) = path.pop() {
        if input.is_claimable() {
            if !may_run_in_place(&*input) {
                return ran;
            }
            // Catches a panic in the destructor of a result that no thread waits for.
            catch(move || input.run());
            ran = true;
        } else if !was_seen_to {
            let inputs = unfinished(&*input);
            path.push((input, true));
            path.extend(inputs);
        }
    }
    ran
}

/// Waits for the end of the call or for `end`; returns whether the call has ended.
///
/// # Errors
///
/// If the waiting body has to stop, or the process was forked.
#[track_caller]
pub(crate) fn until(call: &Arc<dyn Valued>, end: Instant) -> Result<bool, Error> {
    if call.job().is_done() {
        Ok(true)
    } else {
        block_until_done(call, Some(end), Location::caller())
    }
}

/// Waits for the end of the call, whose body is no future. This thread need not have the `Lazy`.
///
/// # Errors
///
/// If the wait cannot go on: it would never end, or the body that waits is to stop.
#[track_caller]
pub(crate) fn until_ended(job: &Arc<dyn Job>) -> Result<(), Error> {
    if look_for_a_moment(|| job.is_done(), None) {
        return Ok(());
    }
    let deadline = job.deadline().map(|deadline| deadline.at());
    block(&BlockingWait { deadline, on: job, end: None }, Location::caller()).map(|_| ())
}

/// Waits for the end of any of several calls or for `end`; returns whether one has ended.
///
/// # Errors
///
/// If the wait is a deadlock, the waiting body has to stop, or the process was forked.
#[track_caller]
pub(crate) fn for_any(calls: &impl Awaitable, end: Option<Instant>) -> Result<bool, Error> {
    if look_for_a_moment(|| calls.is_over(), end) {
        return Ok(true);
    }
    block(&BlockingWait { on: calls, deadline: None, end }, Location::caller())
}

fn block_until_done(
    call: &Arc<dyn Valued>,
    end: Option<Instant>,
    site: &'static Location<'static>,
) -> Result<bool, Error> {
    if look_for_a_moment(|| call.job().is_done(), end) {
        runtime::look_after_own_calls();
        return Ok(true);
    }
    let job = Arc::clone(call).into_job();
    let deadline = job.deadline().map(|deadline| deadline.at());
    block(&BlockingWait { deadline, on: &job, end }, site)
}

/// Whether this thread may run `job`, a closure of a scope that it waits for.
///
/// A worker may under the same conditions as in any join. Another thread may unless it runs a body: its stack may be
/// deep already, and its size is not known. If each body has a stack of its own, no other thread may.
pub(crate) fn may_help(job: &dyn Job) -> bool {
    if runtime::is_worker() {
        may_run_in_place(job)
    } else {
        stacks::current().is_none() && !runtime::config().own_stack()
    }
}

/// Waits until every closure of a scope has ended.
pub(crate) fn for_scope(calls: &Arc<dyn ScopedCalls>, site: &'static Location<'static>) {
    if calls.all_have_ended() {
        return;
    }
    if !look_for_a_moment(|| calls.all_have_ended(), None) {
        let waiting = runtime::waits().for_scope(calls, site);
        look_behind(waiting.as_ref());
        let mut looks = Looks::new(!IS_MODEL);
        let mut report =
            WaitReporter::new(snapshot::WaitsFor::BlockedIn(BlockedIn::ScopeEnd), site);
        let mut wait = || {
            while !calls.all_have_ended() {
                if runtime::is_asked() {
                    return None;
                }
                report.look();
                let rest = looks.next().map(|at| at.saturating_duration_since(now()));
                match rest {
                    Some(Duration::ZERO) => look_at_scope(&mut looks, &**calls, site),
                    rest => calls.park(rest.into_iter().chain(report.rest()).min()),
                }
            }
            Some(Ok::<_, Infallible>(true))
        };
        while runtime::block_while(false, || lend_permits_while(&mut wait)).is_none() {
            runtime::look(|_| Some(Outlook::CallsOnly));
        }
        drop(waiting);
    }
    stacks::coarse_clock::read();
}

fn look_at_scope(looks: &mut Looks, calls: &dyn ScopedCalls, site: &'static Location<'static>) {
    let unfinished = downgrade(calls.unfinished(), &mut Remains::default());
    looks.look_at_scope(&unfinished, site);
}

/// Spins and yields until `is_over` or `end`, for as long as it is cheaper than to park. Performs the user code
/// that this thread has put off before. Returns whether it is over.
fn look_for_a_moment(is_over: impl Fn() -> bool, end: Option<Instant>) -> bool {
    while !is_over() && work::perform_one() {}
    let pool = runtime::global().pool();
    let (spins, yields) = pool.patience(SPINS, YIELDS);
    for round in 0..spins + yields {
        if is_over() {
            return true;
        }
        if round < spins {
            thread::spin_loop();
        } else if end.is_some_and(|end| now() >= end) {
            return false;
        } else if !pool.yield_now() {
            return is_over();
        }
    }
    // Without patience, it has not looked yet.
    spins + yields == 0 && is_over()
}
