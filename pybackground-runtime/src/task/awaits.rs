//! What the trailer keeps of a suspended body: the calls that it awaits.

use std::sync::Weak;

use crate::error::WaitEdge;

/// What identifies a call.
pub(super) type Address = usize;

/// The wakers that the awaiter of a call wakes.
pub(crate) trait AwaiterList: Send + Sync {
    /// Whether a waker with data at that address is in the list.
    fn has_waker_of(&self, data: Address) -> bool;
}

/// The next poll of one of these calls gives an error with the edges of a ring.
pub(crate) struct RingFailure {
    pub(super) calls: Vec<Address>,
    pub(super) edges: Vec<WaitEdge>,
}

/// The calls that a suspended body awaits, and the error that the next poll of one of them gives.
pub(crate) struct Awaits<J: ?Sized> {
    pub(super) calls: Vec<Weak<J>>,
    pub(super) failure: Option<RingFailure>,
    /// The body was resumed with an error and polled none of its calls. It would do so again.
    pub(super) is_deaf: bool,
}

impl<J: ?Sized> Default for Awaits<J> {
    fn default() -> Self {
        Self { calls: Vec::new(), failure: None, is_deaf: false }
    }
}

impl<J: ?Sized> Awaits<J> {
    pub(super) fn has(&self, call: Address) -> bool {
        self.calls.iter().any(|known| known.as_ptr().cast::<()>().addr() == call)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}
