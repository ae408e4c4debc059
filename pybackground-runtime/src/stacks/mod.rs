//! Which bodies run on which threads, for reports and for the wait graph.
//!
//! | file | subject |
//! |---|---|
//! | `frame` | the name of one run of a body |
//! | `published` | the stack of bodies that a thread publishes, read without a lock |
//! | `registry` | the published stacks of all threads |
//! | `current` | this thread's stack |
//! | `interner` | calls as small numbers, which fit an atomic |
//! | `coarse_clock` | the time of the last reading, which costs one load |
//!
//! A run costs its thread a few plain stores. Readers pay for the rest: a join that is about to block, or
//! a report.

pub(crate) mod coarse_clock;
mod current;
mod frame;
mod interner;
mod published;
mod registry;

pub(crate) use current::{EnteredBody, current, current_call, enter, this_thread, upcoming};
pub(crate) use frame::Frame;
pub(crate) use interner::CallKey;
#[cfg(feature = "timeline")]
pub(crate) use interner::{CallName, RecentNames};
pub(crate) use registry::{ThreadStack, begun, stack_of, stacks};
