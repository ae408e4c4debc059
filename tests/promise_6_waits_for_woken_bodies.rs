//! Promise 6: an `async` body that was woken goes on before all those begin that were called before, and may be
//! waiting for it: else each of them would take a thread, to wait on.

mod common;

use common::watchdog;
use pybackground::{Lazy, background, configure, snapshot, spawn};

/// More than there may be threads.
const CALLS: u64 = 5_000;

#[background]
fn page(number: u64) -> u64 {
    number
}

#[background]
async fn sum(number: u64) -> u64 {
    page(number).await + page(number).await
}

#[test]
fn waits_for_bodies_that_are_woken_take_few_threads() {
    let _watchdog = watchdog();
    configure().workers(1).max_threads(8).install().unwrap();
    let totals: Vec<Lazy<u64>> = (0..CALLS)
        .map(|number| {
            let sum = sum(number);
            spawn(move || *sum + 1)
        })
        .collect();
    let total: u64 = totals.into_iter().map(Lazy::into_inner).sum();
    assert_eq!(total, CALLS * (CALLS - 1) + CALLS);
    let threads = snapshot().threads();
    assert!(threads < 200, "{threads} threads");
}
