//! The place where the answer to a call comes.

use std::mem;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use super::outcome::RemoteOutcome;
use crate::sync::lock_leaf;

/// The caller's end of a call that was sent.
pub(super) struct ReplySlot(Arc<Mutex<ReplyStage>>);

enum ReplyStage {
    Waiting(Waker),
    Answered(Box<RemoteOutcome>),
    /// The answer was taken.
    Empty,
}

impl ReplySlot {
    /// Makes both ends. The waker is woken when the answer comes.
    pub(super) fn new(waker: Waker) -> (Self, Reply) {
        let stage = Arc::new(Mutex::new(ReplyStage::Waiting(waker)));
        (Self(stage.clone()), Reply(Some(stage)))
    }

    /// Takes the answer, or keeps another waker until it comes.
    pub(super) fn take(&self, waker: impl FnOnce() -> Waker) -> Option<RemoteOutcome> {
        let mut stage = lock_leaf(&self.0);
        match mem::replace(&mut *stage, ReplyStage::Empty) {
            ReplyStage::Waiting(_) => {
                *stage = ReplyStage::Waiting(waker());
                None
            }
            ReplyStage::Answered(outcome) => Some(*outcome),
            ReplyStage::Empty => unreachable!("an answer is taken once"),
        }
    }
}

/// The engine's end of a call. Dropped without an answer, it says that the call is lost.
pub struct Reply(Option<Arc<Mutex<ReplyStage>>>);

impl Reply {
    /// Answers the call.
    pub fn answer(mut self, outcome: RemoteOutcome) {
        self.send(outcome);
    }

    fn send(&mut self, outcome: RemoteOutcome) {
        let Some(stage) = self.0.take() else { return };
        let before = mem::replace(&mut *lock_leaf(&stage), ReplyStage::Answered(Box::new(outcome)));
        if let ReplyStage::Waiting(waker) = before {
            waker.wake();
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.send(RemoteOutcome::lost("the thread that sends calls ended", 0));
    }
}
