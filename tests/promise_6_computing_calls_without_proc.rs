//! Promise 6: bodies that compute do not multiply threads when the system cannot be asked about threads, and
//! bodies that block still get threads then.
#![cfg(target_os = "linux")]

mod common;

use std::fs::File;
use std::hint::black_box;
use std::sync::{Arc, Barrier};

use common::counters::AtOnce;
use common::{child, watchdog};
use pybackground::{Lazy, configure, snapshot, spawn};

const WORKERS: usize = 2;

/// A body that computes for long may bring one thread more now and then.
const FEW: usize = 5 * WORKERS;

/// Runs the rest of the test in a process that has no descriptor left.
fn without_descriptors(test: &str, rest: fn()) {
    if !child::is_child() {
        child::succeeds(&mut child::command(test));
        return;
    }
    let _watchdog = watchdog();
    configure().workers(WORKERS).install().unwrap();
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    rest();
}

#[test]
fn computing_bodies_do_not_multiply_threads_when_no_descriptor_is_left() {
    static COMPUTING: AtOnce = AtOnce::new();

    const TEST: &str = "computing_bodies_do_not_multiply_threads_when_no_descriptor_is_left";
    without_descriptors(TEST, || {
        let compute = || {
            let _inside = COMPUTING.enter();
            (0..50_000).fold(1, |hash: u64, round| black_box(hash.wrapping_mul(31) ^ round))
        };
        let calls: Vec<Lazy<u64>> = (0..500).map(|_| spawn(compute)).collect();
        let expected = compute();
        assert!(calls.into_iter().all(|call| call == expected));
        assert!(snapshot().threads <= FEW, "{} threads", snapshot().threads);
    });
}

#[test]
fn blocking_bodies_get_threads_when_no_descriptor_is_left() {
    const BODIES: usize = 100;

    const TEST: &str = "blocking_bodies_get_threads_when_no_descriptor_is_left";
    without_descriptors(TEST, || {
        let all_there = Arc::new(Barrier::new(BODIES));
        let calls: Vec<Lazy<()>> = (0..BODIES)
            .map(|_| {
                let all_there = all_there.clone();
                spawn(move || {
                    all_there.wait();
                })
            })
            .collect();
        calls.into_iter().for_each(Lazy::into_inner);
    });
}
