//! What a pending call occupies: a million of them wait while every worker is taken.
//!
//! Counted is what the allocator was asked for, plus the handle that the caller holds; what the
//! process occupies more is told beside it. Afterwards all of them are run and joined.

use std::alloc::System;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, mpsc};

use pybackground::configure;
use pybackground_benches::harness::{self, Against, Bar, Extra, Reading, Row, Unit, ours, peer};
use pybackground_benches::measure::to_float;
use pybackground_benches::peer::{
    Blocking, FuturesPool, Peer, Pybackground, RayonSpawn, Threadpool, TokioSpawn,
    TokioSpawnBlocking,
};
use pybackground_benches::process::resident_bytes;
use pybackground_benches::work::Pace;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CALLS: usize = 1_000_000;

/// The heap and the handle of a call, of which the closure captures a number and a counter: 16 bytes.
const MOST: f64 = 112.0;

const ROW: Row = Row {
    key: "pending",
    title: "a pending call with a closure of 16 bytes",
    unit: Unit::Bytes,
    extras: &[
        Extra { label: "heap", unit: Unit::Bytes },
        Extra { label: "handle", unit: Unit::Bytes },
        Extra { label: "resident", unit: Unit::Bytes },
        Extra { label: "allocations in 1,000 calls", unit: Unit::Count },
    ],
    against: Against::BestPeer,
    bars: &[Bar::Figure(MOST)],
    contenders: &[
        ours("pybackground", of_ours),
        peer("rayon::spawn + oneshot", of_one_worker::<RayonSpawn>),
        peer("tokio::spawn", of_one_worker::<TokioSpawn>),
        peer("tokio spawn_blocking", of_one_worker::<TokioSpawnBlocking>),
        peer("threadpool + oneshot", of_one_worker::<Threadpool>),
        peer("futures ThreadPool", of_one_worker::<FuturesPool>),
        peer("blocking", of_one_worker::<Blocking>),
    ],
};

fn main() -> ExitCode {
    harness::main(&[ROW], 3)
}

/// The one worker is taken by a body that blocks; the limit keeps the pool from making up for it.
fn of_ours(_: Pace) -> Reading {
    let one = configure().workers(1).max_threads(1).install();
    one.expect("there was no call yet");
    pending(&Pybackground)
}

fn of_one_worker<P: Peer>(_: Pace) -> Reading {
    pending(&P::start(Some(1)))
}

/// What pending calls of a peer with one worker occupy.
fn pending<P: Peer>(peer: &P) -> Reading {
    let gate = Arc::new(RwLock::new(()));
    let shut = gate.write().expect("nobody panics at the gate");
    let occupying = {
        let gate = gate.clone();
        let (occupied, wait) = mpsc::channel();
        let call = peer.call(move || {
            occupied.send(()).expect("the other side waits");
            drop(gate.read());
            0
        });
        wait.recv().expect("the worker is taken");
        call
    };

    let started = Arc::new(AtomicUsize::new(0));
    let mut calls = Vec::with_capacity(CALLS);
    let resident = resident_bytes();
    let region = Region::new(ALLOCATOR);
    for number in 0..CALLS as u64 {
        let started = started.clone();
        calls.push(peer.call(move || {
            // ORDERING: a count.
            started.fetch_add(1, Ordering::Relaxed);
            number
        }));
    }
    let change = region.change();
    let resident = resident_bytes() - resident;
    assert_eq!(started.load(Ordering::Relaxed), 0, "the calls are pending");

    drop(shut);
    peer.join(occupying);
    let all = CALLS as u64;
    assert_eq!(peer.sum(calls), all * (all - 1) / 2);

    let heap = to_float(change.bytes_allocated - change.bytes_deallocated) / to_float(CALLS);
    let handle = to_float(size_of::<P::Call>());
    Reading {
        figure: heap + handle,
        extras: vec![
            heap,
            handle,
            to_float(resident) / to_float(CALLS),
            1_000.0 * to_float(change.allocations) / to_float(CALLS),
        ],
    }
}
