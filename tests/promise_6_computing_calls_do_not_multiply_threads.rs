//! Promise 6, the other half: bodies that burn CPU do not multiply threads.

mod common;

use std::hint::black_box;

use common::counters::AtOnce;
use common::watchdog;
use pybackground::{Lazy, background, configure, snapshot};

const WORKERS: usize = 2;

/// A body that computes looks as if it blocked when the system does not let it run; so there may be
/// a few threads more than workers.
const FEW: usize = 4 * WORKERS;

static COMPUTING: AtOnce = AtOnce::new();

#[background]
fn compute(rounds: u64) -> u64 {
    let _inside = COMPUTING.enter();
    (0..rounds).fold(1, |hash: u64, round| black_box(hash.wrapping_mul(31) ^ round))
}

#[test]
fn computing_bodies_do_not_multiply_threads() {
    let _watchdog = watchdog();
    configure().workers(WORKERS).install().unwrap();
    let calls: Vec<Lazy<u64>> = (0..500).map(|_| compute(50_000)).collect();
    let expected = *compute(50_000);
    assert!(calls.into_iter().all(|call| call == expected));
    assert!(COMPUTING.most() <= FEW, "{} bodies at once", COMPUTING.most());
    assert!(snapshot().threads <= FEW, "{} threads", snapshot().threads);
}
