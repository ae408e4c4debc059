//! The engine of `pybackground` for bodies on other machines: calls and results on NATS JetStream.
//!
//! It has no interface of its own: the facade `pybackground` with the feature `remote` finds it by the address
//! `nats://..` or `tls://..`.
//!
//! | module | subject |
//! |---|---|
//! | `address` | which addresses and settings are accepted |
//! | `connection` | connecting, and noticing that the connection is lost and is back |
//! | `troubles` | what the server says beside its answers |
//! | `names` | the subjects, streams and consumers on the server |
//! | `server` | requests to the server, each with a time limit |
//! | `streams` | what has to exist on the server |
//! | `wire` | calls and results as bytes |
//! | `lost` | calls whose worker has died |
//! | `blobs` | arguments and results that are too large for a message |
//! | `client` | the caller's side |
//! | `worker` | the worker's side |

#![forbid(unsafe_code)]

mod address;
mod blobs;
mod client;
mod connection;
mod lost;
mod names;
mod server;
mod streams;
mod troubles;
mod wire;
mod worker;

use std::time::Instant;

use pybackground_runtime::__engine::{
    Bodies, ENGINES, Engine, Order, RemoteReport, Reply, Settings, Withdraw, linkme,
};

/// The engine for NATS JetStream.
struct Nats;

#[linkme::distributed_slice(ENGINES)]
#[linkme(crate = linkme)]
static NATS: &'static dyn Engine = &Nats;

impl Engine for Nats {
    fn schemes(&self) -> &'static [&'static str] {
        &["nats", "tls"]
    }

    fn form(&self) -> &'static str {
        "`nats://host:port` or `tls://host:port`, several of them separated by commas"
    }

    fn check(&self, settings: &Settings) -> Result<(), String> {
        address::check(settings)
    }

    fn start(&self, settings: &'static Settings, order: Order, reply: Reply) -> Withdraw {
        client::start(settings, order, reply)
    }

    fn work(&self, settings: &'static Settings, bodies: Bodies) -> Result<(), String> {
        worker::work(settings, bodies)
    }

    fn close(&self, end: Instant) {
        client::close(end);
    }

    fn report(&self) -> Option<RemoteReport> {
        client::report()
    }
}

/// Keeps the engine in programs that mention this crate in nothing else.
#[doc(hidden)]
pub const LINKED: () = ();
