//! What the wait graph needs to know of a call.

use std::any::Any;
use std::sync::Arc;

use crate::call::Call;
use crate::stacks::Frame;

/// A call that threads wait for.
///
/// Each method acts on the call's own lock only, so that the wait graph can ask while it holds its own.
pub(crate) trait WaitTarget: Send + Sync {
    fn call(&self) -> Call;

    /// Returns whether the call has ended.
    fn is_done(&self) -> bool;

    /// The run of the body that has not ended; none if no thread runs it.
    fn runner(&self) -> Frame;

    /// Whether it waits for a thread.
    fn is_queued(&self) -> bool;

    /// The calls that it waits for before it is enqueued.
    fn inputs(&self) -> Vec<Arc<dyn WaitTarget>>;

    /// Whether the call ends by itself at some time.
    fn has_deadline(&self) -> bool;

    /// A weak reference to the call, of the type by which the layer of calls knows it.
    fn into_weak(self: Arc<Self>) -> Box<dyn Any>;
}
