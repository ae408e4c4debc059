//! What the wait graph needs to know of a call.

use std::any::Any;
use std::sync::{Arc, Weak};

use crate::call::Call;
use crate::error::WaitKind;
use crate::panic::drop_catching;
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

    /// What is left of the call if this was its last owner: destructors of the user's, which run without a lock.
    fn into_remains(self: Arc<Self>) -> Option<Box<dyn Any + Send>>;

    /// Whether the body is suspended, or the call waits for dependencies or for a permit.
    fn is_parked(&self) -> bool;

    /// What the call waits for, if it is parked.
    fn parked_in(&self) -> WaitKind;

    /// One more set of calls has a reference to the call, until `left_set`.
    fn joins_set(&self);

    /// A set of calls is about to drop its reference.
    fn left_set(&self);
}

/// What is left of calls that lost their last owner under a lock, to be dropped without it.
#[derive(Default)]
pub(crate) struct Remains(Vec<Box<dyn Any + Send>>);

impl Remains {
    /// Drops a reference to the call, but not what is left of the call.
    pub(crate) fn keep<C: WaitTarget + ?Sized>(&mut self, call: Arc<C>) {
        self.0.extend(call.into_remains());
    }
}

impl Drop for Remains {
    fn drop(&mut self) {
        // Destructors of the user's, each of which may panic.
        self.0.drain(..).for_each(drop_catching);
    }
}

/// Calls `act` with the call, unless it has lost its last owner.
///
/// There is no other owner afterwards: a search for rings of `async` bodies counts the owners.
pub(crate) fn with_call<R>(
    call: &Weak<dyn WaitTarget>,
    remains: &mut Remains,
    act: impl FnOnce(&Arc<dyn WaitTarget>, &mut Remains) -> R,
) -> Option<R> {
    let call = call.upgrade()?;
    let result = act(&call, remains);
    remains.keep(call);
    Some(result)
}

/// Weak references to the calls.
pub(crate) fn downgrade(
    calls: Vec<Arc<dyn WaitTarget>>,
    remains: &mut Remains,
) -> Vec<Weak<dyn WaitTarget>> {
    let downgrade = |call: Arc<dyn WaitTarget>| {
        let weak = Arc::downgrade(&call);
        remains.keep(call);
        weak
    };
    calls.into_iter().map(downgrade).collect()
}
