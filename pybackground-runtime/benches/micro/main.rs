//! The parts that a call's cost is made of, one at a time, for work on the runtime itself.
//!
//! The pool has one worker, so that what is measured is the path of one thread and not the traffic
//! between threads. The worker's own paths are measured from within a call, many at a time, so that
//! the call around them does not count.

use divan::Bencher;
use divan::counter::ItemsCount;
use pybackground::{Lazy, background, configure, spawn, spawn_compute};

/// How many operations make one sample. They take less than the monitor's first look.
const BATCH: usize = 1_000;

/// More calls in a worker's queue than it wants before it computes on the spot.
const ENOUGH: usize = 8;

fn main() {
    configure().workers(1).install().expect("there was no call yet");
    divan::main();
}

#[background]
fn identity(number: usize) -> usize {
    number
}

#[background(compute)]
fn identity_compute(number: usize) -> usize {
    number
}

/// Making calls from outside; running them is somebody else's.
#[divan::bench]
fn dispatch(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let calls: Vec<Lazy<usize>> = (0..BATCH).map(identity).collect();
        calls
    });
}

/// Joining calls that have ended.
#[divan::bench]
fn join(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(BATCH))
        .with_inputs(|| {
            let calls: Vec<Lazy<usize>> = (0..BATCH).map(identity).collect();
            // The only worker takes calls from outside in their order: with the last all have ended.
            assert!(Lazy::wait(&calls[BATCH - 1]).is_ok());
            calls
        })
        .bench_local_values(|calls| calls.into_iter().map(Lazy::into_inner).sum::<usize>());
}

/// Calls from outside, each joined at once.
#[divan::bench]
fn round_trip(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(BATCH))
        .bench_local(|| (0..BATCH).map(|n| Lazy::into_inner(identity(n))).sum::<usize>());
}

/// Calls that a worker makes and joins at once, and so runs itself.
#[divan::bench]
fn in_place_join(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        Lazy::into_inner(spawn(|| (0..BATCH).map(|n| identity(n) + 1).sum::<usize>()))
    });
}

/// Calls that a worker with enough calls waiting runs where it makes them.
#[divan::bench]
fn compute_call(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        let batch = spawn(|| {
            let waiting: Vec<Lazy<usize>> = (0..ENOUGH).map(|n| spawn_compute(move || n)).collect();
            let sum: usize = (0..BATCH).map(|n| identity_compute(n) + 1).sum();
            (waiting, sum)
        });
        Lazy::into_inner(batch)
    });
}
