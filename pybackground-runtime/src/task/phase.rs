//! What may be read of a task's state without its lock.

use crate::stacks::Frame;
use crate::sync::atomic::{AtomicU64, Ordering};

/// Not started, and whoever waits for the call may run it.
const CLAIMABLE: u64 = 0;
/// Not started or suspended, and left to the queue: the call has a deadline, is held back by its
/// inputs or its function's limit, or is a future.
const RESERVED: u64 = 1;
/// A thread runs the body, as the frame in the other bits.
const STARTED: u64 = 2;
const DONE: u64 = 3;

const PHASE_BITS: u32 = 2;
const PHASE: u64 = (1 << PHASE_BITS) - 1;

/// A copy of the stage for fast checks, written under the task's lock.
pub(crate) struct Phase(AtomicU64);

impl Phase {
    pub(super) fn new(claimable: bool) -> Self {
        Self(AtomicU64::new(if claimable { CLAIMABLE } else { RESERVED }))
    }

    pub(super) fn start(&self, frame: Frame) {
        // ORDERING: a hint only, nothing is read on the strength of it. Who looks for rings of waits
        // counts on the frame, but only on those of threads that have since had the lock of the waits.
        self.0.store((frame.word() << PHASE_BITS) | STARTED, Ordering::Relaxed);
    }

    pub(super) fn reserve(&self) {
        // ORDERING: as `start`.
        self.0.store(RESERVED, Ordering::Relaxed);
    }

    pub(super) fn offer(&self) {
        // ORDERING: as `start`.
        self.0.store(CLAIMABLE, Ordering::Relaxed);
    }

    pub(super) fn done(&self) {
        // ORDERING: whoever sees this goes on to what was written before: the outcome under the
        // task's lock or, after a run in place, in the `Lazy`.
        self.0.store(DONE, Ordering::Release);
    }

    #[inline]
    pub(super) fn is_claimable(&self) -> bool {
        // ORDERING: see `start`; the claim itself is made under the lock.
        self.read(Ordering::Relaxed) == CLAIMABLE
    }

    pub(super) fn is_queued(&self) -> bool {
        // ORDERING: see `start`.
        self.read(Ordering::Relaxed) < STARTED
    }

    #[inline]
    pub(super) fn is_done(&self) -> bool {
        // ORDERING: pairs with `done`.
        self.read(Ordering::Acquire) == DONE
    }

    /// The run of the body that has not ended; none if nobody runs it.
    pub(super) fn runner(&self) -> Frame {
        // ORDERING: see `start`.
        let word = self.0.load(Ordering::Relaxed);
        if word & PHASE == STARTED { Frame::from_word(word >> PHASE_BITS) } else { Frame::NONE }
    }

    #[inline]
    fn read(&self, order: Ordering) -> u64 {
        self.0.load(order) & PHASE
    }
}
