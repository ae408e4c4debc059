//! A thread that makes and joins calls one after the other needs no more memory for a million of them
//! than for one: nothing of a call that has ended is kept.
//!
//! There is one worker, so that nobody else clears up behind it.

mod common;

use common::counters::Drops;
use common::{system, watchdog};
use pybackground::{Lazy, background, configure, spawn, spawn_compute};

/// A few bytes for each of a million calls, less than any of them was made of.
const BOUND: usize = 4 << 20;

#[test]
fn calls_one_after_the_other_leave_nothing() {
    let _watchdog = watchdog();
    configure().workers(1).install().unwrap();
    Lazy::into_inner(spawn(|| {
        grows_by_little(1_000_000, calls_that_are_run_in_place);
        grows_by_little(50_000, calls_that_others_run);
    }));
}

fn grows_by_little(calls: usize, make_and_join: fn(&Drops, usize)) {
    let drops = Drops::default();
    let run = |calls| (0..calls).for_each(|n| make_and_join(&drops, n));
    run(calls / 100);
    let before = system::resident_bytes();
    run(calls);
    let grown =
        system::resident_bytes().zip(before).map_or(0, |(now, was)| now.saturating_sub(was));
    assert!(grown < BOUND, "{grown} bytes more after {calls} calls");
    assert_eq!(drops.count(), calls / 100 + calls);
}

/// In every form in which a body can make a call and run it itself.
fn calls_that_are_run_in_place(drops: &Drops, n: usize) {
    let token = drops.token();
    match n % 4 {
        0 => drop(Lazy::into_inner(spawn(move || token))),
        1 => drop(Lazy::join(spawn_compute(move || token)).ok()),
        2 => drop(Lazy::wait(&background(|token| token)(token)).is_ok()),
        _ => drop(spawn(move || Some(token)).take()),
    }
}

#[background(limit = 1)]
fn limited<T: Send + 'static>(token: T) -> T {
    token
}

/// In every form that is left to another thread.
fn calls_that_others_run(drops: &Drops, n: usize) {
    let token = drops.token();
    match n % 2 {
        0 => drop(Lazy::into_inner(background(|token| token).timeout(3600)(token))),
        _ => drop(Lazy::into_inner(limited(token))),
    }
}
