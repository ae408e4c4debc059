//! The stack of bodies that a thread publishes.
//!
//! Only the thread itself writes, with plain stores. A reader loads an entry's frame before and after the
//! rest of the entry: if it is the same frame, the rest belongs to it.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use super::frame::Frame;
use super::interner::CallName;
use crate::sync::lock_leaf;

/// The number of entries without an allocation. Each allocation doubles the number.
const FEW: usize = 8;
const DOUBLINGS: usize = 20;

/// A thread's bodies, the lowest first.
pub(super) struct PublishedStack {
    /// The thread's number.
    number: usize,
    /// The name of the thread that has the stack now.
    thread: Mutex<String>,
    /// An address near the base of the stack of that thread.
    base: AtomicUsize,
    /// How many bodies the thread and earlier ones of the same number began.
    begun: AtomicU64,
    depth: AtomicUsize,
    /// The body on top, for the thread itself.
    current: AtomicU64,
    /// When the lowest body began.
    since: AtomicU64,
    few: [PublishedEntry; FEW],
    /// Most threads need none of these, and there may be thousands of threads.
    more: OnceLock<Box<[FurtherEntries; DOUBLINGS]>>,
}

type FurtherEntries = OnceLock<Box<[PublishedEntry]>>;

#[derive(Default)]
struct PublishedEntry {
    frame: AtomicU64,
    name: AtomicU32,
}

/// A body that runs or is blocked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunningBody {
    pub(crate) frame: Frame,
    pub(crate) name: CallName,
}

impl PublishedStack {
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            thread: Mutex::default(),
            base: AtomicUsize::new(0),
            begun: AtomicU64::new(0),
            depth: AtomicUsize::new(0),
            current: AtomicU64::new(Frame::NONE.word()),
            since: AtomicU64::new(0),
            few: std::array::from_fn(|_| PublishedEntry::default()),
            more: OnceLock::new(),
        }
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    pub(super) fn thread(&self) -> String {
        lock_leaf(&self.thread).clone()
    }

    pub(super) fn base(&self) -> usize {
        self.base.load(Ordering::Relaxed)
    }

    /// Gives the stack to another thread, which calls this.
    pub(super) fn hand_to(&self, thread: &str) {
        thread.clone_into(&mut lock_leaf(&self.thread));
        let local = 0_u8;
        self.base.store(std::ptr::from_ref(&local).addr(), Ordering::Relaxed);
    }

    pub(super) fn begun(&self) -> u64 {
        // ORDERING: `Relaxed`. A reader of other threads' counts loads the depth first, which orders.
        self.begun.load(Ordering::Relaxed)
    }

    /// Returns the body on top, to the thread itself.
    #[inline]
    pub(super) fn current(&self) -> Frame {
        // ORDERING: `Relaxed`, as the thread reads what it wrote itself.
        Frame::from_word(self.current.load(Ordering::Relaxed))
    }

    /// Returns the frame of the next body.
    #[inline]
    pub(super) fn upcoming(&self) -> Frame {
        // ORDERING: `Relaxed`, as only this thread writes the number.
        Frame::new(self.number, self.begun.load(Ordering::Relaxed))
    }

    /// Puts the next body on top, and returns the one below.
    #[inline]
    pub(super) fn push(&self, name: CallName, now: impl FnOnce() -> Duration) -> Frame {
        let frame = self.upcoming();
        self.begun.store(self.begun.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        // ORDERING: `Relaxed`, as only this thread writes the depth.
        let depth = self.depth.load(Ordering::Relaxed);
        if depth == 0 {
            self.since.store(as_micros(now()), Ordering::Relaxed);
        }
        let entry = self.entry(depth);
        // ORDERING: `Release`. The frame has been none since the last body left. With this fence, a reader
        // of the new name does not find the old frame after it. With the release store, a reader of the new
        // frame does not read the old name.
        fence(Ordering::Release);
        entry.name.store(name.number(), Ordering::Relaxed);
        entry.frame.store(frame.word(), Ordering::Release);
        self.depth.store(depth + 1, Ordering::Release);
        let below = self.current();
        self.current.store(frame.word(), Ordering::Relaxed);
        below
    }

    /// Takes the body on top off; `below` is the one under it.
    #[inline]
    pub(super) fn pop(&self, below: Frame) {
        self.current.store(below.word(), Ordering::Relaxed);
        let depth = self.depth.load(Ordering::Relaxed) - 1;
        self.entry(depth).frame.store(Frame::NONE.word(), Ordering::Relaxed);
        // ORDERING: `Release`. What the body did happens before a reader sees it gone.
        self.depth.store(depth, Ordering::Release);
    }

    /// Whether no body is on the thread.
    pub(super) fn is_empty(&self) -> bool {
        // ORDERING: `Acquire`, pairs with `pop`.
        self.depth.load(Ordering::Acquire) == 0
    }

    /// Returns when the lowest body began, by the coarse clock.
    pub(super) fn since(&self) -> Duration {
        Duration::from_micros(self.since.load(Ordering::Relaxed))
    }

    /// Returns the bodies, the lowest first. A body that comes or goes meanwhile may be missing.
    pub(super) fn read(&self) -> impl DoubleEndedIterator<Item = RunningBody> {
        // ORDERING: `Acquire`, pairs with `push`.
        let depth = self.depth.load(Ordering::Acquire);
        (0..depth).filter_map(|at| self.entry(at).read())
    }

    #[inline]
    fn entry(&self, at: usize) -> &PublishedEntry {
        match self.few.get(at) {
            Some(entry) => entry,
            None => self.further_entry(at),
        }
    }

    fn further_entry(&self, at: usize) -> &PublishedEntry {
        let doubling = (at / FEW + 1).ilog2();
        let length = FEW << doubling;
        let more = &self.more.get_or_init(Box::default)[doubling as usize - 1];
        &more.get_or_init(|| (0..length).map(|_| PublishedEntry::default()).collect())
            [at + FEW - length]
    }
}

