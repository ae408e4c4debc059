//! What the user wrote: the attribute's arguments, and the function below it.
//!
//! - [`options`]: `timeout = 1.0, compute` → [`Options`]
//! - [`timeout`]: a literal timeout → its length, or an error
//! - [`cache`]: `cache(size = 100, ttl = "60s")` → [`Cache`]
//! - [`memory`]: a literal amount of memory → its bytes, or an error
//! - [`function`]: `pub fn f(..) -> T { .. }` → [`Function`], whose body stays tokens

mod cache;
mod function;
mod memory;
mod options;
mod timeout;

pub(crate) use self::cache::Cache;
pub(crate) use self::function::{Body, Function, is_lazy};
pub(crate) use self::memory::Memory;
pub(crate) use self::options::{Options, Timeout};
