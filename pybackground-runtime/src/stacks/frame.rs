//! The name of one run of a body, or of all the runs of one that is polled.

use std::sync::atomic::{AtomicU64, Ordering};

/// Which thread runs a body, and the how-manieth of its runs it is.
///
/// A body that is polled may go from thread to thread, and the calls that it makes are to know it all the
/// while: it keeps the frame of a poll, marked as that of a *call*.
///
/// The numbers of a thread that ended are given to another, which goes on counting. They begin again
/// after a day of doing nothing else; whoever remembers a frame forgets it when its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Frame(u64);

/// Two bits are left for others to put a frame and something else into one word.
const BITS: u32 = 62;
const RUN_BITS: u32 = 42;
const RUNS: u64 = 1 << RUN_BITS;
const CALL: u64 = 1 << (BITS - 1);

/// More threads than this are not told from each other.
pub(super) const MOST_THREADS: usize = (1 << (BITS - 1 - RUN_BITS)) - 1;

impl Frame {
    /// No body: a thread from outside, or one whose storage is gone.
    pub(crate) const NONE: Self = Self(0);

    /// The `count`th run of the thread with that number.
    #[inline]
    pub(crate) fn new(thread: usize, count: u64) -> Self {
        debug_assert!(thread < MOST_THREADS);
        // The threads are counted from one, so that no run is zero.
        Self(((thread as u64 + 1) << RUN_BITS) | (count % RUNS))
    }

    pub(crate) fn from_word(word: u64) -> Self {
        Self(word)
    }

    pub(crate) fn word(self) -> u64 {
        self.0
    }

    pub(crate) fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// The frame of the call that this is a run of.
    pub(crate) fn of_call(self) -> Self {
        if self.is_none() { self } else { Self(self.0 | CALL) }
    }

    pub(crate) fn is_of_call(self) -> bool {
        self.0 & CALL != 0
    }

    /// The run that gave a call its frame, or the run itself.
    pub(super) fn run(self) -> Self {
        Self(self.0 & !CALL)
    }

    /// Beyond every run that began later on the same thread, or beyond the call, which is on no thread
    /// for good; only for a frame that is some.
    pub(crate) fn end_of_thread(self) -> Self {
        if self.is_of_call() { Self(self.0 + 1) } else { Self((self.0 | (RUNS - 1)) + 1) }
    }

    /// Whether both are runs of the same thread; only for frames that are some.
    pub(crate) fn is_beside(self, other: Self) -> bool {
        !self.is_of_call() && !other.is_of_call() && self.thread() == other.thread()
    }

    /// The number of the thread that runs it, or first polled the call; only for a frame that is some.
    pub(super) fn thread(self) -> usize {
        let thread = (self.run().0 >> RUN_BITS) - 1;
        usize::try_from(thread).expect("19 bits fit every usize we run on")
    }
}

/// A frame that is set once in a while.
pub(crate) struct FrameCell(AtomicU64);

impl FrameCell {
    #[inline]
    pub(crate) fn new(frame: Frame) -> Self {
        Self(AtomicU64::new(frame.word()))
    }

    #[inline]
    pub(crate) fn get(&self) -> Frame {
        // ORDERING: a name, which guards nothing.
        Frame::from_word(self.0.load(Ordering::Relaxed))
    }

    pub(crate) fn set(&self, frame: Frame) {
        self.0.store(frame.word(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_knows_its_thread_and_is_never_none() {
        assert!(Frame::NONE.of_call().is_none());
        for thread in [0, 1, MOST_THREADS - 1] {
            for count in [0, 1, RUNS - 1, RUNS, u64::MAX] {
                let frame = Frame::new(thread, count);
                assert_eq!(frame.thread(), thread);
                assert!(!frame.is_none());
                let call = frame.of_call();
                assert!(call.is_of_call() && !frame.is_of_call());
                assert_eq!((call.run(), call.thread()), (frame, thread));
                assert!(!call.is_beside(frame) && !call.is_beside(call) && frame.is_beside(frame));
                assert_eq!(call.word() >> BITS, 0);
            }
        }
    }
}
