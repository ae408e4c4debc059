//! A call as those see it that do not know the type of its body: queues, waiters, limits, other calls.

use std::any::Any;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Instant;

use super::body::{Body, Step};
use super::dependents::DependentCall;
use super::header::Header;
use super::job::{Job, Trailer};
use super::permit::{Limited, Permit};
use super::polling::Polling;
use super::state::{Close, Loaded, Locked, Word};
use super::{Task, chains, work};
use crate::call::Call;
use crate::cancel::{self, Link, Orphan};
use crate::deadline::Deadline;
use crate::error::{Error, StopReason, WaitKind};
use crate::events::Place;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::runtime;
use crate::stacks::{self, Frame};
use crate::sync::now;
use crate::wait_target::WaitTarget;

impl<B: Body> Task<B> {
    fn expire_at(&self, now: impl FnOnce() -> Instant) {
        let deadline = self.state.lock().trailer().deadline().cloned();
        if let Some(deadline) = deadline
            && deadline.at() <= now()
        {
            let error = |progress| Error::timeout(self.call(), &deadline, progress);
            chains::expire(self.close(StopReason::TimedOut, error).unwrap_or_default());
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
            trailer.notify();
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
        let admitted = self.state.lock().admit(Some(permit));
        if admitted.is_ok() {
            self.header.events().queued();
        }
        admitted.err().flatten()
    }
}

impl<B: Body> DependentCall for Task<B> {
    fn dependency_ended(self: Arc<Self>) {
        self.wake();
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

    fn admit_with_dependencies(self: Arc<Self>) {
        if let Some(limit) = self.header.limit() {
            let job: Arc<dyn Limited> = self;
            return limit.submit_again(&job);
        }
        let permit = self.header.has_own_stack().then(Permit::without_limit);
        let admitted = self.state.lock().admit(permit);
        if admitted.is_ok() {
            self.header.events().queued();
            runtime::resume(self);
        }
    }

    fn resume(self: Arc<Self>) {
        self.wake();
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
        chains::expire(closed.unwrap_or_default());
        if was_open {
            runtime::reap(self);
        } else {
            drop_catching(self);
        }
    }
}
