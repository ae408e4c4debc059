//! Which bodies run, on which threads, one on top of the other.
//!
//! | file | subject |
//! |---|---|
//! | `frame` | the name of one run of a body, or of all its polls |
//! | `published` | what a thread tells of its bodies, read by others without a lock |
//! | `registry` | the boards of all threads |
//! | `current` | this thread's own bodies: they come and go |
//! | `polled` | bodies that go from thread to thread, and are known all the while |
//! | `offstage` | calls that are on no thread, and yet not at their end |
//! | `interner` | calls as small numbers, which fit an atomic |
//! | `coarse_clock` | the time, which few read and many look up |
//!
//! A run costs its thread a few plain stores. Everything dear is left to those who ask: a join that is
//! about to block, a cancellation, a report.

pub(crate) mod coarse_clock;
mod current;
mod frame;
mod interner;
mod offstage;
mod polled;
mod published;
mod registry;

pub(crate) use current::{current, current_makes_call, enter, poll_is_over, this_thread, upcoming};
pub(crate) use frame::{Frame, FrameCell};
pub(crate) use interner::Key;
pub(crate) use offstage::{DEPENDENT, Listed, SUSPENDED};
pub(crate) use polled::{Polled, thread_of};
pub(crate) use registry::{
    Stack, ancestors, begun, call_of, makers, may_have_made_calls, most_threads, stack_of, stacks,
};
