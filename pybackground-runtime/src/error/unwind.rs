//! The payload of a body that unwinds because it was cancelled.

use std::any::Any;

/// The payload that a cancelled body unwinds with.
pub(crate) struct StopPayload;

/// Whether `payload` is that of a cancelled body, and not of a panic.
pub(crate) fn is_stop(payload: &(dyn Any + Send)) -> bool {
    payload.is::<StopPayload>()
}
