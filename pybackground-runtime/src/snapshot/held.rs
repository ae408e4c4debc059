//! Calls that no thread may have yet.

use std::panic::Location;

use crate::call::Call;

/// Calls of one function and call site that wait for a slot of the function's `limit`; see
/// [`Snapshot::held`](crate::Snapshot::held).
#[derive(Clone, Debug)]
pub struct Held {
    pub(super) call: Call,
    pub(super) calls: usize,
}

impl Held {
    /// The path of the function.
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.call.function()
    }

    /// Where it was called.
    #[must_use]
    pub fn called_at(&self) -> &'static Location<'static> {
        self.call.site()
    }

    /// How many of its calls wait.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls
    }
}
