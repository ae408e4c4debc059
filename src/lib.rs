//! pybackground.

pub use pybackground_runtime::*;
