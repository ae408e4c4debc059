//! Waiting for a call to end.
//!
//! A worker that joins a call which has not started runs the call in place, and before that the dependencies
//! that hold the call back. It never runs an unrelated call: that could need a lock that a body below on the
//! same stack holds. `pool/README.md` lists when a worker may not run the call. Then it waits, as every other
//! thread does: it spins, yields, and parks.
//!
//! A thread that parks has registered a waker with the call, and its wait in the wait graph. It is woken by
//! the end of the call, a stop of its body, a deadlock that another thread found, or a round of
//! `pool::deadlock`. It then checks all of these, and the time, in `park_until_over`.

mod printing;
mod standstill;
mod unstarted;

use std::cell::OnceCell;
use std::convert::Infallible;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::cancel;
use crate::context;
use crate::error::{Error, Outcome, Progress};
use crate::events::{self, CallEvents};
use crate::panic::catch;
use crate::runtime;
use crate::snapshot::{self, WaitReporter};
use crate::stacks::{self, Frame};
use crate::sync::thread::{self, Thread};
use crate::sync::{IS_MODEL, chaos, now, rounds, thread_local};
use crate::task::{
    Called, Filled, Handle, Job, Joined, Place, Registration, Valued, disown, lend_permits_while,
    look_behind, may_run_in_place, work,
};
use crate::wait_target::{Remains, WaitTarget, downgrade};
use crate::waits::{BlockedIn, End, ScopedCalls, Waiting};
pub(crate) use printing::printing;
use printing::{Found, Looks};

/// How often a waiting thread spins, and how often it then yields, before it parks. A call that takes a
/// microsecond has ended by then. Beside a call that takes longer, a park costs little.
const SPINS: usize = rounds(100);
const YIELDS: usize = rounds(20);

/// Waits for the outcome on behalf of the call's only owner.
#[inline(never)]
#[track_caller]
pub(crate) fn outcome<T>(handle: Handle<T>) -> Outcome<T> {
    let site = Location::caller();
    handle.receive(|call, place| outcome_of(call, place, site))
}

/// As `outcome`, with the value in a box.
#[inline(never)]
#[track_caller]
pub(crate) fn outcome_boxed<T>(handle: Handle<T>) -> Outcome<Box<T>> {
    let site = Location::caller();
    handle.receive_boxed(|call, place| outcome_of(call, place, site))
}

#[inline]
fn outcome_of<'id>(
    call: Called<'id>,
    place: Place<'id>,
    site: &'static Location<'static>,
) -> Outcome<Filled<'id>> {
    call.join_at_once(place).unwrap_or_else(|call| wait_for_outcome(call, place, site))
}

/// As `outcome`, of a call that this thread could not run at once.
fn wait_for_outcome<'id>(
    mut call: Called<'id>,
    place: Place<'id>,
    site: &'static Location<'static>,
) -> Outcome<Filled<'id>> {
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
    block(&Wait { deadline, on: job, end: None }, Location::caller()).map(|_| ())
}

/// Waits for the end of any of several calls or for `end`; returns whether one has ended.
///
/// # Errors
///
/// If the wait is a deadlock, the waiting body has to stop, or the process was forked.
#[track_caller]
pub(crate) fn for_any(calls: &impl Awaited, end: Option<Instant>) -> Result<bool, Error> {
    if look_for_a_moment(|| calls.is_over(), end) {
        return Ok(true);
    }
    block(&Wait { on: calls, deadline: None, end }, Location::caller())
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
    block(&Wait { deadline, on: &job, end }, site)
}

