//! A call without the type of its result: what threads, waiters and other calls see of it.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use super::awaits::{Awaits, Polling};
use super::body::{Body, Step};
use super::dependencies::{self, Dependencies, Dependency};
use super::header::Header;
use super::permit::Permit;
use super::state::{Close, Loaded, Locked, Word};
use super::trailer::Trailer;
use super::waiters::Registration;
use super::{Task, work};
use crate::call::Call;
use crate::cancel::{self, Link, Orphan};
use crate::deadline::Deadline;
use crate::error::{Error, StopReason};
use crate::events::{CallEvents, Place};
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::runtime;
use crate::stacks::{self, Frame};
use crate::sync::now;
use crate::wait_target::WaitTarget;

/// A call without the type of its result.
///
/// The methods of the trait depend on the type of the body. Everything else is a method of `dyn Job`.
pub(crate) trait Job: Runnable + WaitTarget {
    /// What is known of the call from the start.
    fn header(&self) -> &Header;

    /// What can be read of the state without the lock.
    fn word(&self) -> &Word;

    /// Calls `act` once, under the task's lock.
    fn with_trailer(&self, act: &mut dyn FnMut(&mut Trailer));

    /// Grants a held call the permit it waits for; gives it back if the call has been closed.
    fn admit(&self, permit: Permit) -> Option<Permit>;

    /// Enqueues a held call whose dependencies have ended, or has it wait for a permit.
    fn admit_with_dependencies(self: Arc<Self>);

    /// Notifies the call that one of its dependencies has ended.
    fn dependency_ended(self: Arc<Self>);

    /// Resumes a body that is suspended.
    fn resume(self: Arc<Self>);

    /// What is left of the call if this was its last owner.
    fn into_remains(self: Arc<Self>) -> Option<Box<dyn Any + Send>>;

    /// Cancels the call. Drops nothing; returns the dependencies that no other call needs, or `None` if
    /// the call had ended.
    fn close_cancelled(&self) -> Option<Vec<Arc<dyn Job>>>;

    /// Whether a stop of the parent always stops the call: it cannot be detached or shared.
    fn belongs_to_scope(&self) -> bool;

    /// Calls `act` once, under the task's lock, with the call's place in the cancellation tree.
    fn with_link(&self, act: &mut dyn FnMut(&mut Link));
}

/// The times after which a call ends: from the call, and from the start of its body.
#[derive(Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) of_call: Option<Duration>,
    pub(crate) of_run: Option<Duration>,
}

/// Whether any call of the process was ever awaited: as long as none was, this spares a lock.
static AWAITED: AtomicBool = AtomicBool::new(false);

/// See [`AWAITED`].
#[inline]
pub(crate) fn any_was_awaited() -> bool {
    // ORDERING: a thread that has a polled `Lazy` got it from the thread that polled it.
    AWAITED.load(Ordering::Relaxed)
}

