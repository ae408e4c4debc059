//! The name of one run of a body, or of one poll.

/// A thread and the number of one of its runs.
///
/// When a thread ends, its number goes to another thread, which goes on counting. The count wraps around
/// after about a day of empty bodies; a frame that is remembered is forgotten when its body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Frame(u64);

/// Two bits are left over, so that a frame and a state fit one word.
const BITS: u32 = 62;
const RUN_BITS: u32 = 42;
const RUNS: u64 = 1 << RUN_BITS;

/// The number of threads with a number of their own.
pub(super) const MOST_THREADS: usize = (1 << (BITS - RUN_BITS)) - 1;

impl Frame {
    /// No body: a thread that the runtime did not start, or one whose storage is gone.
    pub(crate) const NONE: Self = Self(0);

    /// Returns the frame of the thread's run with the number `count`.
    #[inline]
    pub(crate) fn new(thread: usize, count: u64) -> Self {
        debug_assert!(thread < MOST_THREADS);
        // Threads count from one, so that no run is zero.
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

    /// Returns the number of the thread that runs the body. The frame is not `NONE`.
    pub(crate) fn thread(self) -> usize {
        usize::try_from((self.0 >> RUN_BITS) - 1).expect("20 bits fit a usize")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_knows_its_thread_and_is_never_none() {
        for thread in [0, 1, MOST_THREADS - 1] {
            for count in [0, 1, RUNS - 1, RUNS, u64::MAX] {
                let frame = Frame::new(thread, count);
                assert_eq!(frame.thread(), thread);
                assert!(!frame.is_none());
                assert_eq!(frame.word() >> BITS, 0);
            }
        }
    }
}
