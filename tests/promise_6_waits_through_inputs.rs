//! Promise 6: a body that waits for a call which waits for its inputs runs these itself, as it would the
//! call, so that waits nest as deep as they like without a thread for each level.

mod common;

use common::watchdog;
use pybackground::{Lazy, background, configure, snapshot, spawn};

/// Far deeper than any stack would hold, and far more than there may be threads.
const DEPTH: u64 = 20_000;

fn mapped(depth: u64) -> u64 {
    match depth.checked_sub(1) {
        None => 0,
        Some(less) => *Lazy::map(spawn(move || mapped(less)), |depth| depth + 1),
    }
}

#[background]
fn add(#[lazy] a: u64, #[lazy] b: u64) -> u64 {
    a + b
}

fn added(depth: u64) -> u64 {
    match depth.checked_sub(1) {
        None => 0,
        Some(less) => Lazy::into_inner(add(spawn(move || added(less)), spawn(|| 1))),
    }
}

#[test]
fn waits_for_calls_with_inputs_nest_deeply_on_few_threads() {
    let _watchdog = watchdog();
    configure().workers(1).install().unwrap();
    assert_eq!(spawn(|| mapped(DEPTH)), DEPTH);
    assert_eq!(spawn(|| added(DEPTH)), DEPTH);
    let threads = snapshot().threads;
    assert!(threads < 200, "{threads} threads");
}