impl dyn Job + '_ {
    /// Returns whether a thread that joins the call may run it. A hint: it can be claimed immediately
    /// afterwards.
    pub(crate) fn is_claimable(&self) -> bool {
        self.word().is_claimable()
    }

    /// Whether the body must not run on top of another one.
    pub(crate) fn has_own_stack(&self) -> bool {
        self.header().has_own_stack()
    }

    fn linked<R>(&self, act: impl FnOnce(&mut Link) -> R) -> R {
        let (mut act, mut result) = (Some(act), None);
        self.with_link(&mut |link| result = act.take().map(|act| act(link)));
        result.expect("`act` is called once")
    }

    /// Detaches the call from the body that made it: a stop of that body does not stop the call.
    pub(crate) fn detach(&self) {
        self.events().used();
        if !self.belongs_to_scope() {
            drop(self.linked(Link::detach));
        }
    }

    /// Lets the call continue when the body that made it is stopped, for as long as a clone is held.
    pub(crate) fn share(&self) {
        if !self.belongs_to_scope() {
            self.linked(Link::share);
        }
    }

    /// Whether the body that made the call has stopped.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.linked(|link| link.is_orphaned())
    }

    /// Keeps the error of a wait that ended before the call did, for as long as the call is kept.
    pub(crate) fn keep_wait_error(&self, error: Error) -> &Error {
        self.header().keep_wait_error(error)
    }

    pub(crate) fn events(&self) -> &CallEvents {
        self.header().events()
    }

    fn locked<R>(&self, act: impl FnOnce(&mut Trailer) -> R) -> R {
        let (mut act, mut result) = (Some(act), None);
        self.with_trailer(&mut |trailer| result = act.take().map(|act| act(trailer)));
        result.expect("`act` is called once")
    }

    /// As `locked`, unless the call has ended. The state turns to done under the lock, together with
    /// taking the trailer: nothing is added to a list that is never read.
    fn unless_done<R>(&self, act: impl FnOnce(&mut Trailer) -> R) -> Option<R> {
        self.locked(|trailer| if self.is_done() { None } else { Some(act(trailer)) })
    }

    pub(crate) fn deadline(&self) -> Option<Arc<Deadline>> {
        self.locked(|trailer| trailer.deadline().cloned())
    }

    /// Sets the timeouts that there are.
    pub(crate) fn set_timeouts(self: &Arc<Self>, timeouts: Timeouts)
    where
        Self: 'static,
    {
        if let Some(timeout) = timeouts.of_call {
            self.set_timeout(timeout);
        }
        if let Some(timeout) = timeouts.of_run {
            self.set_run_timeout(timeout);
        }
    }

    /// Ends the call after `timeout` unless it has an earlier deadline.
    pub(crate) fn set_timeout(self: &Arc<Self>, timeout: Duration)
    where
        Self: 'static,
    {
        if let Some(deadline) = Deadline::from_now(timeout) {
            self.keep(deadline);
        }
    }

    /// Ends the call `timeout` after its body has started.
    pub(crate) fn set_run_timeout(&self, timeout: Duration) {
        self.unless_done(|trailer| trailer.set_run_timeout(timeout));
    }

    /// Ends the call at `deadline` unless it has an earlier one.
    fn keep(self: &Arc<Self>, deadline: Deadline)
    where
        Self: 'static,
    {
        let deadline = Arc::new(deadline);
        if self.bring_forward(deadline.clone()) {
            let job: Arc<dyn Runnable> = self.clone();
            runtime::keep_deadline(deadline, Arc::downgrade(&job));
        }
    }

    /// Sets the deadline; `false` if there is an earlier one or the call has ended.
    pub(crate) fn bring_forward(&self, deadline: Arc<Deadline>) -> bool {
        self.unless_done(|trailer| trailer.bring_forward(deadline)).unwrap_or(false)
    }

    /// The calls that the call waits for before it is enqueued.
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        self.locked(|trailer| trailer.dependencies().map(Dependencies::all)).unwrap_or_default()
    }

    /// Notifies `call`, of which this is a dependency, of the end; `false` if the call has ended.
    pub(crate) fn add_dependent(&self, call: Arc<dyn Job>) -> bool {
        self.unless_done(|trailer| trailer.add_dependent(call)).is_some()
    }

    /// A dependent was closed and need not be notified any more.
    pub(crate) fn dependent_closed(&self) {
        self.locked(Trailer::dependent_closed).into_iter().for_each(drop_catching);
    }

    /// Wakes `waker` when the call ends, unless the registration is dropped before; `None` if it has ended.
    pub(crate) fn register(self: &Arc<Self>, waker: Waker) -> Option<Registration>
    where
        Self: 'static,
    {
        let key = self.unless_done(|trailer| trailer.waiters().add(waker))?;
        Some(Registration::new(Arc::downgrade(self), key))
    }

    #[cfg(test)]
    pub(super) fn registered(&self) -> usize {
        self.locked(|trailer| trailer.waiters().len())
    }

    pub(super) fn unregister(&self, key: u64) {
        // A call that has ended is asked without its lock.
        if !self.is_done() {
            drop_catching(self.unless_done(|trailer| trailer.waiters().remove(key)));
        }
    }

    /// Wakes `waker`, and no waker that was set here before, when the call ends; `false` if it has ended.
    /// Unlike those that register, it may be foreign code.
    pub(crate) fn set_awaiter(&self, waker: &Waker) -> bool {
        match self.unless_done(|trailer| trailer.is_awaited_by(waker)) {
            None => false,
            Some(true) => true,
            Some(false) => {
                // ORDERING: see `any_was_awaited`.
                AWAITED.store(true, Ordering::Relaxed);
                self.exchange_awaiter(Some(waker.clone()))
            }
        }
    }

    /// Calls `act` with the waker of `set_awaiter`.
    pub(super) fn with_awaiter<R>(&self, act: impl FnOnce(Option<&Waker>) -> R) -> R {
        self.locked(|trailer| act(trailer.awaiter()))
    }

    /// How many threads join the call of an async body.
    pub(super) fn joins(&self) -> usize {
        self.locked(|trailer| trailer.joins())
    }

    /// A thread joins the call from now on; `false` if it has ended.
    pub(super) fn join_begins(&self) -> bool {
        self.unless_done(Trailer::join_begins).is_some()
    }

    pub(super) fn join_ends(&self) {
        self.unless_done(Trailer::join_ends);
    }

    /// Calls `act` with what a suspended body awaits.
    pub(super) fn with_awaits<R>(&self, act: impl FnOnce(Option<&mut Awaits>) -> R) -> R {
        self.locked(|trailer| act(trailer.awaits()))
    }

    /// Forgets the waker of `set_awaiter`.
    pub(crate) fn clear_awaiter(&self) {
        self.exchange_awaiter(None);
    }

    /// Replaces the awaiter; `false` if the call has ended.
    fn exchange_awaiter(&self, awaiter: Option<Waker>) -> bool {
        let mut new = Some(awaiter);
        let replaced =
            self.unless_done(|trailer| trailer.replace_awaiter(new.take().expect("it is once")));
        let pending = replaced.is_some();
        drop_catching((replaced, new));
        pending
    }

    /// Cancels the call, and the dependencies that only it needs; `false` if it has ended. Drops the
    /// body of a call that no thread runs.
    pub(crate) fn cancel(&self) -> bool {
        let closed = self.close_cancelled();
        let had_not_ended = closed.is_some();
        dependencies::cancel(closed.unwrap_or_default());
        self.clean_up();
        had_not_ended
    }
}

