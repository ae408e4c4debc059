//! The tokio context of a call: of a tokio task, of an `enter()`, or of a body that has a context itself.
//!
//! A call made outside of tokio has none, and costs one read of a thread-local more.

use ::tokio::runtime::Handle;

/// The context of a call.
#[derive(Default)]
pub(super) struct TokioContext(Option<Handle>);

impl TokioContext {
    /// Returns the context of this thread.
    #[inline]
    pub(super) fn capture() -> Self {
        Self(Handle::try_current().ok())
    }

    /// Runs `run` in the context.
    #[inline]
    pub(super) fn within<R>(&self, run: impl FnOnce() -> R) -> R {
        let _entered = self.0.as_ref().map(Handle::enter);
        run()
    }
}
