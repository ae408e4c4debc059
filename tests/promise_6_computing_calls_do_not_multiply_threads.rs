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

/// Other programs may take the processors, the disk or the memory from this one for so long that more threads look as
/// if they blocked. They do not do so in each of several rounds; a pool that takes computing for blocking does.
const ROUNDS: usize = 5;

static COMPUTING: [AtOnce; ROUNDS] = [const { AtOnce::new() }; ROUNDS];

#[background]
fn compute(round: usize, steps: u64) -> u64 {
    let _inside = COMPUTING[round].enter();
    (0..steps).fold(1, |hash: u64, step| black_box(hash.wrapping_mul(31) ^ step))
}

/// Makes a round of calls. Returns how many bodies ran at once, and how many threads there were before and after.
fn compute_all(round: usize) -> (usize, [usize; 2]) {
    let before = snapshot().threads;
    let calls: Vec<Lazy<u64>> = (0..500).map(|_| compute(round, 50_000)).collect();
    let expected = *compute(round, 50_000);
    assert!(calls.into_iter().all(|call| call == expected));
    (COMPUTING[round].most(), [before, snapshot().threads])
}

#[test]
fn computing_bodies_do_not_multiply_threads() {
    let _watchdog = watchdog();
    configure().workers(WORKERS).install().unwrap();
    let mut seen = Vec::new();
    for round in 0..ROUNDS {
        let (at_once, [before, after]) = compute_all(round);
        if at_once <= FEW && after <= FEW.max(before) {
            return;
        }
        seen.push((at_once, after));
    }
    panic!("bodies at once, and threads, in each round: {seen:?}");
}
