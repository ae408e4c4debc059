//! What the locks of `pybackground::sync` cost beside those of `std`, while no other thread wants them.
//!
//! The two take turns: a batch of the one, a batch of the other, then in the opposite order. The ratio is that of each pair of
//! batches, so a machine that becomes slower becomes slower for both.

use std::hint::black_box;
use std::sync;

use pybackground::sync::{Mutex, RwLock};
use pybackground_benches::measure::{median, once, to_float};

/// So many operations are timed at once. They take a tenth of a time slice.
const BATCH: usize = 20_000;

/// Pairs of batches. The median of so many is the same in each run.
const PAIRS: usize = 2_001;

fn main() {
    println!("{:<28} {:>9} {:>9} {:>7} {:>9}", "operation", "ours", "std", "ratio", "to reach");
    let (ours, std) = (Mutex::new(0), sync::Mutex::new(0));
    row(
        "Mutex",
        1.2,
        || repeat(|n| *black_box(&ours).lock().unwrap() += n),
        || repeat(|n| *black_box(&std).lock().unwrap() += n),
    );
    row(
        "Mutex, in a function",
        1.2,
        || repeat(|n| add(black_box(&ours), n)),
        || repeat(|n| add_by_std(black_box(&std), n)),
    );
    row(
        "Mutex::try_lock",
        1.2,
        || repeat(|n| *black_box(&ours).try_lock().unwrap() += n),
        || repeat(|n| *black_box(&std).try_lock().unwrap() += n),
    );
    let (ours, std) = (RwLock::new(0), sync::RwLock::new(0));
    row(
        "RwLock::write",
        1.2,
        || repeat(|n| *black_box(&ours).write().unwrap() += n),
        || repeat(|n| *black_box(&std).write().unwrap() += n),
    );
    row(
        "RwLock::read",
        2.0,
        || repeat(|n| _ = black_box(*black_box(&ours).read().unwrap() + n)),
        || repeat(|n| _ = black_box(*black_box(&std).read().unwrap() + n)),
    );
}

#[inline(never)]
fn add(lock: &Mutex<usize>, number: usize) {
    *lock.lock().unwrap() += number;
}

#[inline(never)]
fn add_by_std(lock: &sync::Mutex<usize>, number: usize) {
    *lock.lock().unwrap() += number;
}

fn repeat(operation: impl Fn(usize)) {
    (0..BATCH).for_each(operation);
}

/// Prints nanoseconds of one operation, and the ratio.
fn row(operation: &str, to_reach: f64, ours: impl Fn(), std: impl Fn()) {
    // What the first use of a thread costs is not measured.
    ours();
    std();
    let time = |batch: &dyn Fn()| once(batch) / to_float(BATCH);
    let pairs: Vec<(f64, f64)> = (0..PAIRS)
        .map(|pair| {
            if pair % 2 == 0 {
                let ours = time(&ours);
                (ours, time(&std))
            } else {
                let std = time(&std);
                (time(&ours), std)
            }
        })
        .collect();
    let ratio = median(pairs.iter().map(|(ours, std)| ours / std).collect());
    let (ours, std) = pairs.into_iter().unzip();
    let reached = if ratio <= to_reach { "yes" } else { "no" };
    println!(
        "{operation:<28} {:>6.2} ns {:>6.2} ns {ratio:>7.3} {to_reach:>5.1} {reached}",
        median(ours),
        median(std)
    );
}
