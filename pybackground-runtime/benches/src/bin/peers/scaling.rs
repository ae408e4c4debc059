//! Whether the cost grows with the work and no faster: each size beside the size before.
//!
//! Steps of ten may cost up to twice as much a unit, for the caches run out on the way; what grows
//! with the square would cost ten times as much.

use std::thread;

use pybackground::{Lazy, background, spawn};
use pybackground_benches::harness::{Against, Bar, Reading, Row, Unit, ours};
use pybackground_benches::measure::per_unit;
use pybackground_benches::work::Pace;

pub(crate) const CALLS: Row = Row {
    key: "calls",
    title: "calls then join all, a call",
    unit: Unit::Nanoseconds,
    extras: &[],
    against: Against::Before,
    bars: &[Bar::Ratio(2.0)],
    contenders: &[
        ours("1,000 calls", calls::<1_000>),
        ours("10,000 calls", calls::<10_000>),
        ours("100,000 calls", calls::<100_000>),
        ours("1,000,000 calls", calls::<1_000_000>),
        ours("10,000,000 calls", calls::<10_000_000>),
    ],
};

pub(crate) const NESTING: Row = Row {
    key: "nesting",
    title: "joins inside joins, a level",
    contenders: &[
        ours("10 deep", nesting::<10>),
        ours("100 deep", nesting::<100>),
        ours("1,000 deep", nesting::<1_000>),
        ours("10,000 deep", nesting::<10_000>),
        ours("100,000 deep", nesting::<100_000>),
    ],
    ..CALLS
};

/// Steps of two: what grows with the square would cost twice as much.
pub(crate) const THREADS: Row = Row {
    key: "threads",
    title: "64,000 calls shared by outside threads, a call",
    bars: &[Bar::Ratio(1.5)],
    contenders: &[
        ours("1 thread", threads::<1>),
        ours("2 threads", threads::<2>),
        ours("4 threads", threads::<4>),
        ours("8 threads", threads::<8>),
        ours("16 threads", threads::<16>),
        ours("32 threads", threads::<32>),
        ours("64 threads", threads::<64>),
    ],
    ..CALLS
};

const SHARED_CALLS: usize = 64_000;

fn call_and_join_all(calls: u64) {
    let values: Vec<Lazy<u64>> = (0..calls).map(|number| spawn(move || number)).collect();
    let sum: u64 = values.into_iter().map(Lazy::into_inner).sum();
    assert_eq!(sum, calls * (calls - 1) / 2);
}

fn calls<const CALLS: usize>(_: Pace) -> Reading {
    call_and_join_all(1_000);
    per_unit(CALLS, || call_and_join_all(CALLS as u64)).into()
}

#[background]
fn descend(levels: u64) -> u64 {
    if levels == 0 {
        return 0;
    }
    descend(levels - 1) + 1
}

/// All of it inside a call, so that the way into the pool does not count as ten levels.
fn nesting<const LEVELS: usize>(_: Pace) -> Reading {
    let levels = LEVELS as u64;
    let figure = spawn(move || {
        let pass = || assert_eq!(descend(levels), levels);
        pass();
        per_unit(LEVELS, pass)
    });
    Lazy::into_inner(figure).into()
}

fn threads<const THREADS: usize>(_: Pace) -> Reading {
    let share = SHARED_CALLS / THREADS;
    let pass = || {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| call_and_join_all(share as u64));
            }
        });
    };
    pass();
    per_unit(SHARED_CALLS, pass).into()
}