fn block(wait: &Wait<'_, impl Awaited>, site: &'static Location<'static>) -> Result<bool, Error> {
    if runtime::was_forked() {
        return Err(Error::not_run(wait.on.call(), runtime::FORKED, Progress::NotStarted));
    }
    let _blocking = context::about_to_block(|| wait.on.call(), site);
    let blocked = events::blocked(|| wait.on.call(), site, || wait.on.events());
    // Before this thread gives up its slot: a thread that looks for deadlocks then sees the wait.
    let entered = wait.enter(site);
    let waited = entered
        .and_then(|entered| entered.map_or(Ok(true), |entered| wait.until_over(&entered, site)));
    stacks::coarse_clock::read();
    blocked.unblocked(|| wait.on.events(), &waited);
    waited
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
            runtime::look(|_| false);
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

/// What a thread can block for.
pub(crate) trait Awaited {
    /// Unregisters a waker when it is dropped.
    type Registration;

    fn is_over(&self) -> bool;

    /// Registers `waker`, to be woken when the wait is over; returns `None` if it is over already.
    fn register(&self, waker: Waker) -> Option<Self::Registration>;

    /// Inserts the wait into the wait graph.
    ///
    /// # Errors
    ///
    /// If the wait is a deadlock.
    fn announce(
        &self,
        site: &'static Location<'static>,
        end: End,
    ) -> Result<Option<Waiting<'static>>, Error>;

    /// Expires the call if its deadline is not after `now`, in case there is no monitor to do so.
    fn expire(&self, now: Instant);

    /// Whether this is the call of `body` itself. A stop of the body ends that call, and so the wait.
    fn is_call_of(&self, body: Frame) -> bool;

    /// The call that is waited for, or one of them.
    fn call(&self) -> Call;

    /// The call that is waited for, if there is only one.
    fn only(&self) -> Option<&Arc<dyn Job>> {
        None
    }

    /// Returns the calls of which any ends the wait. Weak, because a search for rings counts the owners of a call.
    fn each(&self) -> Vec<Weak<dyn WaitTarget>>;

    /// Returns the same calls, for [`unstarted`].
    fn jobs(&self) -> Vec<Arc<dyn Job>>;

    /// The events of the call that is waited for, if there is only one.
    fn events(&self) -> Option<&CallEvents> {
        None
    }
}

impl Awaited for Arc<dyn Job> {
    type Registration = Registration;

    fn is_over(&self) -> bool {
        self.is_done()
    }

    fn register(&self, waker: Waker) -> Option<Registration> {
        <dyn Job>::register(self, waker)
    }

    fn announce(
        &self,
        site: &'static Location<'static>,
        end: End,
    ) -> Result<Option<Waiting<'static>>, Error> {
        runtime::waits().for_call(self.clone(), site, end)
    }

    fn expire(&self, now: Instant) {
        (**self).expire(now);
    }

    fn is_call_of(&self, body: Frame) -> bool {
        self.runner() == body
    }

    fn call(&self) -> Call {
        (**self).call()
    }

    fn only(&self) -> Option<&Arc<dyn Job>> {
        Some(self)
    }

    fn each(&self) -> Vec<Weak<dyn WaitTarget>> {
        vec![Arc::<dyn Job>::downgrade(self) as _]
    }

    fn jobs(&self) -> Vec<Arc<dyn Job>> {
        vec![self.clone()]
    }

    fn events(&self) -> Option<&CallEvents> {
        Some((**self).events())
    }
}

/// The registrations of a thread that waits, removed when this is dropped.
struct Entered<R> {
    _joined: Option<Joined>,
    waiting: Option<Waiting<'static>>,
    _registration: R,
}

/// A wait that blocks.
struct Wait<'a, A> {
    on: &'a A,
    /// The time limit of the wait.
    end: Option<Instant>,
    /// The deadline of the call.
    deadline: Option<Instant>,
}

