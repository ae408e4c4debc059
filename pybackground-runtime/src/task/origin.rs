//! What is known of a call from the start, and how its body is run in the light of it.

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::task::Waker;

use super::attached::Attached;
use super::body::{Body, Step};
use super::stage::Outcome;
use crate::call::Call;
use crate::error::Error;
use crate::limit::{self, Limit};
use crate::options::Options;

pub(super) struct Origin<B> {
    site: &'static Location<'static>,
    /// What few calls have, kept out of the way of the many.
    rare: Option<Box<Rare>>,
    body: PhantomData<fn() -> B>,
}

struct Rare {
    name: Option<&'static str>,
    limit: Option<&'static Limit>,
}

impl<B: Body> Origin<B> {
    #[inline]
    pub(super) fn new(options: &Options) -> Self {
        let (name, limit) = (options.fixed_name(), options.slots());
        let rare = (name.is_some() || limit.is_some()).then(|| Box::new(Rare { name, limit }));
        Self { site: options.site(), rare, body: PhantomData }
    }

    pub(super) fn call(&self) -> Call {
        let name = self.rare.as_ref().and_then(|rare| rare.name);
        Call::new(name.unwrap_or_else(B::function), self.site)
    }

    /// Gives back the slot of a limited function.
    #[inline]
    pub(super) fn leave_slot(&self) {
        if let Some(limit) = self.limit() {
            limit.leave();
        }
    }

    /// Runs the body, or a step of it.
    #[inline]
    pub(super) fn run(&self, body: B, waker: impl FnOnce() -> Waker) -> Result<Step<B>, Error> {
        let _slot = self.limit().map(limit::hold_slot);
        catch_unwind(AssertUnwindSafe(|| body.run(waker)))
            .map_err(|payload| Error::panicked(self.call(), payload))
    }

    /// Runs a body that runs to its end.
    #[inline]
    pub(super) fn run_to_end(&self, body: B) -> Outcome<B::Output> {
        match self.run(body, || Waker::noop().clone()) {
            Ok(Step::Finished(value)) => Ok(value),
            Ok(Step::Suspended(_)) => unreachable!("only bodies that run to their end come here"),
            Err(error) => Err(error),
        }
    }

    /// Runs a body for a thread that keeps the outcome and alone can know of it.
    #[inline]
    pub(super) fn run_for(&self, body: B, attached: Attached) -> Outcome<B::Output> {
        let outcome = self.run_to_end(body);
        self.leave_slot();
        attached.wake();
        outcome
    }

    #[inline]
    fn limit(&self) -> Option<&'static Limit> {
        self.rare.as_ref().and_then(|rare| rare.limit)
    }
}
