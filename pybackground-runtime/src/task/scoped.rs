//! A body that borrows, and so cannot be in the task, which lives for as long as anybody holds it.
//!
//! The closure is kept by its scope, the task by the `Lazy` as well; when the closure's turn comes, the
//! scope runs it as the body of the task. So a task of a scope is in no queue of the pool's, and no
//! thread but the scope's can run it.

use std::marker::PhantomData;
use std::task::Waker;

use super::Task;
use super::body::{Body, Step};
use crate::error::{Error, Progress};
use crate::events::Place;
use crate::panic::drop_catching;
use crate::stacks;

/// Stands for a closure that returns `T`.
pub(crate) struct Borrowed<T>(PhantomData<fn() -> T>);

impl<T> Borrowed<T> {
    pub(crate) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Send + 'static> Body for Borrowed<T> {
    type Output = T;
    /// As little as for a future can a thread that waits run it.
    const RUNS_TO_END: bool = false;
    const BELONGS_TO_SCOPE: bool = true;

    fn function() -> &'static str {
        unreachable!("the options of a call of a scope name it")
    }

    fn run(self, _: impl FnOnce() -> Waker) -> Step<Self> {
        unreachable!("a call of a scope is in no queue but the scope's")
    }
}

/// A call of a scope, asked at the scope's end.
pub(crate) trait Unobserved: Send + Sync {
    /// Why the call has no value, unless somebody got to know.
    fn unseen_error(&self) -> Option<Error>;
}

impl<T: Send + 'static> Task<Borrowed<T>> {
    /// Runs `body` as the call's, or drops it if the call was closed; returns whether it failed.
    pub(crate) fn run_borrowed(&self, body: impl FnOnce() -> T) -> bool {
        let Some((_, node)) = self.state.lock().claim(stacks::upcoming) else {
            drop_catching(body);
            return false;
        };
        let function = Borrowed::<T>::function;
        let is = Progress::NotStarted;
        let (outcome, node) =
            self.header.run_by(function, body, node, Place::Worker, is, |body| body());
        let failed = outcome.is_err();
        self.finish(outcome, node);
        failed
    }
}

impl<T: Send + 'static> Unobserved for Task<Borrowed<T>> {
    fn unseen_error(&self) -> Option<Error> {
        self.state.lock().error().cloned()
    }
}
