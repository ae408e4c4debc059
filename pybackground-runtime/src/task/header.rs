//! What is known of a call from the start, and the run of its body.

use std::any::Any;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::task::Waker;

use super::body::{Body, Step};
use super::permit::{Limit, Permit};
use super::wait_errors::WaitErrors;
use crate::call::{Call, Name, Path};
use crate::cancel::{self, Link};
use crate::error::{CallResult, Error, Progress};
use crate::events::{CallEvents, Place, RunningEvents};
use crate::panic::drop_catching;
use crate::runtime;
use crate::stacks::{self, CallKey, EnteredBody};
use crate::sync::OnceLock;

pub(crate) struct Header {
    site: &'static Location<'static>,
    /// What few calls have.
    rare: OnceLock<Box<Rare>>,
    /// In place, because each call has them while calls are observed. Without an observer they are empty.
    events: CallEvents,
}

/// Drops a body that has to stop before it runs. Its destructors are not part of the stopped body: they may make calls.
#[cold]
fn discard(body: Box<dyn Any + Send>) {
    let stopped = cancel::enter(Link::NONE);
    drop_catching(body);
    cancel::leave(stopped);
}

/// How a run of a body ended.
pub(super) enum Ran<B: Body> {
    /// The call has its outcome.
    Ended(CallResult<B::Output>),
    /// The future is pending.
    Suspended(B),
}

#[derive(Default)]
struct Rare {
    name: Option<Name>,
    limit: Option<&'static Limit>,
    own_stack: bool,
    wait_errors: WaitErrors,
}

impl Header {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "most of it is decided while compiling")]
    pub(crate) fn new(
        site: &'static Location<'static>,
        name: Option<Name>,
        events: CallEvents,
    ) -> Self {
        let rare = if name.is_some() {
            OnceLock::from(Box::new(Rare { name, ..Rare::default() }))
        } else {
            OnceLock::new()
        };
        Self { site, rare, events }
    }

    /// The header of a call that needs a permit: of a limit, for a stack of its own, or for both.
    #[cold]
    pub(crate) fn with_permit(
        site: &'static Location<'static>,
        name: Option<Name>,
        limit: Option<&'static Limit>,
        own_stack: bool,
        events: CallEvents,
    ) -> Self {
        let rare = Rare { name, limit, own_stack, wait_errors: WaitErrors::default() };
        Self { site, rare: OnceLock::from(Box::new(rare)), events }
    }

    /// The call, of a function of that path unless the options named it.
    pub(super) fn call(&self, function: Path) -> Call {
        let name = self.rare.get().and_then(|rare| rare.name);
        Call::new(name.map_or_else(function, Name::text), self.site)
    }

    /// Keeps the error of a wait that ended before the call did.
    pub(super) fn keep_wait_error(&self, error: Error) -> &Error {
        self.rare.get_or_init(Box::default).wait_errors.keep(error)
    }

    /// Runs the body, or polls it once, unless it has to stop. Its link is the current one. Calls `start` when
    /// nothing but a stop keeps the body from running.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a run in place needs half of it")]
    pub(super) fn run<B: Body>(
        &self,
        function: Path,
        body: B,
        permit: Option<&Permit>,
        place: Place,
        start: Option<&dyn Fn()>,
        waker: &dyn Fn() -> Waker,
    ) -> Ran<B> {
        let progress = if body.has_started() { Progress::Suspended } else { Progress::NotStarted };
        let _held = permit.map(|permit| permit.enter(self.has_own_stack()));
        let (_entered, running) = self.begin(function, place, progress, start);
        let running = match running {
            Ok(running) => running,
            Err(error) => {
                discard(Box::new(body));
                return Ran::Ended(Err(error));
            }
        };
        if const { B::RUNS_THERE } {
            let mut body = body;
            let ran = catch_unwind(AssertUnwindSafe(|| body.run_there()));
            std::mem::forget(body);
            return Ran::Ended(ran.map_err(|payload| self.unwound(function, payload, &running)));
        }
        match catch_unwind(AssertUnwindSafe(|| body.run(waker))) {
            Ok(Step::Finished(value)) => Ran::Ended(Ok(value)),
            Ok(Step::Suspended(body)) => Ran::Suspended(body),
            Ok(Step::Failed(error)) => Ran::Ended(Err(error)),
            Err(payload) => Ran::Ended(Err(self.unwound(function, payload, &running))),
        }
    }

    /// Puts the call on this thread's stack until the guard is dropped, and looks for a stop, which comes right before
    /// the body.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a call in between costs half as much as all of this")]
    fn begin(
        &self,
        function: Path,
        place: Place,
        progress: Progress,
        start: Option<&dyn Fn()>,
    ) -> (Option<EnteredBody>, Result<RunningEvents<'_>, Error>) {
        let entered = stacks::enter(self.key(function), || self.call(function));
        if let Some(start) = start {
            start();
        }
        if cancel::is_any()
            && let Some(error) = self.must_not_run(function, progress)
        {
            return (entered, Err(error));
        }
        let running = match progress {
            Progress::Suspended => self.events.resumed(),
            _ => self.events.started(place),
        };
        (entered, Ok(running))
    }

    /// The error of a body that has unwound.
    #[cold]
    fn unwound(
        &self,
        function: Path,
        payload: Box<dyn Any + Send>,
        running: &RunningEvents<'_>,
    ) -> Error {
        running.unwound(&*payload);
        Error::unwound(self.call(function), payload, cancel::stopped())
    }

    /// Returns why the body must not start or resume, although a thread has claimed it.
    #[cold]
    fn must_not_run(&self, function: Path, is: Progress) -> Option<Error> {
        if cancel::is_shut_down() {
            return Some(Error::not_run(self.call(function), runtime::SHUT_DOWN, is));
        }
        // A parent that cannot unwind may continue and use the value.
        let stopped = cancel::stopped_before_shutdown().filter(|_| cancel::CAN_UNWIND)?;
        Some(Error::cancelled_with(self.call(function), stopped))
    }

    /// What identifies this kind of call.
    #[inline]
    fn key(&self, function: Path) -> CallKey {
        let name = match self.rare.get().and_then(|rare| rare.name) {
            Some(name) => name.key(),
            None => function as usize,
        };
        (std::ptr::from_ref(self.site).addr(), name)
    }

    /// Runs a body that is no future.
    #[inline(never)]
    pub(super) fn run_to_end<B: Body>(&self, function: Path, body: B) -> CallResult<B::Output> {
        self.run_to_end_here(function, body)
    }

    /// As `run_to_end`, as part of the caller.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a call in between costs as much as half of `begin`")]
    pub(super) fn run_to_end_here<B: Body>(
        &self,
        function: Path,
        body: B,
    ) -> CallResult<B::Output> {
        match self.run(function, body, None, Place::Joiner, None, &|| Waker::noop().clone()) {
            Ran::Ended(outcome) => outcome,
            Ran::Suspended(_) => unreachable!("only futures suspend"),
        }
    }

    #[inline]
    pub(super) fn events(&self) -> &CallEvents {
        &self.events
    }

    /// Whether the body shares its stack with no other body. Such a call has a permit.
    pub(super) fn has_own_stack(&self) -> bool {
        self.rare.get().is_some_and(|rare| rare.own_stack)
    }

    #[inline]
    pub(super) fn limit(&self) -> Option<&'static Limit> {
        self.rare.get().and_then(|rare| rare.limit)
    }
}
