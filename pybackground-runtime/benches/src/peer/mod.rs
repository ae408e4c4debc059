//! pybackground and what a user would pick instead, behind one trait.
//!
//! | file | who |
//! |---|---|
//! | `ours` | pybackground, as closures given to `spawn` and `spawn_compute` |
//! | `plain` | `std::thread`, `rayon::spawn` and `threadpool`, which have no handle of their own or a bare one |
//! | `futures` | `tokio::spawn`, `tokio::task::spawn_blocking`, `blocking` and futures' `ThreadPool` |
//!
//! Each is used as its own documentation shows, with its defaults, and joined in the cheapest way
//! that it offers.

mod futures;
mod ours;
mod plain;

pub use self::futures::{Blocking, FuturesPool, TokioSpawn, TokioSpawnBlocking};
pub use ours::{Compute, Pybackground};
pub use plain::{RayonSpawn, StdThread, Threadpool};

/// A way to run a closure elsewhere and to get its number back.
pub trait Peer: Sized {
    /// What is held of a call until it is joined.
    type Call;

    /// Sets it up, with so many workers, or as many as it has by default.
    fn start(workers: Option<usize>) -> Self;

    /// Makes a call.
    fn call(&self, body: impl FnOnce() -> u64 + Send + 'static) -> Self::Call;

    /// Waits for the end of a call.
    fn join(&self, call: Self::Call) -> u64;

    /// Waits for all of them and adds up.
    fn sum(&self, calls: Vec<Self::Call>) -> u64 {
        calls.into_iter().map(|call| self.join(call)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adds_up<P: Peer>() {
        let peer = P::start(None);
        let calls = (0..100).map(|n| peer.call(move || n)).collect();
        assert_eq!(peer.sum(calls), 4950, "{}", std::any::type_name::<P>());
        assert_eq!(peer.join(peer.call(|| 7)), 7);
    }

    #[test]
    fn every_peer_runs_every_call() {
        adds_up::<Pybackground>();
        adds_up::<Compute>();
        adds_up::<StdThread>();
        adds_up::<RayonSpawn>();
        adds_up::<Threadpool>();
        adds_up::<TokioSpawn>();
        adds_up::<TokioSpawnBlocking>();
        adds_up::<Blocking>();
        adds_up::<FuturesPool>();
    }
}
