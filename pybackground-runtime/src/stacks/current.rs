//! This thread's stack of bodies.

use std::cell::Cell;

use super::coarse_clock;
use super::frame::Frame;
use super::interner::{CallKey, RecentNames};
use super::published::PublishedStack;
use super::registry;
use crate::call::Call;
use crate::sync::{thread, thread_local};

thread_local! {
    static STACK: Cell<Option<&'static PublishedStack>> = const { Cell::new(None) };
    static RECENT: RecentNames = const { RecentNames::new() };
    static RETURN: Cell<Option<Return>> = const { Cell::new(None) };
}

/// Returns the stack to the registry when the thread ends. Later bodies of the thread are not published.
struct Return(&'static PublishedStack);

impl Drop for Return {
    fn drop(&mut self) {
        let _ = STACK.try_with(|stack| stack.set(None));
        registry::give_back(self.0);
    }
}

/// Returns this thread's stack, which it gets on first use.
#[inline]
fn stack() -> Option<&'static PublishedStack> {
    STACK.try_with(Cell::get).ok().flatten().or_else(first)
}

#[cold]
fn first() -> Option<&'static PublishedStack> {
    RETURN
        .try_with(|at_end| {
            let thread = thread::current();
            let stack = registry::take(thread.name().unwrap_or("a thread without a name"))?;
            at_end.set(Some(Return(stack)));
            STACK.try_with(|own| own.set(Some(stack))).ok()?;
            Some(stack)
        })
        .ok()
        .flatten()
}

/// Returns the frame of the body on top of this thread's stack.
#[inline]
pub(crate) fn current() -> Frame {
    STACK.try_with(Cell::get).ok().flatten().map_or(Frame::NONE, PublishedStack::current)
}

/// Returns the call of the body on top of this thread's stack.
pub(crate) fn current_call() -> Option<Call> {
    let top = STACK.try_with(Cell::get).ok().flatten()?.read().next_back()?;
    Some(top.name.call())
}

/// Returns this thread's number.
pub(crate) fn this_thread() -> Option<usize> {
    stack().map(PublishedStack::number)
}

/// Returns the frame of the body that this thread enters next.
#[inline]
pub(crate) fn upcoming() -> Frame {
    stack().map_or(Frame::NONE, PublishedStack::upcoming)
}

/// Puts a body on top of this thread's stack until the guard is dropped.
#[inline(always)]
#[allow(clippy::inline_always, reason = "a call in between costs as much as half of this")]
#[must_use]
pub(crate) fn enter(key: CallKey, call: impl FnOnce() -> Call) -> Option<EnteredBody> {
    let stack = stack()?;
    let name = RECENT.try_with(|recent| recent.name(key, call)).ok()?;
    let below = stack.push(name, coarse_clock::look);
    Some(EnteredBody { stack, below })
}

/// See [`enter`].
pub(crate) struct EnteredBody {
    stack: &'static PublishedStack,
    below: Frame,
}

impl Drop for EnteredBody {
    #[inline]
    fn drop(&mut self) {
        self.stack.pop(self.below);
    }
}