impl<B: Body> Task<B> {
    fn expire_at(&self, now: impl FnOnce() -> Instant) {
        let deadline = self.state.lock().trailer().deadline().cloned();
        if let Some(deadline) = deadline
            && deadline.at() <= now()
        {
            let error = |progress| Error::timeout(self.call(), &deadline, progress);
            dependencies::expire(self.close(StopReason::TimedOut, error).unwrap_or_default());
        }
    }

    /// Sets the deadline of a body that this thread starts now, if there is a timeout of the run.
    fn start_run_timeout(self: &Arc<Self>) {
        let timeout = self.state.lock().trailer().take_run_timeout();
        if let Some(deadline) = timeout.and_then(Deadline::from_start) {
            let job: Arc<dyn Job> = self.clone();
            job.keep(deadline);
        }
    }
}

impl<B: Body> Runnable for Task<B> {
    fn run(self: Arc<Self>) {
        let may_have_time_limit = !self.state.word().is_claimable();
        if may_have_time_limit {
            // The monitor may not have expired it yet.
            self.expire_at(now);
        }
        let Some((Loaded { body, permit }, link)) = self.state.lock().claim(stacks::upcoming)
        else {
            return self.clean_up();
        };
        let start = || {
            if may_have_time_limit {
                self.start_run_timeout();
            }
        };
        let waker = || Waker::from(self.clone());
        let polling = if B::IS_SYNC { None } else { Some(self.begin_poll(permit.as_ref())) };
        let below = cancel::enter(link);
        let ran = self.header.run(body, permit.as_ref(), Place::Worker, start, waker);
        let link = cancel::leave(below);
        let outcome = match ran {
            Ok(Step::Suspended(body)) => {
                let awaits = polling.map(Polling::end).unwrap_or_default();
                return self.suspend(Loaded { body, permit }, link, awaits);
            }
            Ok(Step::Finished(value)) => Ok(value),
            Ok(Step::Failed(error)) | Err(error) => Err(error),
        };
        drop(permit);
        self.finish(outcome, link);
    }

    fn run_in_sequence(self: Arc<Self>, is_new: bool) {
        if is_new { work::run_new(self) } else { work::run(self) }
    }

