//! What the user wrote: the attribute's arguments, and the function below it.
//!
//! - [`options`]: `timeout = 1.0, compute` → [`Options`]
//! - [`timeout`]: a literal timeout → how long it is, or why it is none
//! - [`memory`]: a literal amount of memory → how many bytes it is, or why it is none
//! - [`function`]: `pub fn f(..) -> T { .. }` → [`Function`], its body left as tokens

mod function;
mod memory;
mod options;
mod timeout;

pub(crate) use self::function::{Body, Function, is_lazy};
pub(crate) use self::memory::Memory;
pub(crate) use self::options::{Options, Timeout};
