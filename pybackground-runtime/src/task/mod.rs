//! One call: its body, its state and its outcome, in one allocation.
//!
//! | file | subject |
//! |---|---|
//! | `handle` | a call with the type of its result: taking the outcome, running in place |
//! | `erased` | a call as queues, waiters, limits and other calls see it |
//! | `poll` | a future from one poll to the next |
//! | `lend` | lending the permits of a body that blocks |
//! | `await_rings` | async bodies that wait for each other |
//! | `unclear` | the searches for rings that have to be repeated |
//! | `holders` | the suspended bodies that have permits |
//! | `polling` | what a body awaits, noted while it is polled |
//! | `mod` | `Task`: making a call, ending it, closing it |
//! | `state` | every transition between the states of a call; `state/word` has the states |
//! | `registration` | a waker that the end of a call wakes, until it is unregistered |
//! | `closing` | how a call ends before its body returns |
//! | `chains` | cancelling, detaching and sharing a call with the dependencies that only it needs |
//! | `job` | `Job`, a call without the type of its result: deadlines, awaiter, its place in the tree |
//! | `header` | what is known of a call from the start, and how its body is run |
//! | `trailer` | what only few calls have: deadline, permit, waiters, dependents, dependencies |
//! | `permit` | the permits of a limited function |
//! | `awaits`, `parked`, `dependents`, `dependencies`, `waiters` | the parts of a trailer |
//! | `work` | what follows from the end of a call, without recursion: wake-ups, calls to enqueue, drops |
//! | `body`, `wait_errors` | what a task runs; the errors of waits that ended before the call |
//!
//! The table runs downward: a file imports only from files below it.
//!
//! # Two views
//!
//! The queues, the deadlines and the waiters hold a task as [`Runnable`](crate::runnable::Runnable) or
//! [`Job`] and do not know the type of its result. The `Lazy` holds it as [`Handle`] of that type. Any of
//! them may be the last to hold it. Of most calls the task does not know the type either: only the handle does.
//!
//! # What may be touched in which state
//!
//! The state is a word that any thread may read. The cell, the trailer and the node are under the task's lock.
//! A call that needs a permit has it in the trailer, from its admission until a thread claims the body.
//! The states themselves and the transitions are in `state`.
//!
//! | state | the cell holds | access to the cell | access to the trailer |
//! |---|---|---|---|
//! | `HELD` | the body | `admit` enqueues the call and leaves the body, `close` takes it | gets dependencies before another thread can join the call; else as `QUEUED` |
//! | `QUEUED` | the body | a worker that takes the call from a queue claims the body, `close` takes it | any thread adds and removes waiters and dependents, or sets a deadline |
//! | `CLAIMABLE` | the body | as `QUEUED`, or a joining thread claims it | as `QUEUED`; a deadline makes the call `QUEUED`, and so does sharing it |
//! | `RUNNING`, `WOKEN` | nothing: the running thread has the body | that thread stores the outcome or the future, `close` stores an error | as `QUEUED` |
//! | `SUSPENDED` | the future | the waker enqueues the call and leaves the future, `close` takes it | as `QUEUED` |
//! | `ENDING` | nothing: the running thread has the outcome | that thread stores the outcome, or puts it into the `Lazy` | as `QUEUED` |
//! | `DONE` | the outcome; or the error and the body of a call that was closed; or nothing, once the outcome was taken | the owner of the `Lazy` takes the outcome, a worker drops the body | the thread that made the call `DONE` takes it; `clean_up` takes the awaiter of a closed call |
//!
//! Two other threads may claim a `QUEUED` call without its queue entry: a blocked worker in a round of
//! `pool::deadlock`, and a thread at the end of the scope that the call belongs to.
//!
//! User code (bodies, destructors, wakers) never runs under the lock.

mod await_rings;
mod awaits;
mod body;
mod chains;
mod closing;
mod dependencies;
mod dependents;
mod erased;
mod handle;
mod header;
mod holders;
mod job;
mod lend;
mod parked;
mod permit;
mod poll;
mod polling;
mod registration;
mod state;
mod trailer;
mod unclear;
mod wait_errors;
mod waiters;
pub(crate) mod work;

use std::sync::Arc;

use crate::call::Path;
use crate::cancel::{self, Link, Node, Orphan};
use crate::error::CallResult;
use crate::panic::drop_catching;
use crate::runtime;
use crate::stacks;

pub(crate) use await_rings::{Joined, let_go, look_behind};
pub(crate) use awaits::AwaiterList;
#[cfg(not(debug_assertions))]
pub(crate) use body::Small;
pub(crate) use body::{Body, Closure, Dependent, RunOnce, ScopedClosure, Step, Suspending};
pub(crate) use chains::{detach, disown, share};
pub(crate) use handle::{Boxed, Called, FilledPlace, Handle, ValuePlace, Valued};
pub(crate) use header::Header;
use job::Dependencies;
pub(crate) use job::{Dependency, Job, Timeouts, any_was_awaited_or_shared};
pub(crate) use lend::lend_permits_while;
pub(crate) use parked::{DEPENDENT, SUSPENDED};
pub use permit::Limit;
pub(crate) use permit::{Limited, Permit, may_run_in_place};
pub(crate) use polling::{failure_of, note};
pub(crate) use registration::Registration;
use state::{Finish, State};
pub(crate) use unclear::forget as forget_unclear_searches;

