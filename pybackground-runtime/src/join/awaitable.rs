//! What a thread can block for.

use std::panic::Location;
use std::sync::{Arc, Weak};
use std::task::Waker;
use std::time::Instant;

use crate::call::Call;
use crate::error::Error;
use crate::events::CallEvents;
use crate::runtime;
use crate::stacks::Frame;
use crate::task::{Job, Registration};
use crate::wait_target::WaitTarget;
use crate::waits::{WaitLimit, Waiting};

/// What a thread can block for.
pub(crate) trait Awaitable {
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
        end: WaitLimit,
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

    /// Returns the same calls, for `unstarted`.
    fn jobs(&self) -> Vec<Arc<dyn Job>>;

    /// The events of the call that is waited for, if there is only one.
    fn events(&self) -> Option<&CallEvents> {
        None
    }
}

impl Awaitable for Arc<dyn Job> {
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
        end: WaitLimit,
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
