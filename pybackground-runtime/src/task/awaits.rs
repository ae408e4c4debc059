//! What the trailer keeps of a suspended body: the calls that it awaits.

use std::sync::Weak;

use crate::error::Error;

/// What identifies a call.
pub(super) type Address = usize;

/// The calls that a suspended body awaits, and the error that the next poll of one of them gives.
pub(crate) struct Awaits<J: ?Sized> {
    pub(super) calls: Vec<Weak<J>>,
    pub(super) failure: Option<(Address, Error)>,
}

impl<J: ?Sized> Default for Awaits<J> {
    fn default() -> Self {
        Self { calls: Vec::new(), failure: None }
    }
}

impl<J: ?Sized> Awaits<J> {
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}
