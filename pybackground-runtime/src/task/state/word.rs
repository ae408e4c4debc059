//! The states of a call, in a word that any thread may read without the lock.
//!
//! The transitions in `mod.rs` alone change it, under the lock.

use crate::stacks::Frame;
use crate::sync::atomic::{AtomicU64, Ordering};

/// The call waits for its dependencies or for a permit. The last dependency, or the limit, admits it.
pub(super) const HELD: u64 = 0;
/// A worker may claim the body, and does so when it takes the call from a queue.
pub(super) const QUEUED: u64 = 1 << TAG_BITS;
/// As `QUEUED`, and a thread that joins the call may claim the body too: it is not a future, and the
/// call has neither a deadline nor a permit and is not shared by a body.
pub(super) const CLAIMABLE: u64 = 2 << TAG_BITS;
/// The future waits to be woken. Its waker enqueues it.
pub(super) const SUSPENDED: u64 = 3 << TAG_BITS;
/// There is an outcome, or there was one until it was taken. Workers clean up after a call that
/// was closed.
pub(super) const DONE: u64 = 4 << TAG_BITS;

/// A thread runs the body: the other bits have the [`Frame`], which names the thread and this run. Only that
/// thread suspends the body or stores its result. Any thread may close the call meanwhile.
pub(super) const RUNNING: u64 = 1;
/// As `RUNNING`, and the future has been woken since this poll began.
pub(super) const WOKEN: u64 = 2;
/// The body has returned before the call was closed. Its thread reports that and then publishes the outcome. The
/// call cannot be closed in between.
pub(super) const ENDING: u64 = 3;

const TAG_BITS: u32 = 2;
pub(super) const TAG: u64 = (1 << TAG_BITS) - 1;

/// The state of a call, as far as it can be read without the lock.
pub(crate) struct Word(AtomicU64);

impl Word {
    #[inline]
    pub(super) fn new(state: u64) -> Self {
        Self(AtomicU64::new(state))
    }

    /// Returns whether a joining thread may claim the body.
    #[inline]
    pub(in crate::task) fn is_claimable(&self) -> bool {
        self.read() == CLAIMABLE
    }

    /// Returns whether the body waits for a thread.
    pub(in crate::task) fn is_queued(&self) -> bool {
        matches!(self.read(), QUEUED | CLAIMABLE)
    }

    /// Returns whether the future waits to be woken.
    pub(in crate::task) fn is_suspended(&self) -> bool {
        self.read() == SUSPENDED
    }

    /// Returns whether the call waits for its dependencies or for a permit.
    pub(in crate::task) fn is_held(&self) -> bool {
        self.read() == HELD
    }

    /// Returns whether the body waits for a thread or is held back.
    pub(in crate::task) fn is_pending(&self) -> bool {
        matches!(self.read(), HELD | QUEUED | CLAIMABLE)
    }

    #[inline]
    pub(in crate::task) fn is_done(&self) -> bool {
        // ORDERING: pairs with `set_done`: what was written before is seen after this.
        self.0.load(Ordering::Acquire) == DONE
    }

    /// Returns the frame of the running body; none if no thread runs the body, or if the call was closed.
    pub(in crate::task) fn runner(&self) -> Frame {
        let word = self.read();
        if word & TAG == 0 { Frame::NONE } else { Frame::from_word(word >> TAG_BITS) }
    }

    pub(in crate::task) fn is_running(&self) -> bool {
        matches!(self.read() & TAG, RUNNING | WOKEN)
    }

    #[inline]
    pub(super) fn read(&self) -> u64 {
        // ORDERING: a hint without the lock; under the lock, the lock orders. The search for cycles of
        // waits relies on the frame, but only for threads that have since held the lock of the waits.
        self.0.load(Ordering::Relaxed)
    }

    #[inline]
    pub(super) fn set(&self, state: u64) {
        // ORDERING: as `read`.
        self.0.store(state, Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn set_running(&self, tag: u64, frame: Frame) {
        self.set((frame.word() << TAG_BITS) | tag);
    }

    pub(super) fn set_done(&self) {
        // ORDERING: a thread that sees this reads what was written before: the outcome under the task's
        // lock or, after a run in place, in the `Lazy`.
        self.0.store(DONE, Ordering::Release);
    }
}
