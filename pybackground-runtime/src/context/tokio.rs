//! Bodies that run in the tokio context of their call.
//!
//! The context is that of the thread that makes the call: of a tokio task, of an `enter()`, or of a body that
//! has a context itself. A call made outside of tokio has none, and costs one read of a thread-local more.

use std::task::Waker;

use ::tokio::runtime::Handle;

use crate::error::Progress;
use crate::task::{Body, Step};

/// The context of a call.
#[derive(Default)]
struct Context(Option<Handle>);

impl Context {
    /// Returns the context of this thread.
    #[inline]
    fn capture() -> Self {
        Self(Handle::try_current().ok())
    }

    /// Runs `run` in the context.
    #[inline]
    fn within<R>(&self, run: impl FnOnce() -> R) -> R {
        let _entered = self.0.as_ref().map(Handle::enter);
        run()
    }
}

/// A body, with the context of its call.
pub(crate) struct InContext<B> {
    context: Context,
    /// `None` once it was run or dropped.
    body: Option<B>,
}

/// Returns the body, to run in the context of this thread.
#[inline]
pub(crate) fn in_context<B>(body: B) -> InContext<B> {
    InContext { context: Context::capture(), body: Some(body) }
}

impl<B: Body> Body for InContext<B> {
    type Output = B::Output;
    const IS_SYNC: bool = B::IS_SYNC;
    const BELONGS_TO_SCOPE: bool = B::BELONGS_TO_SCOPE;
    const WHEN_CLOSED: Progress = B::WHEN_CLOSED;
    const WHEN_SUSPENDED: Progress = B::WHEN_SUSPENDED;

    fn function() -> &'static str {
        B::function()
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
