//! A call without the type of its result: what threads, waiters and other calls see of it.

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Duration;

use super::awaits::{AwaiterList, RingFailure};
use super::dependents::DependentCall;
use super::header::Header;
use super::permit::{Limited, Permit};
use super::state::{Close as CloseOf, Core as CoreOf, Word};
use super::trailer::Owners;
use super::{awaits, dependencies, trailer};
use crate::cancel::{Link, Node};
use crate::deadline::Deadline;
use crate::error::{Error, Progress};
use crate::events::CallEvents;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::runtime;
use crate::wait_target::WaitTarget;

pub(super) type Awaits = awaits::Awaits<dyn Job>;
pub(crate) type Close = CloseOf<dyn Job>;
pub(crate) type Core = CoreOf<dyn Job>;
pub(super) type Dependencies = dependencies::Dependencies<dyn Job>;
pub(crate) type Dependency = dependencies::Dependency<dyn Job>;
pub(super) type Trailer = trailer::Trailer<dyn Job>;

/// A call without the type of its result.
///
/// The methods of the trait depend on the type of the body. Everything else is a method of `dyn Job`.
pub(crate) trait Job: Runnable + DependentCall + Limited {
    /// What is known of the call from the start.
    fn header(&self) -> &Header;

    /// What can be read of the state without the lock.
    fn word(&self) -> &Word;

    /// Calls `act` once, under the task's lock. The second argument says whether the node is the body's own, and not the
    /// parent's.
    fn with_core(&self, act: &mut dyn FnMut(&mut Core, bool));

    /// Admits a held call to the queues; gives the permit back if the call has been closed.
    fn admit_body(&self, permit: Option<Permit>) -> Result<(), Option<Permit>>;

    /// Resumes a body that is suspended.
    fn resume(self: Arc<Self>);

    /// Closes the call if `may_close` returns true, with the error of `stop`. Both are called at most once, under the
    /// task's lock.
    fn close_if(
        &self,
        may_close: &mut dyn FnMut(&Core) -> bool,
        stop: &mut dyn FnMut(Progress, Option<&Arc<Node>>) -> Error,
    ) -> Option<Close>;

    /// Calls `act` once, under the task's lock, and takes the body of a closed call, to be dropped.
    fn take_closed_body(&self, act: &mut dyn FnMut(&mut Core)) -> Option<Box<dyn Any + Send>>;

    /// Runs the body on this thread if no other thread has started it. If nothing else holds the call, returns the
    /// reason why the call has no value, unless it has been taken.
    fn run_here(self: Arc<Self>) -> Result<Option<Error>, Arc<dyn Job>>;

    /// The reason why the call has no value, unless it has been taken.
    fn unobserved_error(&self) -> Option<Error>;

    /// Whether a stop of the parent always stops the call: it cannot be detached or shared.
    fn belongs_to_scope(&self) -> bool;
}

/// The times after which a call ends: from the call, and from the start of its body.
#[derive(Clone, Copy)]
pub(crate) struct Timeouts {
    pub(crate) of_call: Option<Duration>,
    pub(crate) of_run: Option<Duration>,
}

/// Whether any call of the process was ever awaited or shared: as long as none was, this spares a lock.
static AWAITED_OR_SHARED: AtomicBool = AtomicBool::new(false);

