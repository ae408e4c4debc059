//! `background_map` over an input of any length takes the memory of the calls that are made at once.
//!
//! A file of its own, so that no other test takes or frees memory meanwhile.

mod common;

use common::{system, watchdog};
use pybackground::BackgroundIterator;

/// Ten million inputs in a build with optimisations.
const INPUTS: u64 = if cfg!(debug_assertions) { 300_000 } else { 10_000_000 };

/// Far less than a word for each input.
const BOUND: usize = if cfg!(debug_assertions) { 2 << 20 } else { 16 << 20 };

#[test]
fn long_input_takes_no_more_memory_than_a_short_one() {
    let _watchdog = watchdog();
    let sum = |inputs: u64| (0..inputs).spawn_map(64, |n| n).sum::<u64>();
    let unordered = |inputs: u64| (0..inputs).spawn_map(64, |n| n).unordered().sum::<u64>();
    // As many as make the threads and fill the caches of the allocator.
    sum(INPUTS / 100);
    unordered(INPUTS / 100);
    let before = system::resident_bytes();
    assert_eq!(sum(INPUTS), INPUTS * (INPUTS - 1) / 2);
    assert_eq!(unordered(INPUTS), INPUTS * (INPUTS - 1) / 2);
    let after = system::resident_bytes();
    let grown = after.zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
    assert!(grown < BOUND, "{grown} bytes more after {INPUTS} inputs");
}
