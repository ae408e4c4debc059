//! Many calls at once, and many threads that make them.

mod common;

use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use common::gate::Gate;
use common::{wait_until, watchdog};
use pybackground::{Lazy, background, snapshot, spawn, spawn_compute};

#[test]
fn a_million_calls_in_flight() {
    const CALLS: u64 = 1_000_000;

    let _watchdog = watchdog();
    let calls: Vec<Lazy<u64>> = (0..CALLS).map(|n| spawn(move || n)).collect();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<u64>(), CALLS * (CALLS - 1) / 2);
}

/// None of them is started before the last is made.
#[test]
fn a_hundred_thousand_calls_behind_a_limit() {
    const CALLS: u64 = 100_000;

    #[background(limit = 1)]
    fn one_at_a_time(gate: Gate, n: u64) -> u64 {
        gate.pass();
        n
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let calls: Vec<_> = (0..CALLS).map(|n| one_at_a_time(gate.clone(), n)).collect();
    gate.wait_for_arrivals(1);
    let held: usize = snapshot().held.iter().map(|calls| calls.count).sum();
    assert_eq!(held as u64, CALLS - 1);
    gate.open();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<u64>(), CALLS * (CALLS - 1) / 2);
}

#[test]
fn ten_thousand_threads_that_make_a_call_each() {
    let _watchdog = watchdog();
    for round in 0..200 {
        thread::scope(|scope| {
            for n in 0..50 {
                scope.spawn(move || {
                    let x = spawn(move || n);
                    if round % 2 == 0 {
                        assert_eq!(x, n);
                    }
                });
            }
        });
    }
    wait_until(|| {
        let outside = |stack: &pybackground::Stack| !stack.thread().starts_with("background-");
        !snapshot().stacks.iter().any(outside)
    });
}

/// A body that blocks in a channel does not keep the one that sends from a thread, though both are of
/// different kinds; a channel with no room blocks the sender as well.
#[test]
fn channels_between_bodies_that_compute_and_others() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let stages: Vec<Lazy<u64>> = {
            let (first, mut input) = sync_channel::<u64>(0);
            let mut stages = vec![spawn(move || {
                (0..20).for_each(|n| first.send(n).unwrap());
                0
            })];
            for stage in 0..6 {
                let (send, output) = sync_channel(0);
                let from = std::mem::replace(&mut input, output);
                let body = move || {
                    for n in from {
                        send.send(n + 1).unwrap();
                    }
                    0
                };
                stages.push(if stage % 2 == 0 { spawn_compute(body) } else { spawn(body) });
            }
            stages.push(spawn_compute(move || input.iter().sum()));
            stages
        };
        assert_eq!(stages.into_iter().map(Lazy::into_inner).sum::<u64>(), (6..26).sum::<u64>());
    }
    // A body makes the calls that it then hears from.
    let heard = spawn(|| {
        let (send, receive) = channel();
        let calls: Vec<Lazy<()>> = (0..100)
            .map(|n| {
                let send = send.clone();
                spawn_compute(move || send.send(n).unwrap())
            })
            .collect();
        drop(send);
        let sum = receive.iter().sum::<u32>();
        calls.into_iter().for_each(Lazy::into_inner);
        sum
    });
    assert_eq!(heard, 4950);
}
