//! pybackground.

use pybackground::{Lazy, configure, spawn, spawn_compute};

use super::Peer;

/// `spawn`.
#[derive(Debug)]
pub struct Pybackground;

/// `spawn_compute`.
#[derive(Debug)]
pub struct Compute;

impl Peer for Pybackground {
    type Call = Lazy<u64>;

    fn start(workers: Option<usize>) -> Self {
        if let Some(workers) = workers {
            set_workers(workers);
        }
        Self
    }

    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> Lazy<u64> {
        spawn(body)
    }

    fn join(&self, call: Lazy<u64>) -> u64 {
        Lazy::into_inner(call)
    }
}

impl Peer for Compute {
    type Call = Lazy<u64>;

    fn start(workers: Option<usize>) -> Self {
        if let Some(workers) = workers {
            set_workers(workers);
        }
        Self
    }

    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> Lazy<u64> {
        spawn_compute(body)
    }

    fn join(&self, call: Lazy<u64>) -> u64 {
        Lazy::into_inner(call)
    }
}

fn set_workers(workers: usize) {
    configure().workers(workers).install().expect("there was no call yet");
}
