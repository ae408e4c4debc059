//! One call: its body, its state and its outcome, in one allocation.
//!
//! | file | subject |
//! |---|---|
//! | `job` | a call as the threads see it |
//! | `handle` | a call as its `Lazy` sees it |
//! | `poll` | a body that is polled, from one poll to the next |
//! | `state` | the states and every step between them, under the task's lock |
//! | `phase` | the few facts about the state that can be read without the lock |
//! | `header` | what is known of a call from the start: function, call site, limit |
//! | `body` | what a task runs: closure, applied function, future |
//! | `trailer` | what few calls have: a deadline, inputs, and who is told when the call ends |
//! | `dependents` | the calls that wait for a call as an input |
//! | `dependencies` | the calls that a call waits for before it is queued |
//! | `dependent` | a body that is given its inputs |
//! | `parked` | the calls that are on no thread and in no queue |
//! | `waiters` | the wakers that the end of a call wakes |
//! | `wait_errors` | why some waits for the call ended before it |
//!
//! A task is seen from two sides. The queues and the deadline keeper hold it as [`Job`] and know
//! nothing of its result; the `Lazy` holds it as [`Handle`] of the result's type. Either may be gone
//! before the other.
//!
//! | who | may do what |
//! |---|---|
//! | a worker with a queue entry | `run`: claim the body, run it, finish |
//! | a worker that waits for the call | `run_in_place`, `join_at_once`: the same, keeping the outcome |
//! | the deadline keeper | `expire`, at any time |
//! | the limit of the function | `admit` once |
//! | the scope of the call | `run_borrowed`, in the place of `run` |
//! | an input | `wake` once |
//! | the holder of the `Lazy` | `take` and `detach` once; `register`, `set_awaiter` and `cancel` any number of times |
//!
//! Code of the user (bodies, destructors, wakers) never runs under the lock.

mod body;
mod dependencies;
mod dependent;
mod dependents;
mod handle;
mod header;
mod job;
mod parked;
mod poll;
mod state;
mod trailer;
mod wait_errors;
mod waiters;

use std::sync::Arc;
use std::time::Duration;

use crate::cancel::{self, Link, Orphan, Overrun};
use crate::error::{Error, Outcome, Progress, StopReason, Stopped};
use crate::events::CallEvents;
use crate::options::Options;
use crate::panic::drop_catching;
use crate::runtime;
use crate::stacks;

#[cfg(not(debug_assertions))]
pub(crate) use body::LARGE;
pub(crate) use body::{Body, Closure, ScopedClosure, Step, Suspending, is_large};
use dependencies::Dependencies;
pub(crate) use dependencies::{Input, detach, share};
pub(crate) use dependent::Dependent;
pub(crate) use handle::Handle;
use header::Header;
pub(crate) use job::{Job, any_was_awaited};
pub(crate) use parked::{DEPENDENT, SUSPENDED};
use state::{Close, Finish, Locked, State};
use trailer::Trailer;
pub(crate) use waiters::Registration;

/// A call, with its body of type `B`.
pub(crate) struct Task<B: Body> {
    state: State<B>,
    header: Header,
}

