//! Whether a `compute` call runs where it is made, and how deep a thread's stack may get.
//!
//! A thread asks this at each `compute` call, so it is a few loads of thread-locals without a destructor.
//!
//! A worker remembers the depth of its stack at which it last found enough calls in its deque. Calls made at a
//! greater depth are parts of those calls, and smaller: they run without another look at the deque, until a thief has
//! found nothing for a while. Calls made at the same depth are as large as those in the deque: they do until a thief
//! has taken one. The worker itself forgets the depth when a body starts, and at each join. A thief that is heard late
//! costs time, never progress.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::sync::{stack_pointer, thread_local};

/// The floor of a stack that has room for no further body: every depth is below it.
pub(crate) const NO_DEPTH: usize = usize::MAX;

/// No stack is as deep.
const NOWHERE: usize = 0;

/// With so many calls in its own deque, a worker has enough for thieves.
pub(super) const ENOUGH: usize = 3;

/// How often thieves have asked for work.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// How often they have left a deque without enough.
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// What a thread knows of its stack.
struct InlineState {
    /// The stack pointer below which less than `stack_size` is left for one more body.
    floor: Cell<usize>,
    /// The stack pointer of the last `compute` call that found enough calls in the deque.
    full_at: Cell<usize>,
    /// What `ASKED` and `TAKEN` were at that time.
    asked: Cell<usize>,
    taken: Cell<usize>,
}

thread_local! {
    static STACK: InlineState = const {
        InlineState {
            floor: Cell::new(NO_DEPTH),
            full_at: Cell::new(NOWHERE),
            asked: Cell::new(0),
            taken: Cell::new(0),
        }
    };
}

/// Returns whether the current thread has the stack for a `compute` call at this depth, and its deque holds enough, as
/// far as the thread remembers or else `look` finds.
#[inline]
pub(super) fn runs_inline(depth: usize, look: fn(usize) -> bool) -> bool {
    STACK.with(|stack| depth > stack.floor.get() && (stack.is_full(depth) || look(depth)))
}

/// Remembers that the deque holds enough. A thief that has been there since then finds what is left.
#[inline]
pub(super) fn is_full(depth: usize) -> bool {
    STACK.with(|stack| {
        stack.asked.set(load(&ASKED));
        stack.taken.set(load(&TAKEN));
        stack.full_at.set(depth);
    });
    true
}

impl InlineState {
    #[inline]
    fn is_full(&self, depth: usize) -> bool {
        let full_at = self.full_at.get();
        if depth < full_at {
            self.asked.get() == load(&ASKED)
        } else {
            depth == full_at && self.taken.get() == load(&TAKEN)
        }
    }
}

#[inline]
fn load(count: &AtomicUsize) -> usize {
    // ORDERING: see the head of this file.
    count.load(Ordering::Relaxed)
}

/// A thief has left a deque without enough.
pub(super) fn tell_of_theft() {
    // ORDERING: as `load`.
    TAKEN.fetch_add(1, Ordering::Relaxed);
}

/// Makes the next `compute` call of each worker look whether its deque holds enough for thieves.
pub(super) fn ask_for_work() {
    // ORDERING: as `load`.
    ASKED.fetch_add(1, Ordering::Relaxed);
}

/// Makes the next `compute` call of this thread look.
#[inline]
pub(super) fn forget() {
    STACK.with(|stack| stack.full_at.set(NOWHERE));
}

/// Returns whether the stack has room for one more body with the configured stack. If not, a chain of nested joins
/// continues on another thread.
#[inline]
pub(crate) fn has_stack() -> bool {
    stack_pointer() > STACK.with(|stack| stack.floor.get())
}

/// Sets the floor of this thread's stack, and returns the last one.
pub(crate) fn set_floor(floor: usize) -> usize {
    STACK.with(|stack| stack.floor.replace(floor))
}
