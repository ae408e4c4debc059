//! The runtime of `pybackground`.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(feature = "tracing", doc = include_str!("trace/SPANS.md"))]

mod attribute;
mod background;
mod call;
mod cancel;
mod combine;
mod config;
mod context;
mod deadline;
mod delay;
mod dispatch;
mod error;
mod forward;
mod lazy;
mod limit;
#[cfg(all(test, any(pybackground_loom, pybackground_shuttle)))]
mod models;
mod options;
mod pool;
mod quiet;
mod running;
mod scope;
mod shared;
mod shutdown;
mod snapshot;
mod sync;
mod task;
mod timeout;
mod trace;
mod wait;
mod waits;

pub use attribute::{BadTimeout, IntoTimeout};
pub use background::{Background, Callable, background};
pub use cancel::{CancelOnDrop, cancelled, checkpoint, sleep};
pub use combine::{AsCompleted, NotYet, Signal, as_completed};
pub use config::{ConfigError, Configure, configure};
#[doc(no_inline)]
pub use crossbeam_channel;
pub use delay::{Delay, delay};
pub use dispatch::{spawn, spawn_compute};
pub use error::Error;
pub use lazy::{Lazy, Outcome};
pub use pybackground_macros::background_runtime as background;
pub use scope::{Scope, scope};
pub use shared::Shared;
pub use shutdown::{Unfinished, shutdown, wait_idle};
pub use snapshot::{Held, Overrun, Snapshot, Stack, Wait, snapshot};
pub use timeout::Timeout;

/// What the attribute expands to. Not for use by hand: it changes with every version.
#[doc(hidden)]
pub mod __private {
    pub use crate::attribute::*;
    /// The function alone: the facade has an attribute of its own to go by the same name.
    pub use crate::background::background;
    pub use crate::dispatch::{dispatch, dispatch_async};
    pub use crate::limit::Limit;
    pub use crate::options::Options;
}