impl<A: Awaited> Wait<'_, A> {
    /// Registers the thread with the call and in the wait graph; `None` if the wait is over already.
    ///
    /// # Errors
    ///
    /// If the wait is a deadlock.
    fn enter(
        &self,
        site: &'static Location<'static>,
    ) -> Result<Option<Entered<A::Registration>>, Error> {
        let waker = current_waker();
        chaos();
        let Some(registration) = self.on.register(waker) else {
            return Ok(None);
        };
        let ends = self.end.is_some() || self.deadline.is_some();
        let waiting = self.on.announce(site, if ends { End::InTime } else { End::Never })?;
        let joined = waiting.as_ref().and_then(|_| Joined::new(self.on.only()?));
        if joined.as_ref().is_some_and(Joined::is_suspended) {
            joined.iter().for_each(Joined::look_for_ring);
        } else {
            look_behind(waiting.as_ref());
        }
        Ok(Some(Entered { _joined: joined, waiting, _registration: registration }))
    }

    /// Blocks until the wait is over, and returns `true`, or until its time limit. In between, runs or refuses a
    /// call each time a round of `pool::deadlock` asks for it.
    fn until_over(
        &self,
        entered: &Entered<A::Registration>,
        site: &'static Location<'static>,
    ) -> Result<bool, Error> {
        loop {
            let park = || {
                let waited = self.park_until_over(entered, site);
                if waited.is_err() {
                    // The thread may first have to wait for the permits that it has lent.
                    entered.waiting.iter().for_each(Waiting::fails);
                }
                waited.transpose()
            };
            if let Some(waited) =
                runtime::block_while(self.end.is_some(), || lend_permits_while(park))
            {
                return waited;
            }
            let mut is_over = false;
            let mut waits_again = None;
            let waiting = entered.waiting.as_ref();
            runtime::look(|refusal| {
                waiting.into_iter().for_each(Waiting::runs_body);
                let started = unstarted::run_or_refuse(self.on.jobs(), refusal);
                is_over = self.on.is_over();
                waits_again = waiting.filter(|_| !is_over).map(Waiting::waits_again);
                started || is_over
            });
            if is_over {
                return Ok(true);
            }
            if let Some(waits_again) = waits_again {
                waits_again.map_err(|cycle| Error::deadlock(self.on.call(), cycle))?;
                look_behind(waiting);
            }
        }
    }

    /// Parks until the wait is over, and returns `true`, or until its time limit; `None` if a round of
    /// `pool::deadlock` asks the thread to look. The monitor expires calls at their deadlines. If the system
    /// gave no thread for the monitor, the waiting thread does so.
    fn park_until_over(
        &self,
        entered: &Entered<A::Registration>,
        site: &'static Location<'static>,
    ) -> Result<Option<bool>, Error> {
        let body = stacks::current();
        let mut deadline = self.deadline;
        let mut report = WaitReporter::new(snapshot::WaitsFor::Call(self.on.call()), site);
        // A wait that has a time limit cannot hang, so it needs no look.
        let mut looks = Looks::new(!IS_MODEL && self.end.is_none() && deadline.is_none());
        loop {
            if self.on.is_over() {
                return Ok(Some(true));
            }
            if self.end.is_none() && runtime::is_asked() {
                return Ok(None);
            }
            self.give_up_if_stopped(body)?;
            if let Some(cycle) = entered.waiting.as_ref().and_then(Waiting::failure) {
                return Err(Error::deadlock(self.on.call(), cycle));
            }
            let now = now();
            if self.end.is_some_and(|end| end <= now) {
                return Ok(Some(false));
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                self.on.expire(now);
                deadline = None;
                continue;
            }
            report.look();
            if looks.next().is_some_and(|at| at <= now) {
                if let Some(Found { stream, is_format }) =
                    looks.look(self.on.call(), &self.on.each())
                {
                    return Err(Error::print_deadlock(self.on.call(), stream, site, is_format));
                }
                continue;
            }
            match self.end.into_iter().chain(looks.next()).chain(deadline).chain(report.due()).min()
            {
                Some(next) => thread::park_timeout(next - now),
                None => thread::park(),
            }
        }
    }

    /// Returns an error if the waiting body has to stop, which ends the wait. A destructor that runs because of a
    /// panic goes on waiting: it could not unwind, and it cleans up.
    fn give_up_if_stopped(&self, body: Frame) -> Result<(), Error> {
        match cancel::stopped() {
            Some(waiter) if cancel::may_unwind() && !self.on.is_call_of(body) => {
                Err(Error::given_up(self.on.call(), waiter))
            }
            _ => Ok(()),
        }
    }
}

thread_local! {
    static WAKER: OnceCell<Waker> = const { OnceCell::new() };
}

/// The waker of the current thread, made at its first wait.
fn current_waker() -> Waker {
    let make = || Waker::from(Arc::new(Unpark(thread::current())));
    WAKER.try_with(|waker| waker.get_or_init(make).clone()).unwrap_or_else(|_| make())
}

/// Wakes a parked thread, which then checks whether its wait is over.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
