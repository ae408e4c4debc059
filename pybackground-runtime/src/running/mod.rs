//! Which bodies run, on which threads, one on top of the other.
//!
//! | file | subject |
//! |---|---|
//! | `frame` | the name of one run of a body, or of all its polls |
//! | `board` | what a thread tells of its bodies, read by others without a lock |
//! | `boards` | the boards of all threads |
//! | `stack` | this thread's own bodies: they come and go |
//! | `polled` | bodies that go from thread to thread, and are known all the while |
//! | `offstage` | calls that are on no thread, and yet not at their end |
//! | `names` | calls as small numbers, which fit an atomic |
//! | `clock` | the time, which few read and many look up |
//!
//! A run costs its thread a few plain stores. Everything dear is left to those who ask: a join that is
//! about to block, a cancellation, a report.

mod board;
mod boards;
pub(crate) mod clock;
mod frame;
mod names;
mod offstage;
mod polled;
mod stack;

pub(crate) use boards::{
    Stack, ancestors, begun, call_of, makers, may_have_made_calls, most_threads, stack_of, stacks,
};
pub(crate) use frame::{Frame, FrameCell};
pub(crate) use names::Key;
pub(crate) use offstage::{DEPENDENT, Listed, SUSPENDED};
pub(crate) use polled::{Polled, thread_of};
pub(crate) use stack::{current, current_makes_call, enter, poll_is_over, this_thread, upcoming};
