//! A call as those see it that do not know the type of its body: queues, waiters, limits, other calls.
//!
//! What depends on that type is compiled for each function, so it is little here: the rest is in `closing`, `poll`,
//! `job` and `header`.

use std::any::Any;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::body::Body;
use super::dependents::DependentCall;
use super::header::{Header, Ran};
use super::job::{Close, Core, Job, Trailer};
use super::permit::{Limit, Limited, Permit};
use super::polling::Polling;
use super::state::{Loaded, Word};
use super::{Task, closing, poll, work};
use crate::call::Call;
use crate::cancel::{self, Node, Orphan};
use crate::error::{Error, Progress, WaitKind};
use crate::events::Place;
use crate::panic::catch;
use crate::runnable::Runnable;
use crate::stacks::{self, Frame};
use crate::sync::now;
use crate::wait_target::WaitTarget;

impl<B: Body> Task<B> {
    fn as_job(&self) -> &dyn Job {
        self
    }

    /// Sets the deadline of a body that this thread starts now, if there is a timeout of the run.
    fn start_run_timeout(self: &Arc<Self>) {
        if let Some(deadline) = self.as_job().deadline_of_run() {
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
            self.as_job().close_expired(&now);
        }
        let Some((Loaded { body, permit }, link)) = self.state.lock().claim(stacks::upcoming)
        else {
            return self.clean_up();
        };
        let start = || self.start_run_timeout();
        let start: Option<&dyn Fn()> = if may_have_time_limit { Some(&start) } else { None };
        let polling = if B::IS_SYNC { None } else { Some(self.begin_poll(permit.as_ref())) };
        let below = cancel::enter(link);
        let waker = || Waker::from(self.clone());
        let function = self.function();
        let ran = self.header.run(function, body, permit.as_ref(), Place::Worker, start, &waker);
        let link = cancel::leave(below);
        let outcome = match ran {
            Ran::Suspended(body) => {
                if B::IS_SYNC {
                    unreachable!("only futures suspend");
                }
                let awaits = polling.map(Polling::end).unwrap_or_default();
                return self.suspend(Loaded { body, permit }, link, awaits);
            }
            Ran::Ended(outcome) => outcome,
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

    fn limit(&self) -> Option<usize> {
        self.header.limit().filter(|_| !self.header.has_own_stack()).map(Limit::address)
    }

    fn expire(&self, now: Instant) {
        self.as_job().close_expired(&|| now);
    }

    fn refuse(&self, why: &str) {
        self.as_job().close_refused(why);
    }

    fn clean_up(&self) {
        self.as_job().drop_closed_body();
    }
}

impl<B: Body> WaitTarget for Task<B> {
    fn call(&self) -> Call {
        self.header.call(self.function())
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
        self.as_job().needed()
    }

    fn has_deadline(&self) -> bool {
        self.as_job().deadline().is_some()
    }

    fn into_weak(self: Arc<Self>) -> Box<dyn Any> {
        let job: Arc<dyn Job> = self;
        Box::new(Arc::downgrade(&job))
    }

    fn into_remains(self: Arc<Self>) -> Option<Box<dyn Any + Send>> {
        Some(Box::new(Arc::into_inner(self)?))
    }

    fn is_parked(&self) -> bool {
        self.state.word().is_suspended() || self.state.word().is_held()
    }

    fn parked_in(&self) -> WaitKind {
        let job: &dyn Job = self;
        if self.state.word().is_suspended() {
            WaitKind::Await
        } else if !job.has_dependencies() {
            WaitKind::Permit
        } else {
            WaitKind::Argument
        }
    }

    fn joins_set(&self) {
        let job: &dyn Job = self;
        if !B::IS_SYNC {
            job.unless_done(Trailer::joins_set);
        }
    }

    fn left_set(&self) {
        let job: &dyn Job = self;
        if !B::IS_SYNC {
            job.unless_done(Trailer::left_set);
        }
    }
}

impl<B: Body> Limited for Task<B> {
    fn admit(&self, permit: Permit) -> Option<Permit> {
        self.as_job().queue(Some(permit)).err().flatten()
    }
}

impl<B: Body> DependentCall for Task<B> {
    fn dependency_ended(self: Arc<Self>) {
        poll::wake(self);
    }
}

impl<B: Body> Job for Task<B> {
    fn header(&self) -> &Header {
        &self.header
    }

    fn word(&self) -> &Word {
        self.state.word()
    }

    fn with_core(&self, act: &mut dyn FnMut(&mut Core, bool)) {
        let mut state = self.state.lock_brief();
        let owns_node = state.owns_node();
        act(state.core(), owns_node);
    }

    fn admit_body(&self, permit: Option<Permit>) -> Result<(), Option<Permit>> {
        self.state.lock().admit(permit)
    }

    fn resume(self: Arc<Self>) {
        poll::wake(self);
    }

    fn close_if(
        &self,
        may_close: &mut dyn FnMut(&Core) -> bool,
        stop: &mut dyn FnMut(Progress, Option<&Arc<Node>>) -> Error,
    ) -> Option<Close> {
        let mut state = self.state.lock();
        may_close(state.core()).then(|| state.close(stop))
    }

    fn take_closed_body(&self, act: &mut dyn FnMut(&mut Core)) -> Option<Box<dyn Any + Send>> {
        let mut state = self.state.lock();
        act(state.core());
        state.take_closed_body()
    }

    fn run_here(self: Arc<Self>) -> Result<Option<Error>, Arc<dyn Job>> {
        let mut shared = self;
        // Others do not get here: the code need not be compiled for each of them.
        if const { B::BELONGS_TO_SCOPE } && shared.state.word().is_claimable() {
            shared = match Arc::try_unwrap(shared) {
                // Without another owner it stays as it is.
                Ok(task) if task.state.word().is_claimable() => {
                    return Ok(task.into_outcome().err());
                }
                Ok(task) => return Ok(task.unobserved_error()),
                Err(shared) => shared,
            };
        }
        let job = shared.clone();
        // A panic gets here from the destructor of a value without a `Lazy`.
        catch(move || job.run());
        Err(shared)
    }

    fn unobserved_error(&self) -> Option<Error> {
        self.state.lock().error().cloned()
    }

    fn belongs_to_scope(&self) -> bool {
        B::BELONGS_TO_SCOPE
    }
}

impl<B: Body> Orphan for Task<B> {
    fn close_orphan(self: Arc<Self>) {
        closing::close_orphan(self);
    }
}
