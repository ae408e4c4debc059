//! A compute call is run on the spot where a thread has calls enough in its queue that nobody takes:
//! with one worker that is certain.

mod common;

use common::watchdog;
use pybackground::{Lazy, background, configure, spawn_compute};

#[background(compute)]
fn deep(levels: u64) -> u64 {
    if levels == 0 { 0 } else { 1 + deep(levels - 1) }
}

/// A recursion that does not branch goes deeper than one stack, on the spot as elsewhere.
#[test]
fn a_deep_recursion_does_not_overflow_the_stack() {
    let _watchdog = watchdog();
    configure().workers(1).install().unwrap();
    let depth = spawn_compute(|| {
        let others: Vec<Lazy<u64>> = (0..10).map(|n| spawn_compute(move || n)).collect();
        let depth = Lazy::into_inner(deep(100_000));
        others.into_iter().map(Lazy::into_inner).sum::<u64>() + depth
    });
    assert_eq!(depth, 100_045);
}