/// A call, with its body of type `B`.
pub(crate) struct Task<B: Body> {
    state: State<B>,
    header: Header,
    label: B::Label,
}

impl<B: Body> Task<B> {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "moved once more, the body would cost as much")]
    pub(crate) fn new(
        header: Header,
        label: B::Label,
        body: B,
        parent: Option<Arc<Node>>,
        needs_permit: bool,
    ) -> Arc<Self> {
        Arc::new(Self {
            state: if needs_permit {
                State::held(body, parent)
            } else {
                State::queued(body, parent)
            },
            header,
            label,
        })
    }

    /// A call that waits for dependencies: see `await_dependencies`.
    pub(crate) fn held(header: Header, label: B::Label, body: B) -> Arc<Self> {
        Arc::new(Self { state: State::held(body, cancel::current()), header, label })
    }

    /// Enqueues a held call when its dependencies have ended; it ends at a timeout if that comes first.
    pub(crate) fn await_dependencies(
        self: &Arc<Self>,
        dependencies: Vec<Dependency>,
        timeouts: Timeouts,
    ) {
        let dependencies = dependencies::distinct(dependencies);
        let job: Arc<dyn Job> = self.clone();
        {
            let mut state = self.state.lock();
            let parked = DEPENDENT.park(self, state.core().node());
            let counted = Dependencies::new(dependencies.clone(), parked);
            state.trailer().set_dependencies(counted);
        }
        job.set_timeouts(timeouts);
        // A shutdown first closes the runtime and then refuses the parked calls. Either it finds this
        // call, or the closed runtime is seen here.
        if !runtime::lets_in() {
            job.refuse(runtime::SHUT_DOWN);
        }
        // A stop of the parent likewise either finds this call or is seen here.
        if cancel::is_any() {
            self.clone().close_orphan();
        }
        for dependency in dependencies {
            if !dependency.job.add_dependent(job.clone()) {
                job.clone().dependency_ended();
            }
        }
        // The count of dependencies was one too high until here, so that the call was not enqueued early.
        job.dependency_ended();
    }

    /// A call that has its outcome from the start, which has been reported.
    pub(crate) fn ended(
        header: Header,
        label: B::Label,
        outcome: CallResult<B::Output>,
    ) -> Arc<Self> {
        Arc::new(Self { state: State::done(outcome), header, label })
    }

    /// What finds the path of the function.
    #[inline]
    fn function(&self) -> Path {
        B::function(self.label)
    }

    /// Runs the body on this thread if it is claimable, hands the outcome to `keep`, and ends the call
    /// after that. Returns `false` if another thread has claimed the body, or if the call was closed while
    /// it ran: its outcome is then dropped.
    fn end_in_place(&self, keep: &mut dyn FnMut(CallResult<B::Output>)) -> bool {
        let Some((loaded, link)) = self.state.lock().claim_in_place(stacks::upcoming) else {
            return false;
        };
        let below = cancel::enter(link);
        let outcome = self.header.run_to_end(self.function(), loaded.body);
        let link = cancel::leave(below);
        let in_time = self.end(&outcome);
        cancel::end(link);
        if !in_time {
            drop_catching(outcome);
            return false;
        }
        self.header.events().used();
        keep(outcome);
        let trailer = self.state.lock().publish_handed_over();
        trailer.notify();
        true
    }

    /// Keeps the call from being closed, now that its body has returned, and reports that before another
    /// thread can see it. Returns `false` if the call was closed before.
    fn end(&self, outcome: &CallResult<B::Output>) -> bool {
        let (in_time, node) = self.state.lock().end();
        drop(node);
        if in_time {
            self.header.events().ended(outcome);
        } else {
            self.header.events().ended_late();
        }
        in_time
    }

    /// Ends the call on the thread that ran its body: stores the outcome, or drops it if it came too late.
    fn finish(&self, outcome: CallResult<B::Output>, link: Link) {
        if self.header.events().are_observed() {
            self.end(&outcome);
        }
        let (finish, node) = {
            let mut state = self.state.lock();
            (state.publish(outcome), state.take_node())
        };
        drop(node);
        cancel::end(link);
        match finish {
            Finish::Published(trailer) => trailer.notify(),
            Finish::TooLate(outcome) => drop_catching(outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;
    use crate::options::Options;
    use std::time::Duration;

    #[test]
    fn a_task_is_small() {
        let task = Options::here().task(Closure(|| ()));
        let overhead = size_of_val(&*task);
        let observed = size_of::<crate::events::CallEvents>();
        assert!(overhead <= 80 + observed, "{overhead} bytes besides the closure");
    }

    /// The heap of deadlines forgets those that are over.
    #[test]
    fn ended_call_ends_its_deadline() {
        let task = Options::here().task(Closure(|| ()));
        let deadline = Arc::new(Deadline::from_now(Duration::from_secs(3600)).unwrap());
        let job: Arc<dyn Job> = task;
        assert!(job.bring_forward(deadline.clone()));
        job.run();
        assert!(deadline.is_over());
    }
}
