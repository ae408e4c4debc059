//! Threads and pools without futures. A pool that hands back nothing is joined by a `oneshot`
//! channel, the cheapest there is.

use std::thread::{self, JoinHandle};

use oneshot::Receiver;
use threadpool::ThreadPool;

use super::Peer;

/// `std::thread::spawn`: a thread a call.
#[derive(Debug)]
pub struct StdThread;

/// `rayon::spawn` and a `oneshot` channel.
#[derive(Debug)]
pub struct RayonSpawn;

/// `threadpool`'s `execute` and a `oneshot` channel.
#[derive(Debug)]
pub struct Threadpool {
    pool: ThreadPool,
}

impl Peer for StdThread {
    type Call = JoinHandle<u64>;

    fn start(_: Option<usize>) -> Self {
        Self
    }

    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> JoinHandle<u64> {
        thread::spawn(body)
    }

    fn join(&self, call: JoinHandle<u64>) -> u64 {
        call.join().expect("no body panics")
    }
}

impl Peer for RayonSpawn {
    type Call = Receiver<u64>;

    fn start(workers: Option<usize>) -> Self {
        if let Some(workers) = workers {
            rayon::ThreadPoolBuilder::new()
                .num_threads(workers)
                .build_global()
                .expect("the pool is not in use yet");
        }
        Self
    }

    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> Receiver<u64> {
        let (send, receive) = oneshot::channel();
        rayon::spawn(move || send.send(body()).expect("every call is joined"));
        receive
    }

    fn join(&self, call: Receiver<u64>) -> u64 {
        call.recv().expect("no body panics")
    }
}

impl Peer for Threadpool {
    type Call = Receiver<u64>;

    fn start(workers: Option<usize>) -> Self {
        let mut pool = threadpool::Builder::new();
        if let Some(workers) = workers {
            pool = pool.num_threads(workers);
        }
        Self { pool: pool.build() }
    }

    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> Receiver<u64> {
        let (send, receive) = oneshot::channel();
        self.pool.execute(move || send.send(body()).expect("every call is joined"));
        receive
    }

    fn join(&self, call: Receiver<u64>) -> u64 {
        call.recv().expect("no body panics")
    }
}
