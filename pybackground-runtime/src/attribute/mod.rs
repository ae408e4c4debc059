//! The traits and functions that the expansion of `#[background]` uses.
//!
//! - [`output`]: how the body reaches the runtime, and which types it may return
//! - [`shared`]: the same for functions with `single_flight` or `cache`, whose arguments are a key
//! - [`timeout`]: the values that may be a timeout, here and in `background(f).timeout(..)`
//!
//! The requirements on arguments are in [`dispatch`](crate::dispatch), which knows how they move to the body.
//!
//! Each requirement of a function is a trait with an error message of its own, and the expansion asks
//! for it at the argument. So the compiler reports in our words why a function cannot run in the
//! background.

mod output;
mod shared;
mod timeout;

pub use self::output::{
    AnyLimit, ChosenLimit, Definition, FunctionType, IsLimit, LimitValue, Returns, Same, is_limit,
    never_any,
};
pub use self::shared::{Keys, KeysRef, LendsKey, ReturnsShared, copy_of, key, key_of};
pub use self::timeout::{BadTimeout, IntoTimeout, timeout};
pub use crate::dispatch::argument::*;
pub use crate::dispatch::inputs::*;
