//! Bodies in other processes: `#[background(process)]`.
//!
//! A child is the same program, started again with a variable that makes it serve calls instead of running `main`. The
//! caller serializes the arguments. A thread of the runtime takes an idle child, or starts one, sends the call, and
//! waits for the reply. A stop cuts the connection and kills the child.
//!
//! | file | subject |
//! |---|---|
//! | `expansion` | what the attribute expands to |
//! | `backend` | the seam: what a place where bodies run offers |
//! | `call` | a call as the runtime sees it: a body that a backend runs |
//! | `in_child` | the backend that runs bodies in children |
//! | `children` | the pool of children |
//! | `child` | one child, as the program sees it |
//! | `cut` | a connection that a stop may cut while a call waits |
//! | `launch` | the command that starts a child |
//! | `access` | what a path means to a process |
//! | `settings` | the settings of the program |
//! | `spawn_error` | why no process could be started |
//! | `frame` | the protocol |
//! | `codec` | arguments and results as bytes |
//! | `stack_guard` | deserializing on a bounded part of the stack |
//! | `serde_error` | why a value could not be serialized or deserialized |
//! | `function` | the list of functions that a child knows |
//! | `child_entry` | how a process becomes a child, and how it exits: the unsafe code |
//! | `serve` | the child's side |
//! | `health` | whether a child can run the next body |
//! | `system` | sockets, process groups and limits of each system |

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
pub(crate) use self::in_child::{InChild, Order as ChildOrder, run as run_in_child};
#[cfg(feature = "remote")]
pub(crate) use self::serve::is_child;
#[cfg(feature = "remote")]
pub(crate) use self::settings::become_worker;
