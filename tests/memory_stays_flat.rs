//! A thread that makes and joins calls one after the other needs no more memory for a million of them
//! than for one: nothing of a call that has ended is kept.
//!
//! There is one worker, so that nobody else clears up behind it.

mod common;

use common::counters::{Drops, Token};
use common::{system, watchdog};
use pybackground::{Lazy, background, configure, spawn, spawn_compute};

/// Far less than what the calls of a run carry, taken together.
const BOUND: usize = 4 << 20;

/// What a call carries to its body and back.
type Load<const BYTES: usize> = ([u8; BYTES], Token);

#[test]
fn calls_one_after_the_other_leave_nothing() {
    let _watchdog = watchdog();
    configure().workers(1).install().unwrap();
    Lazy::into_inner(spawn(|| {
        grows_by_little::<32>(1_000_000, calls_that_are_run_in_place);
        grows_by_little::<4096>(4_000, calls_that_others_run);
    }));
}

fn grows_by_little<const BYTES: usize>(calls: usize, make_and_join: fn(Load<BYTES>, usize)) {
    let drops = Drops::default();
    let run = |calls| (0..calls).for_each(|n| make_and_join(([1; BYTES], drops.token()), n));
    run(calls / 100);
    let before = system::resident_bytes();
    run(calls);
    let after = system::resident_bytes();
    let grown = after.zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
    assert!(grown < BOUND, "{grown} bytes more after {calls} calls");
    assert_eq!(drops.count(), calls / 100 + calls);
}

/// In every form in which a body can make a call and run it itself.
fn calls_that_are_run_in_place(load: Load<32>, n: usize) {
    match n % 4 {
        0 => drop(Lazy::into_inner(spawn(move || load))),
        1 => drop(Lazy::join(spawn_compute(move || load)).ok()),
        2 => drop(Lazy::wait(&background(|load| load)(load)).is_ok()),
        _ => drop(spawn(move || Some(load)).take()),
    }
}

#[background(limit = 1)]
fn limited(load: Load<4096>) -> Load<4096> {
    load
}

/// In every form that is left to another thread.
fn calls_that_others_run(load: Load<4096>, n: usize) {
    match n % 2 {
        0 => drop(Lazy::into_inner(background(|load| load).timeout(3600)(load))),
        _ => drop(Lazy::into_inner(limited(load))),
    }
}
