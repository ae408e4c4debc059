//! Bodies in other processes: `#[background(process)]`.
//!
//! A *child* is the same program, started again with an environment variable that makes it serve calls instead of
//! running `main`. The caller serializes the arguments. A thread of the pool takes an idle child, or starts one, sends
//! the call, and blocks until the reply. If the body is stopped meanwhile, the stop cuts the connection and the child
//! is killed.
//!
//! | file | subject |
//! |---|---|
//! | `expansion` | what the attribute expands to |
//! | `backend` | the trait of the places where bodies run that travel as bytes: children, other machines |
//! | `call` | the body, as the pool runs it: it sends the call to a backend and decodes the answer |
//! | `in_child` | the backend that runs bodies in children |
//! | `children` | the pool of children |
//! | `child` | one child, as the program sees it |
//! | `cut` | a connection that a stop may cut, but only while its call waits |
//! | `launch` | the command that starts a child |
//! | `access` | the directory, root, user and group of a process, which decide what a path means |
//! | `settings` | what a program can configure: `processes()` |
//! | `spawn_error` | why no process could be started |
//! | `frame` | the protocol between a program and its child |
//! | `codec` | arguments and results as bytes |
//! | `whole_bytes` | a `Vec<u8>`, which needs no visit of each byte |
//! | `stack_guard` | deserializing on a bounded part of the stack |
//! | `serde_error` | why a value could not be serialized or deserialized |
//! | `function` | the list of functions that a child knows |
//! | `child_entry` | how a process becomes a child, and how it exits: the unsafe code |
//! | `serve` | the child's side |
//! | `health` | whether a child can run another body |
//! | `system` | sockets, process groups and resource limits, on each system |

mod access;
mod backend;
mod call;
mod child;
mod child_entry;
mod children;
mod codec;
mod cut;
pub mod expansion;
mod frame;
mod function;
mod health;
mod in_child;
mod launch;
mod serde_error;
mod serve;
mod settings;
mod spawn_error;
mod stack_guard;
mod system;
mod whole_bytes;

pub use self::settings::{Processes, processes};

#[cfg(feature = "remote")]
pub(crate) use self::backend::{Answer, Backend, InFlight, Never, Started};
#[cfg(feature = "remote")]
pub(crate) use self::call::run as run_by;
#[cfg(feature = "remote")]
pub(crate) use self::child_entry::{BEFORE_MAIN, BeforeMain};
#[cfg(feature = "remote")]
pub(crate) use self::children::at_close;
pub(crate) use self::children::close;
#[cfg(feature = "remote")]
pub(crate) use self::codec::argument as read_argument;
#[cfg(feature = "remote")]
pub(crate) use self::function::run_on_this_thread;
#[cfg(feature = "remote")]
pub(crate) use self::in_child::{ChildOrder, InChild, run as run_in_child};
#[cfg(feature = "remote")]
pub(crate) use self::serve::is_child;
#[cfg(feature = "remote")]
pub(crate) use self::settings::become_worker;
