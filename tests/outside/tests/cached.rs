//! The feature `cache`, of a user who depends on nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};

use pybackground::background;

static RUNS: AtomicUsize = AtomicUsize::new(0);

#[background(cache(size = 10, ttl = "1h"))]
fn square(n: u64) -> u64 {
    RUNS.fetch_add(1, Ordering::SeqCst);
    n * n
}

#[test]
fn value_is_kept() {
    for _ in 0..3 {
        assert_eq!(square(3), 9);
    }
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
}
