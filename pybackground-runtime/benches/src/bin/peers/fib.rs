//! A naive recursion, each level two calls: the cost of a call made and joined by a worker.

use std::hint::black_box;

use chili::Scope;
use futures::executor::{ThreadPool, block_on};
use futures::future::{FutureExt, RemoteHandle};
use futures::task::SpawnExt;
use pybackground::{Lazy, background};
use pybackground_benches::harness::{Against, Bar, Reading, Row, Run, Unit, ours, peer, reference};
use pybackground_benches::measure::per_unit;
use pybackground_benches::work::Pace;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// Of this recursion and of one with 29 times the calls, which takes long enough that the time in which
/// the threads come together does not count.
const SHORT: u64 = 25;
const LONG: u64 = 32;

pub(crate) const DEFAULT: Row = Row {
    key: "fib",
    title: "recursive fib(25), default",
    unit: Unit::Nanoseconds,
    extras: &[],
    against: Against::Contender("tokio::spawn"),
    bars: &[Bar::Ratio(0.1)],
    contenders: &[
        ours("pybackground", by_background),
        peer("tokio::spawn", by_tokio),
        peer("futures ThreadPool", by_futures_pool),
        reference("Go goroutine", Run::Go("fib")),
    ],
};

pub(crate) const COMPUTE: Row = compute::<SHORT>("fib-compute", "recursive fib(25), compute");
pub(crate) const LONG_COMPUTE: Row = compute::<LONG>("fib-long", "recursive fib(32), compute");

const fn compute<const N: u64>(key: &'static str, title: &'static str) -> Row {
    Row {
        key,
        title,
        unit: Unit::Nanoseconds,
        extras: &[],
        against: Against::Contender("rayon::join"),
        bars: &[Bar::Ratio(0.6)],
        contenders: const {
            &[
                ours("pybackground", by_compute::<N>),
                peer("rayon::join", by_rayon_join::<N>),
                peer("chili", by_chili::<N>),
                reference("sequential", Run::Here(sequential::<N>)),
            ]
        },
    }
}

#[background]
fn fib(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let a = fib(n - 1);
    let b = fib(n - 2);
    a + b
}

#[background(compute)]
fn fib_compute(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let a = fib_compute(n - 1);
    let b = fib_compute(n - 2);
    a + b
}

fn fib_tokio(n: u64) -> JoinHandle<u64> {
    tokio::spawn(async move {
        if n < 2 {
            return n;
        }
        let a = fib_tokio(n - 1);
        let b = fib_tokio(n - 2);
        a.await.expect("no body panics") + b.await.expect("no body panics")
    })
}

fn fib_futures_pool(pool: ThreadPool, n: u64) -> RemoteHandle<u64> {
    let spawner = pool.clone();
    let body = async move {
        if n < 2 {
            return n;
        }
        let a = fib_futures_pool(pool.clone(), n - 1);
        let b = fib_futures_pool(pool, n - 2);
        a.await + b.await
    };
    spawner.spawn_with_handle(body.boxed()).expect("the pool is open")
}

fn fib_rayon_join(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = rayon::join(|| fib_rayon_join(n - 1), || fib_rayon_join(n - 2));
    a + b
}

fn fib_chili(scope: &mut Scope<'_>, n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    let (a, b) = scope.join(|scope| fib_chili(scope, n - 1), |scope| fib_chili(scope, n - 2));
    a + b
}

fn fib_sequential(n: u64) -> u64 {
    if n < 2 {
        return n;
    }
    fib_sequential(black_box(n - 1)) + fib_sequential(black_box(n - 2))
}

/// Nanoseconds a call, after one pass to warm up.
///
/// Every call but those of 0 and 1 makes two more, so that they are two per leaf, less one; the leaves
/// are fib(n + 1) in number.
fn per_call(n: u64, fib: impl Fn(u64) -> u64) -> Reading {
    let (result, leaves) = (fib_sequential(n), fib_sequential(n + 1));
    let calls = usize::try_from(2 * leaves - 1).expect("so many calls can be counted");
    let pass = || assert_eq!(fib(black_box(n)), result);
    pass();
    per_unit(calls, pass).into()
}

fn by_background(_: Pace) -> Reading {
    per_call(SHORT, |n| Lazy::into_inner(fib(n)))
}

fn by_tokio(_: Pace) -> Reading {
    let runtime = Runtime::new().expect("the runtime starts");
    per_call(SHORT, |n| runtime.block_on(async { fib_tokio(n).await.expect("no body panics") }))
}

fn by_futures_pool(_: Pace) -> Reading {
    let pool = ThreadPool::new().expect("the pool starts");
    per_call(SHORT, |n| block_on(fib_futures_pool(pool.clone(), n)))
}

fn by_compute<const N: u64>(_: Pace) -> Reading {
    per_call(N, |n| Lazy::into_inner(fib_compute(n)))
}

fn by_rayon_join<const N: u64>(_: Pace) -> Reading {
    per_call(N, fib_rayon_join)
}

fn by_chili<const N: u64>(_: Pace) -> Reading {
    per_call(N, |n| fib_chili(&mut Scope::global(), n))
}

fn sequential<const N: u64>(_: Pace) -> Reading {
    per_call(N, fib_sequential)
}
