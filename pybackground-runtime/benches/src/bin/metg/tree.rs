//! A binary tree of tasks: each does its share, calls two more and joins them.

use std::num::NonZero;

use chili::Scope;
use futures::executor::{ThreadPool, block_on};
use futures::future::{FutureExt, RemoteHandle};
use futures::task::SpawnExt;
use pybackground::{Lazy, background, configure};
use pybackground_benches::harness::{Against, Reading, Row, Unit, ours, peer};
use pybackground_benches::work::{Pace, burn};
use tokio::runtime;
use tokio::task::JoinHandle;

use crate::search::{EXTRAS, Tasks, WORKERS, metg};

pub(crate) const ROW: Row = Row {
    key: "tree",
    title: "METG, tasks that call tasks",
    unit: Unit::Nanoseconds,
    extras: EXTRAS,
    against: Against::BestPeer,
    bars: &[],
    contenders: &[
        ours("pybackground", by_background),
        ours("pybackground, compute", by_compute),
        peer("rayon::join", by_rayon_join),
        peer("chili", by_chili),
        peer("tokio::spawn", by_tokio),
        peer("futures ThreadPool", by_futures_pool),
    ],
};

/// A task with so many levels below it.
#[derive(Clone, Copy)]
struct Node {
    levels: u32,
    rounds: u64,
}

impl Node {
    /// The root of a tree of all the tasks.
    fn root(tasks: Tasks) -> Self {
        Self { levels: (tasks.count + 1).ilog2() - 1, rounds: tasks.rounds }
    }

    fn child(self) -> Option<Self> {
        Some(Self { levels: self.levels.checked_sub(1)?, ..self })
    }

    fn work(self) -> u64 {
        burn(self.rounds)
    }
}

/// The next number of tasks that a full tree has.
fn full_tree(tasks: usize) -> usize {
    (tasks + 1).next_power_of_two() - 1
}

#[background]
fn default(node: Node) -> u64 {
    let own = node.work();
    let Some(child) = node.child() else {
        return own;
    };
    let (a, b) = (default(child), default(child));
    own + (a + b)
}

#[background(compute)]
fn compute(node: Node) -> u64 {
    let own = node.work();
    let Some(child) = node.child() else {
        return own;
    };
    let (a, b) = (compute(child), compute(child));
    own + (a + b)
}

fn rayon_join(node: Node) -> u64 {
    let own = node.work();
    let Some(child) = node.child() else {
        return own;
    };
    let (a, b) = rayon::join(|| rayon_join(child), || rayon_join(child));
    own + a + b
}

fn chili(scope: &mut Scope<'_>, node: Node) -> u64 {
    let own = node.work();
    let Some(child) = node.child() else {
        return own;
    };
    let (a, b) = scope.join(|scope| chili(scope, child), |scope| chili(scope, child));
    own + a + b
}

fn tokio_spawn(node: Node) -> JoinHandle<u64> {
    tokio::spawn(async move {
        let own = node.work();
        let Some(child) = node.child() else {
            return own;
        };
        let (a, b) = (tokio_spawn(child), tokio_spawn(child));
        own + a.await.expect("no task panics") + b.await.expect("no task panics")
    })
}

fn futures_pool(pool: ThreadPool, node: Node) -> RemoteHandle<u64> {
    let spawner = pool.clone();
    let body = async move {
        let own = node.work();
        let Some(child) = node.child() else {
            return own;
        };
        let (a, b) = (futures_pool(pool.clone(), child), futures_pool(pool, child));
        own + a.await + b.await
    };
    spawner.spawn_with_handle(body.boxed()).expect("the pool is open")
}

fn in_trees(pace: Pace, run: impl Fn(Node) -> u64) -> Reading {
    metg(pace, full_tree, |tasks| {
        run(Node::root(tasks));
    })
}

fn by_background(pace: Pace) -> Reading {
    set_workers();
    in_trees(pace, |root| Lazy::into_inner(default(root)))
}

fn by_compute(pace: Pace) -> Reading {
    set_workers();
    in_trees(pace, |root| Lazy::into_inner(compute(root)))
}

fn set_workers() {
    let workers = configure().workers(WORKERS).install();
    workers.expect("there was no call yet");
}

fn by_rayon_join(pace: Pace) -> Reading {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(WORKERS).build();
    let pool = pool.expect("the pool starts");
    in_trees(pace, |root| pool.install(|| rayon_join(root)))
}

/// The calling thread is one of the workers.
fn by_chili(pace: Pace) -> Reading {
    let pool = chili::ThreadPool::with_config(chili::Config {
        thread_count: NonZero::new(WORKERS),
        ..chili::Config::default()
    });
    in_trees(pace, |root| chili(&mut pool.scope(), root))
}

fn by_tokio(pace: Pace) -> Reading {
    let runtime = runtime::Builder::new_multi_thread().worker_threads(WORKERS).build();
    let runtime = runtime.expect("the runtime starts");
    in_trees(pace, |root| {
        runtime.block_on(async { tokio_spawn(root).await.expect("no task panics") })
    })
}

fn by_futures_pool(pace: Pace) -> Reading {
    let pool = ThreadPool::builder().pool_size(WORKERS).create();
    let pool = pool.expect("the pool starts");
    in_trees(pace, |root| block_on(futures_pool(pool.clone(), root)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(node: Node) -> usize {
        1 + node.child().map_or(0, |child| 2 * size(child))
    }

    #[test]
    fn a_tree_has_all_the_tasks() {
        for (tasks, full) in [(1, 1), (2, 3), (128, 255), (255, 255)] {
            let count = full_tree(tasks);
            assert_eq!(count, full);
            assert_eq!(size(Node::root(Tasks { count, rounds: 1 })), count);
        }
    }

    #[test]
    fn every_runtime_runs_every_task() {
        // Two rounds of burning give 1.
        let (levels, rounds) = (9, 2);
        let root = Node { levels, rounds };
        let all = size(root) as u64;
        assert_eq!(Lazy::into_inner(default(root)), all);
        assert_eq!(Lazy::into_inner(compute(root)), all);
        assert_eq!(rayon_join(root), all);
        assert_eq!(chili(&mut Scope::global(), root), all);
        let runtime = runtime::Runtime::new().unwrap();
        let tokio = runtime.block_on(async { tokio_spawn(root).await.unwrap() });
        assert_eq!(tokio, all);
        let pool = ThreadPool::new().unwrap();
        assert_eq!(block_on(futures_pool(pool, root)), all);
    }
}
