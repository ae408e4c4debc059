//! The boards of all threads, for those who ask about other threads.

use std::sync::Mutex;
use std::time::Duration;

use super::board::{Board, Running};
use super::clock;
use super::frame::{Frame, MOST_THREADS};
use crate::call::Call;
use crate::sync::lock_leaf;

static BOARDS: Mutex<Boards> = Mutex::new(Boards { all: Vec::new(), free: Vec::new() });

/// Boards are kept for other threads: there are as many as there ever were threads at once.
struct Boards {
    /// At a thread's number: its board.
    all: Vec<&'static Board>,
    free: Vec<&'static Board>,
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
pub(super) fn take(thread: &str) -> Option<&'static Board> {
    let mut boards = lock_leaf(&BOARDS);
    let board = boards.free.pop().or_else(|| {
        let number = boards.all.len();
        (number < MOST_THREADS).then(|| {
            let board: &'static Board = Box::leak(Box::new(Board::new(number)));
            boards.all.push(board);
            board
        })
    })?;
    board.hand_to(thread);
    Some(board)
}

/// The board's thread ends.
pub(super) fn give_back(board: &'static Board) {
    lock_leaf(&BOARDS).free.push(board);
}

fn board(number: usize) -> Option<&'static Board> {
    lock_leaf(&BOARDS).all.get(number).copied()
}

/// The body of `frame`, the one that made its call, the one that made that one's call, and so on, as
/// far as they run.
pub(crate) fn ancestors(frame: Frame) -> impl Iterator<Item = Frame> {
    std::iter::successors(Some(frame).filter(|frame| !frame.is_none()), |frame| {
        find(*frame).map(|running| running.maker).filter(|maker| !maker.is_none())
    })
}

fn find(frame: Frame) -> Option<Running> {
    board(frame.thread())?.read().rev().find(|running| running.frame == frame)
}

/// The call of a body that runs.
pub(crate) fn call_of(frame: Frame) -> Option<Call> {
    if frame.is_none() { None } else { Some(find(frame)?.name.call()) }
}

/// Whether the body of `frame` is on its thread.
pub(crate) fn is_running(frame: Frame) -> bool {
    find(frame).is_some()
}

/// The bodies that run whose calls the body of `frame` made.
pub(crate) fn made_by(frame: Frame) -> Vec<Frame> {
    let boards = lock_leaf(&BOARDS).all.clone();
    let bodies = boards.into_iter().flat_map(Board::read);
    bodies.filter(|body| body.maker == frame).map(|body| body.frame).collect()
}

/// How many bodies were ever begun.
pub(crate) fn begun() -> u64 {
    lock_leaf(&BOARDS).all.iter().map(|board| board.begun()).sum()
}

/// The bodies on the thread of that number.
pub(crate) fn stack_of(number: usize) -> Option<Stack> {
    Some(stack(board(number)?, clock::read()))
}

/// The bodies of every thread that has any, in the order of the threads' numbers.
pub(crate) fn stacks() -> Vec<Stack> {
    let mut boards = lock_leaf(&BOARDS).all.clone();
    boards.retain(|board| !board.is_empty());
    let now = clock::read();
    boards.into_iter().map(|board| stack(board, now)).collect()
}

fn stack(board: &Board, now: Duration) -> Stack {
    Stack {
        thread: board.thread(),
        number: board.number(),
        age: now.saturating_sub(board.since()),
        bodies: board.read().collect(),
    }
}
