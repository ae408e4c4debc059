//! A closure that waits for its turn, with its call.

use std::sync::Arc;

use crate::context::Context;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::task::{Borrowed, Task, Unobserved};

/// See [`Call`]; of any type.
pub(crate) trait Entry: Send {
    /// Runs the closure; gives the call back if it failed. No panic gets out.
    fn run(self: Box<Self>) -> Option<Arc<dyn Unobserved>>;

    /// Ends the call without running it, and gives it back.
    fn refuse(self: Box<Self>, why: &str) -> Arc<dyn Unobserved>;
}

/// The closure, which borrows, and the call, which must not.
pub(super) struct Call<F, T: Send + 'static> {
    pub(super) task: Arc<Task<Borrowed<T>>>,
    /// Where the closure runs, and what it captured is dropped.
    pub(super) context: Context,
    pub(super) body: F,
}

impl<F, T> Entry for Call<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send + 'static,
{
    fn run(self: Box<Self>) -> Option<Arc<dyn Unobserved>> {
        let Self { task, context, body } = *self;
        if context.within(|| task.run_borrowed(body)) {
            return Some(task);
        }
        // A value that nobody waits for is dropped here.
        drop_catching(task);
        None
    }

    fn refuse(self: Box<Self>, why: &str) -> Arc<dyn Unobserved> {
        let Self { task, context, body } = *self;
        task.refuse(why);
        context.within(|| drop_catching(body));
        task
    }
}
