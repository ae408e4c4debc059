//! The boards of all threads, for those who ask about other threads.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use super::coarse_clock;
use super::frame::{Frame, MOST_THREADS};
use super::polled;
use super::published::{PublishedStack, Running};
use crate::call::Call;
use crate::sync::lock_leaf;

static BOARDS: Mutex<Registry> = Mutex::new(Registry { all: Vec::new(), free: Vec::new() });

/// Registry are kept for other threads: there are as many as there ever were threads at once.
struct Registry {
    /// At a thread's number: its board.
    all: Vec<&'static PublishedStack>,
    free: Vec<&'static PublishedStack>,
}

/// The bodies of one thread.
pub(crate) struct Stack {
    pub(crate) thread: String,
    pub(crate) number: usize,
    /// How long the lowest body has been there.
    pub(crate) age: Duration,
    /// The lowest first.
    pub(crate) bodies: Vec<Running>,
}

/// A board for a thread of that name; `None` if there are more threads than numbers.
pub(super) fn take(thread: &str) -> Option<&'static PublishedStack> {
    let mut boards = lock_leaf(&BOARDS);
    let board = boards.free.pop().or_else(|| {
        let number = boards.all.len();
        (number < MOST_THREADS).then(|| {
            let board: &'static PublishedStack = Box::leak(Box::new(PublishedStack::new(number)));
            boards.all.push(board);
            board
        })
    })?;
    board.hand_to(thread);
    Some(board)
}

/// The board's thread ends.
pub(super) fn give_back(board: &'static PublishedStack) {
    lock_leaf(&BOARDS).free.push(board);
}

fn board(number: usize) -> Option<&'static PublishedStack> {
    lock_leaf(&BOARDS).all.get(number).copied()
}

/// The body of `frame`, the one that made its call, the one that made that one's call, and so on, as
/// far as they run.
pub(crate) fn ancestors(frame: Frame) -> impl Iterator<Item = Frame> {
    let bodies_of = |thread| board(thread).map(|board| (thread, board.read().rev()));
    // A maker on the same thread is further down: each board is gone through once on the way.
    let mut bodies = None;
    let mut next = frame;
    std::iter::from_fn(move || {
        if next.is_none() {
            return None;
        }
        let frame = next;
        if let Some(maker) = polled::maker(frame) {
            next = maker;
            return Some(frame);
        }
        if bodies.as_ref().is_none_or(|(thread, _)| *thread != frame.thread()) {
            bodies = bodies_of(frame.thread());
        }
        let found = bodies.as_mut().and_then(|(_, bodies)| bodies.find(|body| body.frame == frame));
        next = found.map_or(Frame::NONE, |body| body.maker);
        Some(frame)
    })
}

fn find(frame: Frame) -> Option<Running> {
    board(polled::thread_of(frame))?.read().rev().find(|running| running.frame == frame)
}

/// The call of a body that runs.
pub(crate) fn call_of(frame: Frame) -> Option<Call> {
    if frame.is_none() { None } else { Some(find(frame)?.name.call()) }
}

/// Whether the body of `frame`, which was on top of this thread's stack last, may have made calls.
pub(crate) fn may_have_made_calls(frame: Frame) -> bool {
    let on_board = || board(frame.thread()).is_some_and(|board| board.may_have_made_calls(frame));
    !frame.is_none() && (polled::is_known(frame) || on_board())
}

/// The bodies that made the calls of those that run.
pub(crate) fn makers() -> BTreeSet<Frame> {
    let boards = lock_leaf(&BOARDS).all.clone();
    boards.into_iter().flat_map(PublishedStack::read).map(|body| body.maker).collect()
}

/// How many threads there were at once, at most.
pub(crate) fn most_threads() -> usize {
    lock_leaf(&BOARDS).all.len()
}

/// How many bodies were ever begun.
pub(crate) fn begun() -> u64 {
    lock_leaf(&BOARDS).all.iter().map(|board| board.begun()).sum()
}

/// The bodies on the thread of that number.
pub(crate) fn stack_of(number: usize) -> Option<Stack> {
    Some(stack(board(number)?, coarse_clock::read()))
}

/// The bodies of every thread that has any, in the order of the threads' numbers.
pub(crate) fn stacks() -> Vec<Stack> {
    let mut boards = lock_leaf(&BOARDS).all.clone();
    boards.retain(|board| !board.is_empty());
    let now = coarse_clock::read();
    boards.into_iter().map(|board| stack(board, now)).collect()
}

fn stack(board: &PublishedStack, now: Duration) -> Stack {
    Stack {
        thread: board.thread(),
        number: board.number(),
        age: now.saturating_sub(board.since()),
        bodies: board.read().collect(),
    }
}
