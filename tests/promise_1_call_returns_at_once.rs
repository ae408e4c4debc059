//! Promise 1: a call returns at once. Whatever the load, it never waits for a thread or for room in a
//! queue.
//!
//! Every thread that there may be is held at a gate which only the caller opens, after its calls: a
//! call that waited for a thread would never come back.

mod common;

use std::sync::{Arc, Mutex, Once};

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, background, configure, spawn};

const THREADS: usize = 2;
const CALLS: usize = 100_000;

fn few_threads() {
    static CONFIGURED: Once = Once::new();
    CONFIGURED.call_once(|| configure().workers(THREADS).max_threads(THREADS).install().unwrap());
}

/// Holds all threads until the gate is opened. The tests of this file take turns.
fn hold_all_threads(gate: &Gate) -> Vec<Lazy<()>> {
    few_threads();
    let holders = (0..THREADS)
        .map(|_| {
            let gate = gate.clone();
            spawn(move || gate.pass())
        })
        .collect();
    gate.wait_for_arrivals(THREADS);
    holders
}

static TURN: Mutex<()> = Mutex::new(());

#[test]
fn calls_from_outside_do_not_wait_for_a_thread() {
    let _watchdog = watchdog();
    let _turn = TURN.lock();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let holders = hold_all_threads(&gate);
    let calls: Vec<Lazy<usize>> = (0..CALLS).map(|n| spawn(move || n)).collect();
    assert!(calls.iter().all(|call| !Lazy::is_ready(call)));
    gate.open();
    let sum: usize = calls.into_iter().map(Lazy::into_inner).sum();
    assert_eq!(sum, CALLS * (CALLS - 1) / 2);
    holders.into_iter().for_each(Lazy::into_inner);
}

#[test]
fn calls_from_a_body_do_not_wait_for_a_thread() {
    let _watchdog = watchdog();
    let _turn = TURN.lock();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    few_threads();
    let calling = {
        let gate = gate.clone();
        spawn(move || {
            let other = gate.clone();
            let holder = spawn(move || other.pass());
            gate.wait_for_arrivals(1);
            let calls: Vec<Lazy<usize>> = (0..CALLS).map(|n| spawn(move || n)).collect();
            gate.open();
            Lazy::into_inner(holder);
            calls.into_iter().map(Lazy::into_inner).sum::<usize>()
        })
    };
    assert_eq!(calling, CALLS * (CALLS - 1) / 2);
}

#[test]
fn calls_of_a_limited_function_do_not_wait_for_a_slot() {
    #[background(limit = 1)]
    fn pass(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let _turn = TURN.lock();
    few_threads();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let calls: Vec<Lazy<()>> = (0..1_000).map(|_| pass(gate.clone())).collect();
    gate.open();
    calls.into_iter().for_each(Lazy::into_inner);
    assert_eq!(gate.arrivals(), 1_000);
}

#[test]
fn calls_do_not_wait_for_what_their_bodies_wait_for() {
    let _watchdog = watchdog();
    let _turn = TURN.lock();
    few_threads();
    let lock = Arc::new(Mutex::new(0));
    let calls: Vec<Lazy<()>> = {
        let _held = lock.lock();
        (0..10)
            .map(|_| {
                let lock = lock.clone();
                background(move || *lock.lock().unwrap() += 1)()
            })
            .collect()
    };
    calls.into_iter().for_each(Lazy::into_inner);
    assert_eq!(*lock.lock().unwrap(), 10);
}
