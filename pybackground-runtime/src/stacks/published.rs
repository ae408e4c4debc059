//! What a thread tells of its bodies.
//!
//! Only the thread itself writes, with plain stores; others read what they can get. An entry is read
//! twice over: if its frame is the same before and after, what was read in between belongs to it.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use super::frame::Frame;
use super::interner::Name;
use crate::sync::lock_leaf;

/// So many bodies on top of each other need no further memory; beyond them it doubles.
const FEW: usize = 8;
const DOUBLINGS: usize = 20;

/// A thread's bodies, the lowest first.
pub(super) struct PublishedStack {
    /// The thread's number.
    number: usize,
    /// The name of the thread that has the board now.
    thread: Mutex<String>,
    /// How many bodies the thread and its forerunners of the same number began.
    begun: AtomicU64,
    depth: AtomicUsize,
    /// The body on top, for the thread itself.
    current: AtomicU64,
    /// The body that made a call last.
    maker: AtomicU64,
    /// When the lowest body began.
    since: AtomicU64,
    few: [Entry; FEW],
    more: [OnceLock<Box<[Entry]>>; DOUBLINGS],
}

#[derive(Default)]
struct Entry {
    frame: AtomicU64,
    maker: AtomicU64,
    name: AtomicU32,
}

/// A body that runs, or waits for others.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Running {
    pub(crate) frame: Frame,
    /// The body that made the call.
    pub(crate) maker: Frame,
    pub(crate) name: Name,
}

