//! Running the bodies of a worker.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::context;
use super::function::Function;
use super::outcome::RemoteOutcome;
use super::trace_parent::is_trace_parent;
use crate::call::Path;
use crate::dispatch::start;
use crate::error::{Failure, Progress};
use crate::events;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::process::expansion::Arguments;
use crate::process::{Answer, Backend as _, ChildOrder, InChild, Started};
use crate::task::{Body, Step};

/// The right to run bodies as a worker.
pub struct Bodies(());

impl Bodies {
    pub(super) fn new() -> Self {
        Self(())
    }

    /// Runs the body of a call in a child. The arguments are those that the caller's engine was given.
    #[track_caller]
    pub fn run(&self, function: &'static Function, arguments: Vec<u8>) -> Running {
        let memory = function.bytes_of_memory();
        let trace_parent = context::CallerContext::of_arguments(&arguments)
            .and_then(|(context, _)| context.trace_parent);
        let order = ChildOrder::new(function.child(), memory, Arguments::from_bytes(arguments));
        match order {
            Ok(order) => {
                let call = start(
                    Options::here().name(function.name()),
                    InThisWorker { order, trace_parent },
                );
                Running(BodyStage::Runs(Lazy::outcome(call)))
            }
            Err(failure) => {
                Running(BodyStage::Over(Some(RemoteOutcome::of(Answer::Failed(failure)))))
            }
        }
    }
}

/// A body that a worker runs: a future of its outcome. Dropping it kills the child.
#[must_use = "the body is killed when this is dropped"]
pub struct Running(BodyStage);

enum BodyStage {
    Runs(crate::lazy::Outcome<RemoteOutcome>),
    Over(Option<RemoteOutcome>),
}

impl Future for Running {
    type Output = RemoteOutcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<RemoteOutcome> {
        let outcome = match &mut self.0 {
            BodyStage::Over(outcome) => {
                outcome.take().expect("a future is not polled after its end")
            }
            BodyStage::Runs(call) => match Pin::new(call).poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(outcome)) => outcome,
                // The worker has no thread, or is shut down: the body did not run.
                Poll::Ready(Err(error)) => {
                    RemoteOutcome::of(Answer::Failed(Failure::Spawn(error.to_string())))
                }
            },
        };
        self.0 = BodyStage::Over(None);
        Poll::Ready(outcome)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let BodyStage::Runs(call) = &self.0 {
            Lazy::cancel(call);
        }
    }
}

/// The body of a call in a child of this worker. Its value stays bytes.
struct InThisWorker {
    order: ChildOrder,
    trace_parent: Option<String>,
}

impl Body for InThisWorker {
    type Output = RemoteOutcome;
    type Label = ();
    const IS_SYNC: bool = true;
    const WHEN_CLOSED: Progress = Progress::Killed;

    fn label(&self) {}

    fn function((): ()) -> Path {
        || "a body of a worker"
    }

    fn run(self, waker: impl FnOnce() -> Waker) -> Step<Self> {
        let trace_parent = self.trace_parent.filter(|text| is_trace_parent(text));
        events::part_of(trace_parent.as_deref());
        let Started::Answered(answer) = InChild::start(self.order, waker);
        Step::Finished(RemoteOutcome::of(answer))
    }
}
