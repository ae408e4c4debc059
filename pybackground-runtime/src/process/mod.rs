//! Bodies in processes of their own: `#[background(process)]`.
//!
//! The child is the same program, started again with a variable that makes it serve calls instead of
//! running `main`. The caller writes the arguments down; a thread of the runtime takes a child that is
//! idle, or starts one, sends them over, and waits for the answer; a stop kills the child, which the
//! thread sees.
//!
//! | file | subject |
//! |---|---|
//! | `call` | a call as the runtime sees it: a body that asks a child |
//! | `children` | the children that are warm, and how many there may be |
//! | `child` | one child: start, ask, end |
//! | `condition` | whether a child is still as it was when it started |
//! | `crash` | how a process ended that should not have |
//! | `failure` | how such a call can fail, beyond what any call can |
//! | `surroundings` | the variables and the directory that a child is started in |
//! | `settings` | what the program says of all this |
//! | `frame` | what goes over the wire |
//! | `codec` | arguments and results as bytes |
//! | `depth` | how deeply nested a result may be |
//! | `refusal` | why a value could not be written or read |
//! | `function` | the list of functions that a child knows |
//! | `serve` | the child's side |
//! | `hook` | how a process learns that it is a child; all the unsafe code there is |
//! | `system` | sockets, process groups and limits of each system |

mod call;
mod child;
mod children;
mod codec;
mod condition;
mod crash;
mod depth;
mod failure;
mod frame;
mod function;
mod hook;
mod refusal;
mod serve;
mod settings;
mod surroundings;
mod system;

pub use self::crash::Crash;
pub use self::settings::{Processes, processes};

pub(crate) use self::children::close;
pub(crate) use self::failure::Failure;
pub(crate) use self::system::Wire;

/// What the attribute expands to.
pub mod expansion {
    pub use super::codec::{Answers, Arguments, Crosses, Lends, Received};
    pub use super::failure::Broken;
    pub use super::function::{FUNCTIONS, Function, memory};
    pub use linkme;
}
