//! The worker's side: it takes as many calls as it has free slots, and runs their bodies in children.
//!
//! | file | subject |
//! |---|---|
//! | `serve` | the loop: messages, heartbeats, and the end |
//! | `tally` | what is known of a function, and how many of its calls to hold ahead |
//! | `metrics` | the figures of the worker for Prometheus |
//! | `figures` | the figures of the worker for the snapshots of callers |
//! | `state` | the calls that the worker has, and its slots |
//! | `pull` | asking the server for calls |
//! | `callers` | which callers live |
//! | `vet` | whether another worker holds a redelivered call |
//! | `begin` | whether the body of a call may start |
//! | `execute` | running a body and storing its result |
//! | `denials` | what the server has refused, for people |
//! | `machine` | the name of the machine, and when the process is asked to end |
//!
//! # Which body starts
//!
//! A call may be delivered again: when the time for its acknowledgement is over, and when the server has forgotten that
//! it was acknowledged. With `retry = 0` a worker therefore first stores a mark, of which the stream takes one for each
//! call, and starts the body when the stream has acknowledged the mark. With `retry = N` a call that is delivered again
//! needs one of N marks.
//!
//! # Slots
//!
//! A body that waits for a call with `remote` waits for a body of the next depth. Each depth has as many slots as the
//! worker, so a body of some depth can always run: the deepest waits for none.

mod begin;
mod callers;
mod denials;
mod execute;
mod figures;
mod machine;
mod metrics;
mod pull;
mod serve;
mod state;
mod tally;
mod vet;

use pybackground_runtime::__engine::{Bodies, Settings};
use tokio::task::LocalSet;

/// Serves calls until the process is asked to end.
///
/// # Errors
///
/// Why it cannot serve.
pub(crate) fn work(settings: &'static Settings, bodies: Bodies) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no event loop could be made: {error}"))?;
    let served = LocalSet::new().block_on(&runtime, serve::serve(settings, bodies));
    runtime.shutdown_background();
    served
}
