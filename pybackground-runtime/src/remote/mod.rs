//! Bodies on other machines: `#[background(remote)]`.
//!
//! A call is encoded as one with `process` is. Where its body runs is decided when the program runs: in a process on
//! this machine, on a thread of this process, or by an engine that sends the call to a worker. An engine is a crate of
//! its own, which the program finds in a list that the linker collects.
//!
//! | file | subject |
//! |---|---|
//! | `expansion` | what the attribute expands to |
//! | `function` | the list of functions that a worker offers |
//! | `shape` | what a type reads, so that two builds know whether they agree |
//! | `context` | what a call tells the calls that its body makes |
//! | `destination` | where the bodies of this program run |
//! | `settings` | the settings of the program, and its variables |
//! | `setup` | what a program calls to set these |
//! | `on_thread` | the backend that runs bodies on threads, for debugging |
//! | `by_engine` | the backend that sends calls to workers |
//! | `engine` | what an engine has to offer, and what it is given |
//! | `reply` | where the answer to a call comes |
//! | `outcome` | the answer to a call as bytes |
//! | `trace_parent` | the trace of a caller |
//! | `worker` | the program as a worker |
//! | `bodies` | running the bodies of a worker |

mod bodies;
mod by_engine;
mod context;
mod destination;
pub(crate) mod engine;
pub mod expansion;
mod function;
mod on_thread;
mod outcome;
mod reply;
mod settings;
mod setup;
mod shape;
mod trace_parent;
mod worker;

pub use self::context::traceparent;
pub use self::setup::{Remote, remote};
pub use self::worker::serve;
