//! Promise 6: blocking calls never starve each other.

mod common;

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, background, spawn};

#[test]
fn a_body_may_wait_for_what_a_later_call_sends() {
    let _watchdog = watchdog();
    let waits: Vec<(Lazy<usize>, _)> = (0..100)
        .map(|_| {
            let (send, received) = channel();
            (spawn(move || received.recv().unwrap()), send)
        })
        .collect();
    let (waits, sends): (Vec<_>, Vec<_>) = waits.into_iter().unzip();
    for (n, send) in sends.into_iter().enumerate().rev() {
        drop(spawn(move || send.send(n).unwrap()));
    }
    for (n, wait) in waits.into_iter().enumerate() {
        assert_eq!(wait, n);
    }
}

#[test]
fn a_body_may_wait_for_what_its_own_later_call_sends() {
    let _watchdog = watchdog();
    let bodies: Vec<Lazy<i32>> = (0..100)
        .map(|n| {
            spawn(move || {
                let (send, received) = channel();
                drop(spawn(move || send.send(n).unwrap()));
                received.recv().unwrap()
            })
        })
        .collect();
    assert_eq!(bodies.into_iter().map(Lazy::into_inner).sum::<i32>(), 4950);
}

#[test]
fn bodies_may_spin_for_what_a_later_call_brings() {
    let _watchdog = watchdog();
    let brought = Gate::default();
    let spinning: Vec<Lazy<()>> = (0..thread::available_parallelism().unwrap().get())
        .map(|_| {
            let brought = brought.clone();
            spawn(move || common::wait_until(|| brought.arrivals() == 1))
        })
        .collect();
    brought.open();
    drop(spawn(move || brought.pass()));
    spinning.into_iter().for_each(Lazy::into_inner);
}

#[test]
fn ten_thousand_bodies_block_at_once() {
    const BODIES: usize = 10_000;

    let _watchdog = watchdog();
    // Each goes on only when all of them are there.
    let all_there = Arc::new(Barrier::new(BODIES));
    let bodies: Vec<Lazy<bool>> = (0..BODIES)
        .map(|_| {
            let all_there = all_there.clone();
            spawn(move || all_there.wait().is_leader())
        })
        .collect();
    let leaders = bodies.into_iter().map(Lazy::into_inner).filter(|&leader| leader).count();
    assert_eq!(leaders, 1);
}

#[background]
fn nested(levels: u64) -> u64 {
    if levels == 0 { 0 } else { 1 + nested(levels - 1) }
}

#[test]
fn joins_nest_a_hundred_thousand_deep() {
    let _watchdog = watchdog();
    assert_eq!(nested(100_000), 100_000);
}

#[test]
fn joins_by_reference_nest_deep_as_well() {
    #[background]
    fn nested(levels: u64) -> u64 {
        if levels == 0 {
            return 0;
        }
        let below = nested(levels - 1);
        1 + *below
    }

    let _watchdog = watchdog();
    assert_eq!(nested(20_000), 20_000);
}

#[test]
fn a_tree_of_calls_that_wait_for_each_other_comes_to_its_end() {
    #[background]
    fn fibonacci(n: u64) -> u64 {
        if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
    }

    let _watchdog = watchdog();
    let trees: Vec<Lazy<u64>> = thread::scope(|scope| {
        let making: Vec<_> = (0..4).map(|_| scope.spawn(|| fibonacci(18))).collect();
        making.into_iter().map(|making| making.join().unwrap()).collect()
    });
    for tree in trees {
        assert_eq!(tree, 2584);
    }
}

/// Whoever is waited for may itself wait for a call that lies in the queue of a thread which waits.
#[test]
fn a_call_in_the_queue_of_a_blocked_thread_is_found() {
    let _watchdog = watchdog();
    for _ in 0..500 {
        let (send, received) = channel();
        let body = spawn(move || {
            let sends = spawn(move || send.send(7).unwrap());
            let value = spawn(move || received.recv().unwrap());
            // The newest is joined first; it waits for the older one, which lies below it.
            let value = Lazy::into_inner(value);
            Lazy::into_inner(sends);
            value
        });
        assert_eq!(body, 7);
    }
}