impl<B: Body> Task<B> {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "moved once more, the body would cost as much")]
    pub(crate) fn new(options: &Options, body: B) -> Arc<Self> {
        let limited = options.slots().is_some();
        // First what may unwind: the rest is then put together at once, not built apart and moved.
        let events = CallEvents::created(|| options.call_or(B::function));
        let (header, parent) = (Header::new(options, events), cancel::current());
        Arc::new(Self {
            state: if limited { State::held(body, parent) } else { State::queued(body, parent) },
            header,
        })
    }

    /// A call that waits for inputs: see `await_inputs`.
    pub(crate) fn held(options: &Options, body: B) -> Arc<Self> {
        let events = CallEvents::created(|| options.call_or(B::function));
        let state = State::held(body, cancel::current());
        Arc::new(Self { state, header: Header::new(options, events) })
    }

    /// Has a call that is held be queued when its inputs have ended, or end at its timeout before.
    pub(crate) fn await_inputs(self: &Arc<Self>, inputs: Vec<Input>, timeout: Option<Duration>) {
        let inputs = dependencies::distinct(inputs);
        let job: Arc<dyn Job> = self.clone();
        {
            let mut state = self.state.lock();
            let parked = DEPENDENT.park(self, state.node());
            state.trailer().set_dependencies(Dependencies::new(inputs.clone(), parked));
        }
        if let Some(timeout) = timeout {
            job.set_timeout(timeout);
        }
        // A shutdown looks for calls that wait after it has let no more in: this one it has found, or
        // it is found here.
        if !runtime::lets_in() {
            job.refuse(runtime::SHUT_DOWN);
        }
        // The same holds for a stop of the parent.
        if cancel::is_any() {
            self.clone().close_orphan();
        }
        for Input { job: input, .. } in inputs {
            if !input.add_dependent(job.clone()) {
                job.clone().dependency_ended();
            }
        }
        job.dependency_ended();
    }

    /// A call that had ended before anybody could wait for it, and of which was told.
    pub(crate) fn ended(options: &Options, outcome: Outcome<B::Output>) -> Arc<Self> {
        Arc::new(Self {
            state: State::done(outcome),
            header: Header::new(options, CallEvents::NONE),
        })
    }

    /// Has the call go on when the body that makes it is stopped.
    pub(crate) fn detach(&self) {
        self.state.lock().with_link(|link| drop(link.detach()));
    }

    /// Runs the body on this thread if it is claimable, hands the outcome to `keep`, and ends the call
    /// after that. Returns `None` if another thread has claimed the body, or if the call was closed while
    /// it ran: its outcome is then dropped.
    fn end_in_place<R>(&self, keep: impl FnOnce(Outcome<B::Output>) -> R) -> Option<R> {
        let (body, link) = self.state.lock().claim_in_place(stacks::upcoming)?;
        let below = cancel::enter(link);
        let outcome = self.header.run_to_end(body);
        let link = cancel::leave(below);
        self.header.leave_slot();
        let in_time = self.end(&outcome);
        cancel::end(link);
        if !in_time {
            drop_catching(outcome);
            return None;
        }
        let kept = keep(outcome);
        let trailer = self.state.lock().publish_handed_over();
        trailer.wake();
        Some(kept)
    }

    /// Keeps the call from being closed, now that its body has returned, and reports that before another
    /// thread can see it. Returns `false` if the call was closed before.
    fn end(&self, outcome: &Outcome<B::Output>) -> bool {
        let (in_time, node) = {
            let mut state = self.state.lock();
            (state.end(), state.take_node())
        };
        drop(node);
        if in_time {
            self.header.events().ended(outcome);
        } else {
            self.header.events().ended_late();
        }
        in_time
    }

    /// Ends the call on the thread that ran its body: stores the outcome, or drops it if it came too late.
    fn finish(&self, outcome: Outcome<B::Output>, link: Link) {
        if self.header.events().are_observed() {
            self.end(&outcome);
        }
        let (finish, node) = {
            let mut state = self.state.lock();
            (state.publish(outcome), state.take_node())
        };
        drop(node);
        cancel::end(link);
        self.header.leave_slot();
        match finish {
            Finish::Published(trailer) => trailer.wake(),
            Finish::TooLate(outcome) => drop_catching(outcome),
        }
    }

    /// Closes the call; returns the dependencies that no other call needs, or `None` if it had ended.
    fn close(
        &self,
        reason: StopReason,
        error: impl FnOnce(Progress) -> Error,
    ) -> Option<Vec<Arc<dyn Job>>> {
        let stopped = Stopped { call: self.call(), reason };
        self.close_if(|_| Some(stopped), |progress, _| error(progress))
    }

    /// As `close`, if `reason` finds one. The calls that the body made stop for that reason as well.
    fn close_if(
        &self,
        reason: impl FnOnce(&Locked<'_, B>) -> Option<Stopped>,
        error: impl FnOnce(Progress, Stopped) -> Error,
    ) -> Option<Vec<Arc<dyn Job>>> {
        let close = {
            let mut state = self.state.lock();
            let stopped = reason(&state)?;
            state.close(|progress, node| {
                if let Some(node) = node {
                    let runs_on = progress == Progress::Running;
                    node.stop(stopped, runs_on.then(|| Overrun::new(stopped.call)));
                }
                self.noted(error(progress, stopped), progress)
            })
        };
        match close {
            Close::NeverEnds { mut trailer, link, frees_slot } => {
                link.own().inspect(|node| node.notify());
                let dependencies = trailer.take_dependencies();
                self.never_ends(trailer, frees_slot);
                Some(dependencies.map(Dependencies::in_vain).unwrap_or_default())
            }
            Close::RunsOn(trailer, node) => {
                node.notify();
                trailer.wake();
                Some(Vec::new())
            }
            Close::TooLate => None,
        }
    }

    /// Notes for reports that the call is closed with `error`.
    fn noted(&self, error: Error, progress: Progress) -> Error {
        self.header.events().stopped(&error, progress);
        error
    }

    /// Notifies those who wait for a call that was closed while no thread ran its body.
    fn never_ends(&self, trailer: Trailer, frees_slot: bool) {
        trailer.wake();
        if frees_slot {
            self.header.leave_slot();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deadline::Deadline;

    #[test]
    fn a_task_is_small() {
        let task = Task::new(&Options::here(), Closure(|| ()));
        let overhead = size_of_val(&*task);
        assert!(overhead <= 80, "{overhead} bytes besides the closure");
    }

    /// The heap of deadlines forgets those that are over.
    #[test]
    fn ended_call_ends_its_deadline() {
        let task = Task::new(&Options::here(), Closure(|| ()));
        let deadline = Arc::new(Deadline::from_now(Duration::from_secs(3600)).unwrap());
        let job: Arc<dyn Job> = task;
        assert!(job.bring_forward(deadline.clone()));
        job.run();
        assert!(deadline.is_over());
    }
}