/// See [`AWAITED_OR_SHARED`].
#[inline]
pub(crate) fn any_was_awaited_or_shared() -> bool {
    // ORDERING: a thread that has a polled or shared `Lazy` got it from the thread that polled or shared it.
    AWAITED_OR_SHARED.load(Ordering::Relaxed)
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
        self.with_core(&mut |core, is_own| {
            core.with_link(is_own, |link| result = act.take().map(|act| act(link)));
            core.reserve(self.word());
        });
        result.expect("`act` is called once")
    }

    /// Detaches the call from the body that made it: a stop of that body does not stop the call.
    pub(crate) fn detach(&self) {
        self.events().used();
        if !self.belongs_to_scope() {
            self.leave_maker();
        }
    }

    /// Lets the call continue when the body that made it is stopped.
    pub(crate) fn leave_maker(&self) {
        drop(self.linked(Link::detach));
    }

    /// Lets the call continue when the body that made it is stopped, for as long as a clone is held.
    pub(crate) fn share(&self) {
        if !self.belongs_to_scope() {
            // ORDERING: see `any_was_awaited_or_shared`.
            AWAITED_OR_SHARED.store(true, Ordering::Relaxed);
            self.linked(Link::share);
        }
    }

    /// Lets the call stop with the body that made it again.
    pub(crate) fn unshare(&self) {
        self.linked(|link| link.unshare());
    }

    /// Whether the call has to stop with the body that made it.
    pub(crate) fn has_to_stop(&self) -> bool {
        self.linked(|link| link.stopped()).is_some()
    }

    /// Keeps the error of a wait that ended before the call did, for as long as the call is kept.
    pub(crate) fn keep_wait_error(&self, error: Error) -> &Error {
        self.header().keep_wait_error(error)
    }

    pub(crate) fn events(&self) -> &CallEvents {
        self.header().events()
    }

    pub(super) fn locked<R>(&self, act: impl FnOnce(&mut Trailer) -> R) -> R {
        let (mut act, mut result) = (Some(act), None);
        self.with_core(&mut |core, _| {
            result = act.take().map(|act| act(core.trailer()));
            // A call that gets a deadline is left to the workers: a joining thread could not leave its body then.
            core.reserve(self.word());
        });
        result.expect("`act` is called once")
    }

    /// As `locked`, unless the call has ended. The state turns to done under the lock, together with
    /// taking the trailer: nothing is added to a list that is never read.
    pub(super) fn unless_done<R>(&self, act: impl FnOnce(&mut Trailer) -> R) -> Option<R> {
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
    pub(super) fn keep(self: &Arc<Self>, deadline: Deadline)
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

    /// As `dependencies`, to detach them; none if they are.
    pub(super) fn dependencies_to_detach(&self) -> Vec<Dependency> {
        let to_detach =
            self.locked(|trailer| trailer.dependencies_mut().map(Dependencies::take_undetached));
        to_detach.unwrap_or_default()
    }

    /// As `dependencies`, for the wait graph.
    pub(super) fn needed(&self) -> Vec<Arc<dyn WaitTarget>> {
        self.dependencies().into_iter().map(|input| input.job as Arc<dyn WaitTarget>).collect()
    }

    /// Admits a held call to the queues, which is reported; gives the permit back if the call has been closed.
    pub(super) fn queue(&self, permit: Option<Permit>) -> Result<(), Option<Permit>> {
        let admitted = self.admit_body(permit);
        if admitted.is_ok() {
            self.events().queued();
        }
        admitted
    }

    /// Whether the call waits for others before it is enqueued.
    pub(super) fn has_dependencies(&self) -> bool {
        self.locked(|trailer| trailer.dependencies().is_some())
    }

    /// Notifies `call`, of which this is a dependency, of the end; `false` if the call has ended.
    pub(crate) fn add_dependent(&self, call: Arc<dyn Job>) -> bool {
        self.unless_done(|trailer| trailer.add_dependent(call)).is_some()
    }

    /// A dependent was closed and need not be notified any more.
    pub(crate) fn dependent_closed(&self) {
        self.locked(Trailer::dependent_closed).into_iter().for_each(drop_catching);
    }

    #[cfg(test)]
    pub(super) fn registered(&self) -> usize {
        self.locked(|trailer| trailer.waiters().len())
    }

    /// Wakes `waker`, and no waker that was set here before, when the call ends; `false` if it has ended.
    /// Unlike those that register, it may be foreign code.
    pub(crate) fn set_awaiter(&self, waker: &Waker) -> bool {
        match self.unless_done(|trailer| trailer.is_awaited_by(waker)) {
            None => false,
            Some(true) => true,
            Some(false) => {
                // ORDERING: see `any_was_awaited_or_shared`.
                AWAITED_OR_SHARED.store(true, Ordering::Relaxed);
                self.exchange_awaiter(Some(waker.clone()))
            }
        }
    }

    /// As `set_awaiter`, of a waker that wakes what is in the list.
    pub(crate) fn set_awaiters(&self, waker: &Waker, list: Arc<dyn AwaiterList>) -> bool {
        let replaced = self.unless_done(|trailer| trailer.replace_list(list));
        replaced.is_some() && self.set_awaiter(waker)
    }

    /// The owners of the references to the call, and the calls that its body awaits; `None` if the body is not suspended or
    /// already gets an error.
    pub(super) fn suspended(&self) -> Option<(Owners, Vec<Weak<dyn Job>>)> {
        self.locked(|trailer| {
            let owners = trailer.owners().filter(|_| self.word().is_suspended())?;
            let may_fail = |awaits: &&mut Awaits| awaits.failure.is_none() && !awaits.is_deaf;
            let awaits = trailer.awaits().filter(may_fail)?;
            Some((owners, awaits.calls.clone()))
        })
    }

    /// The calls that the body awaits, as far as is known; `None` if it is not suspended.
    pub(crate) fn awaited_calls(&self) -> Option<Vec<Arc<dyn Job>>> {
        let awaited = self.locked(|trailer| {
            let is_suspended = self.word().is_suspended();
            is_suspended.then(|| trailer.awaits().map(|awaits| awaits.calls.clone()))
        })?;
        Some(awaited.into_iter().flatten().filter_map(|call| call.upgrade()).collect())
    }

    /// If the body is suspended, awaits the calls, and has no such error yet, the next poll of one of them gives it. Returns
    /// whether it does.
    pub(super) fn set_failure(&self, failure: RingFailure) -> bool {
        let mut failure = Some(failure);
        self.locked(|trailer| {
            let awaits = trailer.awaits().filter(|_| self.word().is_suspended());
            if let Some(awaits) = awaits
                && awaits.failure.is_none()
                && failure.iter().flat_map(|failure| &failure.calls).all(|call| awaits.has(*call))
            {
                awaits.failure = failure.take();
            }
        });
        failure.is_none()
    }

    /// A thread joins the call from now on; `false` if it has ended.
    pub(super) fn join_begins(&self) -> bool {
        self.unless_done(Trailer::join_begins).is_some()
    }

    pub(super) fn join_ends(&self) {
        self.unless_done(Trailer::join_ends);
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
}