impl PublishedStack {
    pub(super) fn new(number: usize) -> Self {
        Self {
            number,
            thread: Mutex::default(),
            begun: AtomicU64::new(0),
            depth: AtomicUsize::new(0),
            current: AtomicU64::new(Frame::NONE.word()),
            maker: AtomicU64::new(Frame::NONE.word()),
            since: AtomicU64::new(0),
            few: std::array::from_fn(|_| Entry::default()),
            more: std::array::from_fn(|_| OnceLock::new()),
        }
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    pub(super) fn thread(&self) -> String {
        lock_leaf(&self.thread).clone()
    }

    /// Another thread has the board from now on.
    pub(super) fn hand_to(&self, thread: &str) {
        thread.clone_into(&mut lock_leaf(&self.thread));
    }

    pub(super) fn begun(&self) -> u64 {
        // ORDERING: who asks others reads the depth first, which orders.
        self.begun.load(Ordering::Relaxed)
    }

    /// The body on top, asked by the thread itself.
    #[inline]
    pub(super) fn current(&self) -> Frame {
        // ORDERING: the thread reads what it wrote itself.
        Frame::from_word(self.current.load(Ordering::Relaxed))
    }

    /// The body on top, asked by the thread itself, which now makes a call.
    #[inline]
    pub(super) fn current_makes_call(&self) -> Frame {
        let maker = self.current();
        // ORDERING: who asks for it has a lock that the thread had later, or learns of the body later.
        self.maker.store(maker.word(), Ordering::Relaxed);
        maker
    }

    /// Whether the body of `frame`, which is or was on this thread, may have made calls: bodies that
    /// began after it are taken to be part of it.
    pub(super) fn may_have_made_calls(&self, frame: Frame) -> bool {
        let maker = Frame::from_word(self.maker.load(Ordering::Relaxed));
        let is_foreign = maker.is_of_call() && maker.thread() != self.number;
        is_foreign || maker.run() >= frame.run()
    }

    /// A poll of the body of `frame` is over. Were it left as the one that made a call last, it could not
    /// be compared with others: it may have got its frame on another thread.
    pub(super) fn poll_is_over(&self, frame: Frame) {
        if self.maker.load(Ordering::Relaxed) == frame.word() {
            let last = self.begun.load(Ordering::Relaxed).wrapping_sub(1);
            self.maker.store(Frame::new(self.number, last).word(), Ordering::Relaxed);
        }
    }

    /// The frame of the next body.
    #[inline]
    pub(super) fn upcoming(&self) -> Frame {
        // ORDERING: this thread alone writes the number.
        Frame::new(self.number, self.begun.load(Ordering::Relaxed))
    }

    /// Puts the next body on top, and returns the one below. It has the frame of its call, if that has one,
    /// and else the upcoming.
    #[inline]
    pub(super) fn push(
        &self,
        of_call: Option<Frame>,
        maker: Frame,
        name: Name,
        now: impl FnOnce() -> Duration,
    ) -> Frame {
        let frame = of_call.unwrap_or_else(|| self.upcoming());
        self.begun.store(self.begun.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        // ORDERING: this thread alone writes the depth.
        let depth = self.depth.load(Ordering::Relaxed);
        if depth == 0 {
            self.since.store(as_micros(now()), Ordering::Relaxed);
        }
        let entry = self.entry(depth);
        // ORDERING: the frame was none since the last body left; with this fence nobody who reads the
        // new maker and name finds the old frame after them, and with the release nobody who finds the
        // new frame reads the old ones.
        fence(Ordering::Release);
        entry.maker.store(maker.word(), Ordering::Relaxed);
        entry.name.store(name.number(), Ordering::Relaxed);
        entry.frame.store(frame.word(), Ordering::Release);
        self.depth.store(depth + 1, Ordering::Release);
        let below = self.current();
        self.current.store(frame.word(), Ordering::Relaxed);
        below
    }

    /// Takes the body on top away; `below` is the one under it.
    #[inline]
    pub(super) fn pop(&self, below: Frame) {
        self.current.store(below.word(), Ordering::Relaxed);
        let depth = self.depth.load(Ordering::Relaxed) - 1;
        self.entry(depth).frame.store(Frame::NONE.word(), Ordering::Relaxed);
        // ORDERING: what the body did comes before it is seen gone.
        self.depth.store(depth, Ordering::Release);
    }

    /// Whether no body is on the thread.
    pub(super) fn is_empty(&self) -> bool {
        // ORDERING: pairs with `pop`.
        self.depth.load(Ordering::Acquire) == 0
    }

    /// When the lowest body began, on the clock of this module's.
    pub(super) fn since(&self) -> Duration {
        Duration::from_micros(self.since.load(Ordering::Relaxed))
    }

    /// The bodies, the lowest first. What comes and goes meanwhile may be missing.
    pub(super) fn read(&self) -> impl DoubleEndedIterator<Item = Running> {
        let depth = self.depth.load(Ordering::Acquire);
        (0..depth).filter_map(|at| self.entry(at).read())
    }

    #[inline]
    fn entry(&self, at: usize) -> &Entry {
        match self.few.get(at) {
            Some(entry) => entry,
            None => self.further_entry(at),
        }
    }

    fn further_entry(&self, at: usize) -> &Entry {
        let doubling = (at / FEW + 1).ilog2();
        let length = FEW << doubling;
        let more = &self.more[doubling as usize - 1];
        &more.get_or_init(|| (0..length).map(|_| Entry::default()).collect())[at + FEW - length]
    }
}

impl Entry {
    fn read(&self) -> Option<Running> {
        // ORDERING: see `push`.
        let frame = self.frame.load(Ordering::Acquire);
        let maker = self.maker.load(Ordering::Relaxed);
        let name = self.name.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let still = self.frame.load(Ordering::Relaxed);
        let frame = Frame::from_word(frame);
        (frame.word() == still && !frame.is_none()).then(|| Running {
            frame,
            maker: Frame::from_word(maker),
            name: Name::from_number(name),
        })
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

    fn body(frame: Frame) -> Running {
        let maker = Frame::from_word(frame.word() + 1);
        let name = u32::try_from(frame.word() & 0xFFFF).unwrap();
        Running { frame, maker, name: Name::from_number(name) }
    }

    fn frames(board: &PublishedStack) -> Vec<Frame> {
        board.read().map(|running| running.frame).collect()
    }

    #[test]
    fn bodies_are_read_in_the_order_they_lie_on_each_other() {
        let board = PublishedStack::new(3);
        let mut pushed = Vec::new();
        for _ in 0..100 * FEW {
            let (below, frame) = (board.current(), board.upcoming());
            let Running { maker, name, .. } = body(frame);
            assert_eq!(board.push(None, maker, name, Duration::default), below);
            pushed.push(frame);
            assert_eq!(frames(&board), pushed);
        }
        while let Some(top) = pushed.pop() {
            assert_eq!(board.current(), top);
            board.pop(pushed.last().copied().unwrap_or(Frame::NONE));
            assert_eq!(frames(&board), pushed);
        }
        assert!(board.is_empty());
    }

    #[test]
    fn a_reader_never_mixes_two_bodies() {
        let (board, over) = (PublishedStack::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..100_000 {
                    let Running { maker, name, .. } = body(board.upcoming());
                    let below = board.push(None, maker, name, Duration::default);
                    board.pop(below);
                }
                over.store(true, Ordering::Relaxed);
            });
            while !over.load(Ordering::Relaxed) {
                for read in board.read() {
                    let whole = body(read.frame);
                    assert_eq!((read.maker, read.name), (whole.maker, whole.name));
                }
            }
        });
    }
}
