//! A call whose value is in a box, as the `Lazy` of the value sees it.
//!
//! A large value is put into a box where the body returns it, and the box is moved from there on.

use std::sync::Arc;

use crate::error::CallResult;
use crate::task::{Boxed, Handle, Job};

/// A call that returns a `V`, in which there is a box of the value.
pub(super) struct Unboxing<T, V> {
    pub(super) call: Handle<V>,
    pub(super) boxed: fn(V) -> Box<T>,
}

impl<T: 'static, V: 'static> Boxed<T> for Unboxing<T, V> {
    fn job(&self) -> &dyn Job {
        self.call.job()
    }

    fn to_job(&self) -> Arc<dyn Job> {
        self.call.to_job()
    }

    fn take(&self) -> Option<CallResult<Box<T>>> {
        Some(self.call.take()?.map(self.boxed))
    }

    fn run_in_place(&self, keep: &mut dyn FnMut(CallResult<Box<T>>)) -> bool {
        self.call.run_in_place(&mut |outcome| keep(outcome.map(self.boxed)))
    }

    fn join_at_once(&self) -> Option<CallResult<Box<T>>> {
        Some(self.call.clone().join_at_once().ok()?.map(self.boxed))
    }
}
