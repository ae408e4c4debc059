//! The value of a closure, shared between the closure and the `Lazy`.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

use crate::error::CallResult;
use crate::panic::drop_catching;
use crate::sync::{Mutex, lock};
use crate::task::{Boxed, Handle, Job};

/// The place of one value. Written by the closure, taken by the `Lazy`, and dropped by whichever of the
/// two is the last to have it. In a box, as it may be large.
pub(super) struct ValueSlot<T>(Mutex<Option<Box<T>>>);

impl<T> ValueSlot<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(None)))
    }

    pub(super) fn put(&self, value: Box<T>) {
        *lock(&self.0) = Some(value);
    }

    #[allow(clippy::unnecessary_box_returns, reason = "a large value is moved as a pointer")]
    fn take(&self) -> Box<T> {
        lock(&self.0).take().expect("the call returned, so its closure put a value here")
    }
}

/// A value without a `Lazy` is dropped by the closure, which has ended well: a panic in its destructor is not the
/// closure's.
impl<T> Drop for ValueSlot<T> {
    fn drop(&mut self) {
        drop_catching(lock(&self.0).take());
    }
}

/// A call of a scope, as the `Lazy` of its value sees it.
pub(super) struct ScopedHandle<T> {
    pub(super) call: Handle<()>,
    pub(super) slot: Arc<ValueSlot<T>>,
}

// A value is taken whole or not at all.
impl<T> UnwindSafe for ScopedHandle<T> {}
impl<T> RefUnwindSafe for ScopedHandle<T> {}

impl<T> ScopedHandle<T> {
    fn with_value(&self, outcome: CallResult<()>) -> CallResult<Box<T>> {
        outcome.map(|()| self.slot.take())
    }
}

impl<T: Send> Boxed<T> for ScopedHandle<T> {
    fn job(&self) -> &dyn Job {
        self.call.job()
    }

    fn to_job(&self) -> Arc<dyn Job> {
        self.call.to_job()
    }

    fn take(&self) -> Option<CallResult<Box<T>>> {
        Some(self.with_value(self.call.take()?))
    }

    fn run_in_place(&self, keep: &mut dyn FnMut(CallResult<Box<T>>)) -> bool {
        self.call.run_in_place(&mut |outcome| keep(self.with_value(outcome)))
    }

    fn join_at_once(&self) -> Option<CallResult<Box<T>>> {
        Some(self.with_value(self.call.clone().join_at_once().ok()?))
    }
}
