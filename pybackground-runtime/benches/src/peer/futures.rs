//! Pools whose calls are joined as futures.

use std::num::NonZeroUsize;

use blocking::Task;
use futures::executor::{ThreadPool, block_on};
use futures::future::RemoteHandle;
use futures::task::SpawnExt;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use super::Peer;

/// `tokio::spawn`: an async task on the multi-threaded runtime.
#[derive(Debug)]
pub struct TokioSpawn {
    runtime: Runtime,
}

/// `tokio::task::spawn_blocking`.
#[derive(Debug)]
pub struct TokioSpawnBlocking {
    runtime: Runtime,
}

/// `blocking::unblock`.
#[derive(Debug)]
pub struct Blocking;

/// futures' `ThreadPool` and `spawn_with_handle`.
#[derive(Debug)]
pub struct FuturesPool {
    pool: ThreadPool,
}

impl Peer for TokioSpawn {
    type Call = JoinHandle<u64>;

    fn start(workers: Option<usize>) -> Self {
        let mut builder = Builder::new_multi_thread();
        if let Some(workers) = workers {
            builder.worker_threads(workers);
        }
        Self { runtime: builder.build().expect("the runtime starts") }
    }

    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> JoinHandle<u64> {
        self.runtime.spawn(async move { body() })
    }

    fn join(&self, call: JoinHandle<u64>) -> u64 {
        block_on(call).expect("no body panics")
    }

    fn sum(&self, calls: Vec<JoinHandle<u64>>) -> u64 {
        sum_in_one_go(calls, |result| result.expect("no body panics"))
    }
}

impl Peer for TokioSpawnBlocking {
    type Call = JoinHandle<u64>;

    fn start(workers: Option<usize>) -> Self {
        let mut builder = Builder::new_multi_thread();
        if let Some(workers) = workers {
            builder.max_blocking_threads(workers);
        }
        Self { runtime: builder.build().expect("the runtime starts") }
    }

    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> JoinHandle<u64> {
        self.runtime.spawn_blocking(body)
    }

    fn join(&self, call: JoinHandle<u64>) -> u64 {
        block_on(call).expect("no body panics")
    }

    fn sum(&self, calls: Vec<JoinHandle<u64>>) -> u64 {
        sum_in_one_go(calls, |result| result.expect("no body panics"))
    }
}

impl Peer for Blocking {
    type Call = Task<u64>;

    fn start(workers: Option<usize>) -> Self {
        if let Some(workers) = workers.and_then(NonZeroUsize::new) {
            blocking::set_max_blocking_threads(workers);
        }
        Self
    }

    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> Task<u64> {
        blocking::unblock(body)
    }

    fn join(&self, call: Task<u64>) -> u64 {
        block_on(call)
    }

    fn sum(&self, calls: Vec<Task<u64>>) -> u64 {
        sum_in_one_go(calls, |number| number)
    }
}

impl Peer for FuturesPool {
    type Call = RemoteHandle<u64>;

    fn start(workers: Option<usize>) -> Self {
        let mut builder = ThreadPool::builder();
        if let Some(workers) = workers {
            builder.pool_size(workers);
        }
        Self { pool: builder.create().expect("the pool starts") }
    }

    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> RemoteHandle<u64> {
        self.pool.spawn_with_handle(async move { body() }).expect("the pool is open")
    }

    fn join(&self, call: RemoteHandle<u64>) -> u64 {
        block_on(call)
    }

    fn sum(&self, calls: Vec<RemoteHandle<u64>>) -> u64 {
        sum_in_one_go(calls, |number| number)
    }
}

/// Enters an executor once for all calls, which is cheaper than once for each.
fn sum_in_one_go<F: Future>(calls: Vec<F>, number: impl Fn(F::Output) -> u64) -> u64 {
    block_on(async {
        let mut sum = 0;
        for call in calls {
            sum += number(call.await);
        }
        sum
    })
}
