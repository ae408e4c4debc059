//! Bodies that run in the context of their call.

use std::task::Waker;

#[cfg(feature = "tokio")]
use super::tokio::TokioContext;
use crate::call::Path;
use crate::carry::AllCarried;
use crate::error::Progress;
use crate::small_value::Moves;
use crate::task::{Body, Step};

/// The context of a call: what the library carries itself, and what the program carries.
#[derive(Default)]
struct CallContext {
    #[cfg(feature = "tokio")]
    tokio: TokioContext,
    carried: AllCarried,
}

impl CallContext {
    /// Returns the context of this thread.
    #[inline]
    fn capture() -> Self {
        Self {
            #[cfg(feature = "tokio")]
            tokio: TokioContext::capture(),
            carried: AllCarried::capture(),
        }
    }

    /// Runs `run` in the context.
    #[inline]
    fn within<R>(&self, run: impl FnOnce() -> R) -> R {
        #[cfg(feature = "tokio")]
        return self.tokio.within(|| self.carried.within(run));
        #[cfg(not(feature = "tokio"))]
        self.carried.within(run)
    }
}

/// A body, with the context of its call.
pub(crate) struct InContext<B> {
    context: CallContext,
    /// `None` once it was run or dropped.
    body: Option<B>,
}

/// Returns the body, to run in the context of this thread.
#[inline]
pub(crate) fn in_context<B>(body: B) -> InContext<B> {
    InContext { context: CallContext::capture(), body: Some(body) }
}

impl<B: Body> Body for InContext<B> {
    type Output = B::Output;
    type Label = B::Label;
    const IS_SYNC: bool = B::IS_SYNC;
    const BELONGS_TO_SCOPE: bool = B::BELONGS_TO_SCOPE;
    const MOVES: Moves<B::Output> = B::MOVES;
    const WHEN_CLOSED: Progress = B::WHEN_CLOSED;
    const WHEN_SUSPENDED: Progress = B::WHEN_SUSPENDED;

    fn label(&self) -> B::Label {
        self.body.as_ref().expect("a task asks before it runs the body").label()
    }

    fn function(label: B::Label) -> Path {
        B::function(label)
    }

    fn has_started(&self) -> bool {
        self.body.as_ref().is_some_and(B::has_started)
    }

    fn owns_node(&self) -> bool {
        self.body.as_ref().is_some_and(B::owns_node)
    }

    fn set_owns_node(&mut self, owns: bool) {
        if let Some(body) = &mut self.body {
            body.set_owns_node(owns);
        }
    }

    #[inline]
    fn run(mut self, waker: impl FnOnce() -> Waker) -> Step<Self> {
        let context = std::mem::take(&mut self.context);
        let body = self.body.take().expect("a body runs once");
        match context.within(|| body.run(waker)) {
            Step::Finished(value) => Step::Finished(value),
            Step::Suspended(body) => Step::Suspended(Self { context, body: Some(body) }),
            Step::Failed(error) => Step::Failed(error),
        }
    }
}

/// The captured values of a body may need the context when they are dropped, as they do when it runs.
impl<B> Drop for InContext<B> {
    #[inline]
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            self.context.within(|| drop(body));
        }
    }
}
