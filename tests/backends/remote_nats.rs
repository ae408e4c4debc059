//! Bodies with `remote` on a worker, by a server.

mod common;
#[macro_use]
mod conformance;

use std::sync::OnceLock;

use common::nats::{Process, Server};

/// A server and a worker for all tests of this file, which end with it.
static CLUSTER: OnceLock<Option<(Server, Process)>> = OnceLock::new();

/// Whether there is a server. Starts it once, with a worker.
fn has_server() -> bool {
    let cluster = CLUSTER.get_or_init(|| {
        let server = Server::start()?;
        let worker = server.worker_with(&[("PYBACKGROUND_WORKER_SLOTS", "4")]);
        pybackground::remote().url(server.url()).install().unwrap();
        Some((server, worker))
    });
    cluster.is_some()
}

macro_rules! ready {
    () => {{
        if !has_server() {
            return;
        }
        common::watchdog()
    }};
}

conformance! {
    [remote,]
    Promises { runs_beside: true, kills: true },
    ready!()
}

isolation! { [remote,] ready!() }
