//! The place where the answer to a call comes.

use std::mem;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use super::outcome::Outcome;
use crate::sync::lock_leaf;

/// The caller's end of a call that was sent.
pub(super) struct Slot(Arc<Mutex<Stage>>);

enum Stage {
    Waiting(Waker),
    Answered(Box<Outcome>),
    /// The answer was taken.
    Empty,
}

impl Slot {
    /// Makes both ends. The waker is woken when the answer comes.
    pub(super) fn new(waker: Waker) -> (Self, Reply) {
        let stage = Arc::new(Mutex::new(Stage::Waiting(waker)));
        (Self(stage.clone()), Reply(Some(stage)))
    }

    /// Takes the answer, or keeps another waker until it comes.
    pub(super) fn take(&self, waker: impl FnOnce() -> Waker) -> Option<Outcome> {
        let mut stage = lock_leaf(&self.0);
        match mem::replace(&mut *stage, Stage::Empty) {
            Stage::Waiting(_) => {
                *stage = Stage::Waiting(waker());
                None
            }
            Stage::Answered(outcome) => Some(*outcome),
            Stage::Empty => unreachable!("an answer is taken once"),
        }
    }
}

/// The engine's end of a call. Dropped without an answer, it says that the call is lost.
pub struct Reply(Option<Arc<Mutex<Stage>>>);

impl Reply {
    /// Answers the call.
    pub fn answer(mut self, outcome: Outcome) {
        self.send(outcome);
    }

    fn send(&mut self, outcome: Outcome) {
        let Some(stage) = self.0.take() else { return };
        let before = mem::replace(&mut *lock_leaf(&stage), Stage::Answered(Box::new(outcome)));
        if let Stage::Waiting(waker) = before {
            waker.wake();
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        self.send(Outcome::lost("the thread that sends calls ended", 0));
    }
}
