//! The runtime of `pybackground`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(feature = "tracing", doc = include_str!("events/trace/SPANS.md"))]
// Unsafe code is in `small_closure.rs`, `small_value.rs`, `task/handle.rs` and `scope/erase.rs`; with the feature `process` in
// `process/child_entry.rs`, with `timeline` in `timeline/process_end.rs` and `timeline/clock.rs`, and with either in
// `secure_execution.rs`.
#![deny(unsafe_code)]

mod attribute;
mod background;
mod bounded;
mod call;
mod call_counts;
mod cancel;
#[cfg(feature = "carry")]
mod carry;
mod closed_entries;
mod combine;
mod config;
mod context;
mod count;
mod deadline;
mod delay;
mod dispatch;
mod error;
mod events;
mod forward;
mod join;
mod keyed;
mod lazy;
mod limit;
pub mod locks;
#[cfg(all(test, any(pybackground_loom, pybackground_shuttle)))]
mod models;
mod options;
mod os_thread;
mod panic;
mod pool;
#[cfg(feature = "process")]
mod process;
#[cfg(feature = "remote")]
mod remote;
mod reuse;
mod runnable;
mod runtime;
mod scope;
#[cfg(any(feature = "process", feature = "timeline"))]
mod secure_execution;
mod shared;
mod shutdown;
mod site;
mod sleep;
mod small_closure;
mod small_value;
mod snapshot;
mod stacks;
mod stderr;
mod stdio_lock;
mod sync;
mod table;
mod task;
#[cfg(feature = "timeline")]
mod timeline;
mod timeout;
mod wait_target;
mod waits;

pub use attribute::{BadTimeout, IntoTimeout};
pub use background::{Background, Callable, background};
pub use bounded::{BackgroundIterator, BackgroundMap, Outcomes};
pub use cancel::{cancelled, checkpoint};
pub use combine::{
    AsCompleted, Calls, NotYet, Signal, TryCalls, all, as_completed, try_all, value,
};
pub use config::{ConfigError, Configure, configure};
#[doc(no_inline)]
pub use crossbeam_channel;
pub use delay::{Delay, delay};
pub use dispatch::{spawn, spawn_compute};
#[cfg(feature = "process")]
#[cfg_attr(docsrs, doc(cfg(feature = "process")))]
pub use error::Crash;
pub use error::Error;
pub use lazy::{CancelOnDrop, Lazy, Outcome};
#[cfg(feature = "process")]
#[cfg_attr(docsrs, doc(cfg(feature = "process")))]
pub use process::{Processes, processes};
pub use pybackground_macros::background_runtime as background;
#[cfg(feature = "remote")]
#[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
pub use remote::{Remote, remote, serve, traceparent};
pub use scope::{Scope, scope};
pub use shared::{Shared, SharedOutcome};
pub use shutdown::{Unfinished, shutdown, wait_idle};
pub use sleep::sleep;
#[cfg(feature = "counters")]
#[cfg_attr(docsrs, doc(cfg(feature = "counters")))]
pub use snapshot::FunctionCounts;
pub use snapshot::{CallCount, Snapshot, Stack, Wait, snapshot};
#[cfg(feature = "remote")]
#[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
pub use snapshot::{RemoteReport, WorkerReport};
pub use task::Limit;
#[cfg(feature = "timeline")]
#[cfg_attr(docsrs, doc(cfg(feature = "timeline")))]
pub use timeline::{Timeline, timeline};
pub use timeout::Timeout;

/// What the attribute expands to. Not for use by hand: it changes with every version.
#[doc(hidden)]
pub mod __private {
    /// A program may have another crate of that name. Not the crate itself: the compiler would name its items by this path.
    pub mod core {
        pub use ::core::{compile_error, concat, module_path, primitive};
    }

    // By names that `core` does not have: where the path of the library is wrong, the compiler would suggest an import.
    pub use ::core::option::Option as Maybe;
    pub use ::core::time::Duration as LiteralDuration;

    pub use crate::__cached as cached;
    pub use crate::__isolated as isolated;
    pub use crate::__remote as remote_call;
    pub use crate::attribute::*;
    /// The function alone: the facade has an attribute of its own to go by the same name.
    pub use crate::background::background;
    pub use crate::dispatch::{dispatch, dispatch_async};
    pub use crate::options::Options;
    #[cfg(feature = "process")]
    pub use crate::process::expansion as process;
    #[cfg(feature = "remote")]
    pub use crate::remote::expansion as remote;
    pub use crate::reuse::{IsKept, Kept, Key, Reuse, Sharing};
    pub use crate::task::Limit;
}

/// What a function with `process` expands to, where there is that feature.
#[cfg(feature = "process")]
#[doc(hidden)]
#[macro_export]
macro_rules! __isolated {
    ($($body:tt)*) => {{ $($body)* }};
}

/// Says which feature is missing.
#[cfg(not(feature = "process"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __isolated {
    ($($body:tt)*) => {
        $crate::__private::core::compile_error!(
            "`#[background(process)]` needs the feature `process`\n\
             instead: write `pybackground = { version = \"..\", features = [\"process\"] }` in Cargo.toml"
        )
    };
}

/// What a function with `remote` expands to, where there is that feature.
#[cfg(feature = "remote")]
#[doc(hidden)]
#[macro_export]
macro_rules! __remote {
    ($($body:tt)*) => {{ $($body)* }};
}

/// Says which feature is missing.
#[cfg(not(feature = "remote"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __remote {
    ($($body:tt)*) => {
        $crate::__private::core::compile_error!(
            "`#[background(remote)]` needs the feature `remote`\n\
             instead: write `pybackground = { version = \"..\", features = [\"remote\"] }` in Cargo.toml"
        )
    };
}

/// What a crate needs that runs calls on other machines. Not for use by hand: it changes with every version.
#[cfg(feature = "remote")]
#[doc(hidden)]
pub mod __engine {
    pub use crate::process::expansion::linkme;
    pub use crate::remote::engine::*;
}

/// What a function with `cache` expands to, where there is that feature.
#[cfg(feature = "cache")]
#[doc(hidden)]
#[macro_export]
macro_rules! __cached {
    ($($body:tt)*) => {{ $($body)* }};
}

/// Says which feature is missing.
#[cfg(not(feature = "cache"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __cached {
    ($($body:tt)*) => {
        $crate::__private::core::compile_error!(
            "`#[background(cache)]` needs the feature `cache`\n\
             instead: write `pybackground = { version = \"..\", features = [\"cache\"] }` in Cargo.toml, \
             or `single_flight`, which shares calls that run and needs no feature"
        )
    };
}