    fn is_stale(&self) -> bool {
        !self.state.word().is_pending()
    }

    fn is_future(&self) -> bool {
        !B::IS_SYNC
    }

    fn expire(&self, now: Instant) {
        self.expire_at(|| now);
    }

    fn refuse(&self, why: &str) {
        let close = {
            let mut state = self.state.lock();
            if state.is_running() {
                return;
            }
            state.close(|progress, _| {
                self.noted(Error::not_run(self.call(), why, progress), progress)
            })
        };
        if let Close::NeverEnds(trailer, _) = close {
            work::notify(trailer);
        }
        self.clean_up();
    }

    fn clean_up(&self) {
        self.header.events().report_stop();
        let (awaiter, body) = {
            let mut state = self.state.lock();
            let is_done = self.state.word().is_done();
            let awaiter = is_done.then(|| state.trailer().replace_awaiter(None)).flatten();
            (awaiter, state.take_closed_body())
        };
        if let Some(awaiter) = awaiter {
            work::wake(awaiter);
        }
        if let Some(body) = body {
            work::drop_body(body);
        }
    }
}

impl<B: Body> WaitTarget for Task<B> {
    fn call(&self) -> Call {
        self.header.call(B::function)
    }

    fn is_done(&self) -> bool {
        self.state.word().is_done()
    }

    fn runner(&self) -> Frame {
        self.state.word().runner()
    }

    fn is_queued(&self) -> bool {
        self.state.word().is_queued()
    }

    fn inputs(&self) -> Vec<Arc<dyn WaitTarget>> {
        let job: &dyn Job = self;
        job.dependencies().into_iter().map(|input| input.job as Arc<dyn WaitTarget>).collect()
    }

    fn has_deadline(&self) -> bool {
        let job: &dyn Job = self;
        job.deadline().is_some()
    }

    fn into_weak(self: Arc<Self>) -> Box<dyn Any> {
        let job: Arc<dyn Job> = self;
        Box::new(Arc::downgrade(&job))
    }
}

impl<B: Body> Job for Task<B> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn word(&self) -> &Word {
        self.state.word()
    }

    fn with_trailer(&self, act: &mut dyn FnMut(&mut Trailer)) {
        self.state.lock_brief().with_trailer(act);
    }

    fn admit(&self, permit: Permit) -> Option<Permit> {
        let admitted = self.state.lock().admit(Some(permit));
        if admitted.is_ok() {
            self.header.events().queued();
        }
        admitted.err().flatten()
    }

    fn admit_with_dependencies(self: Arc<Self>) {
        if let Some(limit) = self.header.limit() {
            let job: Arc<dyn Job> = self;
            return limit.submit_again(&job);
        }
        let permit = self.header.has_own_stack().then(Permit::without_limit);
        let admitted = self.state.lock().admit(permit);
        if admitted.is_ok() {
            self.header.events().queued();
            runtime::resume(self);
        }
    }

    fn dependency_ended(self: Arc<Self>) {
        self.wake();
    }

    fn resume(self: Arc<Self>) {
        self.wake();
    }

    fn into_remains(self: Arc<Self>) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(Arc::into_inner(self)?))
    }

    fn close_cancelled(&self) -> Option<Vec<Arc<dyn Job>>> {
        self.close(StopReason::Cancelled, |body| Error::cancelled(self.call(), body))
    }

    fn belongs_to_scope(&self) -> bool {
        B::BELONGS_TO_SCOPE
    }

    fn with_link(&self, act: &mut dyn FnMut(&mut Link)) {
        self.state.lock().with_link(act);
    }
}

impl<B: Body> Orphan for Task<B> {
    fn close_orphan(self: Arc<Self>) {
        // A parent that cannot unwind may continue and use the value.
        let is_parked = |state: &Locked<'_, B>| cancel::CAN_UNWIND && !state.is_running();
        let reason =
            |state: &Locked<'_, B>| if is_parked(state) { state.node()?.stopped() } else { None };
        let error = |_, stopped| Error::cancelled_with(self.call(), stopped);
        let closed = self.close_if(reason, error);
        let was_open = closed.is_some();
        dependencies::expire(closed.unwrap_or_default());
        if was_open {
            runtime::reap(self);
        } else {
            drop_catching(self);
        }
    }
}