impl PublishedEntry {
    fn read(&self) -> Option<RunningBody> {
        // ORDERING: `Acquire`, here and in the fence: see `push`.
        let word = self.frame.load(Ordering::Acquire);
        let name = self.name.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let still = self.frame.load(Ordering::Relaxed);
        let frame = Frame::from_word(word);
        (word == still && !frame.is_none())
            .then(|| RunningBody { frame, name: CallName::from_number(name) })
    }
}

fn as_micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    fn name(frame: Frame) -> CallName {
        CallName::from_number(u32::try_from(frame.word() & 0xFFFF).unwrap())
    }

    fn frames(stack: &PublishedStack) -> Vec<Frame> {
        stack.read().map(|running| running.frame).collect()
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes Miri minutes")]
    fn bodies_are_read_from_the_lowest_up() {
        let stack = PublishedStack::new(3);
        let mut pushed = Vec::new();
        for _ in 0..100 * FEW {
            let (below, frame) = (stack.current(), stack.upcoming());
            assert_eq!(stack.push(name(frame), Duration::default), below);
            pushed.push(frame);
            assert_eq!(frames(&stack), pushed);
        }
        while let Some(top) = pushed.pop() {
            assert_eq!(stack.current(), top);
            stack.pop(pushed.last().copied().unwrap_or(Frame::NONE));
            assert_eq!(frames(&stack), pushed);
        }
        assert!(stack.is_empty());
    }

    #[test]
    #[cfg_attr(miri, ignore = "takes Miri minutes")]
    fn reader_never_mixes_two_bodies() {
        let (stack, over) = (PublishedStack::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..100_000 {
                    let below = stack.push(name(stack.upcoming()), Duration::default);
                    stack.pop(below);
                }
                over.store(true, Ordering::Relaxed);
            });
            while !over.load(Ordering::Relaxed) {
                for read in stack.read() {
                    assert_eq!(read.name, name(read.frame));
                }
            }
        });
    }
}
