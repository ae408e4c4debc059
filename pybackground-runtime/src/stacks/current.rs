//! This thread's own bodies.

use std::cell::Cell;

use super::coarse_clock;
use super::frame::Frame;
use super::interner::{Key, RecentNames};
use super::published::PublishedStack;
use super::registry;
use crate::call::Call;
use crate::sync::{thread, thread_local};

thread_local! {
    static BOARD: Cell<Option<&'static PublishedStack>> = const { Cell::new(None) };
    static RECENT: RecentNames = const { RecentNames::new() };
    static GIVEN_BACK: Cell<Option<GiveBack>> = const { Cell::new(None) };
}

/// Gives the board back when the thread ends, whose further bodies go untold.
struct GiveBack(&'static PublishedStack);

impl Drop for GiveBack {
    fn drop(&mut self) {
        let _ = BOARD.try_with(|board| board.set(None));
        registry::give_back(self.0);
    }
}

/// This thread's board, which it gets when it first asks for one.
#[inline]
fn board() -> Option<&'static PublishedStack> {
    BOARD.try_with(Cell::get).ok().flatten().or_else(first)
}

#[cold]
fn first() -> Option<&'static PublishedStack> {
    GIVEN_BACK
        .try_with(|at_end| {
            let thread = thread::current();
            let board = registry::take(thread.name().unwrap_or("a thread without a name"))?;
            at_end.set(Some(GiveBack(board)));
            BOARD.try_with(|own| own.set(Some(board))).ok()?;
            Some(board)
        })
        .ok()
        .flatten()
}

/// The body on top of this thread's stack.
#[inline]
pub(crate) fn current() -> Frame {
    BOARD.try_with(Cell::get).ok().flatten().map_or(Frame::NONE, PublishedStack::current)
}

/// The same, when it makes a call.
#[inline]
pub(crate) fn current_makes_call() -> Frame {
    BOARD.try_with(Cell::get).ok().flatten().map_or(Frame::NONE, PublishedStack::current_makes_call)
}

/// This thread's number.
pub(crate) fn this_thread() -> Option<usize> {
    board().map(PublishedStack::number)
}

/// The frame of the body that this thread enters next.
#[inline]
pub(crate) fn upcoming() -> Frame {
    board().map_or(Frame::NONE, PublishedStack::upcoming)
}

/// A body is on top of this thread's stack until the guard is dropped. It has the frame of its call, if
/// that has one, and else the upcoming.
#[inline]
#[must_use]
pub(crate) fn enter(
    of_call: Option<Frame>,
    maker: Frame,
    key: Key,
    call: impl FnOnce() -> Call,
) -> Option<Entered> {
    let board = board()?;
    let name = RECENT.try_with(|recent| recent.name(key, call)).ok()?;
    let below = board.push(of_call, maker, name, coarse_clock::look);
    Some(Entered { board, below })
}

/// This thread has polled the body of `frame`, which is on its stack no more.
pub(crate) fn poll_is_over(frame: Frame) {
    if let Some(board) = board() {
        board.poll_is_over(frame);
    }
}

/// See [`enter`].
pub(crate) struct Entered {
    board: &'static PublishedStack,
    below: Frame,
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        self.board.pop(self.below);
    }
}
