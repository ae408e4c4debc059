//! A thread that makes and joins calls one after the other needs no more memory for a million of them
//! than for one: nothing of a call that has ended is kept.

mod common;

use common::counters::Drops;
use common::{system, watchdog};
use pybackground::{Lazy, background, spawn, spawn_compute};

const CALLS: usize = 1_000_000;

/// Far less than a million of anything.
const BOUND: usize = 16 << 20;

#[test]
fn a_million_calls_one_after_the_other() {
    let _watchdog = watchdog();
    let grown = spawn(|| {
        let drops = Drops::default();
        one_after_the_other(&drops, 10_000);
        let before = system::resident_bytes();
        one_after_the_other(&drops, CALLS);
        let after = system::resident_bytes();
        assert!(drops.count() >= CALLS);
        before.zip(after).map(|(before, after)| after.saturating_sub(before))
    });
    if let Some(grown) = Lazy::into_inner(grown) {
        assert!(grown < BOUND, "{grown} bytes more after {CALLS} calls");
    }
}

/// In every form in which a body can make a call and join it.
fn one_after_the_other(drops: &Drops, calls: usize) {
    let with_timeout = background(|n: usize| n).timeout(3600);
    for n in 0..calls {
        let before = drops.count();
        let token = drops.token();
        drop(Lazy::into_inner(spawn(move || token)));
        assert_eq!(drops.count(), before + 1, "the value is gone");
        match n % 50 {
            0 => assert_eq!(Lazy::into_inner(spawn_compute(move || n)), n),
            1 => assert_eq!(*Lazy::wait(&spawn(move || n)).unwrap(), n),
            2 => assert_eq!(with_timeout(n), n),
            3 => assert_eq!(limited(n), n),
            _ => {}
        }
    }
}

#[background(limit = 1)]
fn limited(n: usize) -> usize {
    n
}
