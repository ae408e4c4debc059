//! pybackground.

pub use pybackground_macros::background;
pub use pybackground_runtime::__private;
pub use pybackground_runtime::__private::background;
pub use pybackground_runtime::{
    Background, BadTimeout, Callable, ConfigError, Configure, Error, IntoTimeout, Lazy, Overrun,
    Snapshot, Timeout, configure, snapshot, spawn, spawn_compute,
};
