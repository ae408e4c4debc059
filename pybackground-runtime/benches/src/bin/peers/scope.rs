//! Closures that borrow, all of which end before their scope does.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use pybackground_benches::harness::{Against, Bar, Reading, Row, Unit, ours, peer};
use pybackground_benches::measure::per_unit;
use pybackground_benches::work::Pace;

/// One scope of many closures: the cost of a closure.
const MANY: usize = 100_000;

/// A thread for each would be measured by the system's patience.
const THREADS: usize = 5_000;

/// Many scopes of two closures: the cost of a scope.
const SCOPES: usize = 2_000;

pub(crate) const CLOSURES: Row = Row {
    key: "scope",
    title: "a scope of 100,000 closures that borrow",
    unit: Unit::Nanoseconds,
    extras: &[],
    against: Against::Contender("std::thread::scope (5,000)"),
    bars: &[Bar::Ratio(0.1)],
    contenders: &[
        ours("pybackground", closures),
        peer("rayon::scope", closures_by_rayon),
        peer("std::thread::scope (5,000)", closures_by_std),
    ],
};

pub(crate) const SMALL: Row = Row {
    key: "scope-small",
    title: "2,000 scopes of two closures each",
    unit: Unit::Nanoseconds,
    extras: &[],
    against: Against::Contender("std::thread::scope"),
    bars: &[Bar::Ratio(2.0)],
    contenders: &[
        ours("pybackground", small),
        peer("rayon::scope", small_by_rayon),
        peer("std::thread::scope", small_by_std),
    ],
};

/// What the closures borrow.
#[derive(Default)]
struct Sum(AtomicU64);

impl Sum {
    fn add(&self, number: u64) {
        self.0.fetch_add(black_box(number), Ordering::Relaxed);
    }

    fn check(self, closures: usize) {
        assert_eq!(self.0.into_inner(), closures as u64);
    }
}

fn closures(_: Pace) -> Reading {
    closures_of(MANY, |sum, closures| {
        pybackground::scope(|s| (0..closures).for_each(|_| s.launch(|| sum.add(1))));
    })
}

fn closures_by_rayon(_: Pace) -> Reading {
    closures_of(MANY, |sum, closures| {
        rayon::scope(|s| (0..closures).for_each(|_| s.spawn(|_| sum.add(1))));
    })
}

fn closures_by_std(_: Pace) -> Reading {
    closures_of(THREADS, |sum, closures| {
        std::thread::scope(|s| (0..closures).for_each(|_| drop(s.spawn(|| sum.add(1)))));
    })
}

fn closures_of(closures: usize, scope: impl Fn(&Sum, usize)) -> Reading {
    let pass = |closures| {
        let sum = Sum::default();
        scope(&sum, closures);
        sum.check(closures);
    };
    pass(closures / 10);
    per_unit(closures, || pass(closures)).into()
}

fn small(_: Pace) -> Reading {
    scopes_of_two(|sum| {
        pybackground::scope(|s| (0..2).for_each(|_| s.launch(|| sum.add(1))));
    })
}

fn small_by_rayon(_: Pace) -> Reading {
    scopes_of_two(|sum| rayon::scope(|s| (0..2).for_each(|_| s.spawn(|_| sum.add(1)))))
}

fn small_by_std(_: Pace) -> Reading {
    scopes_of_two(|sum| {
        std::thread::scope(|s| (0..2).for_each(|_| drop(s.spawn(|| sum.add(1)))));
    })
}

fn scopes_of_two(scope: impl Fn(&Sum)) -> Reading {
    let pass = |scopes| {
        let sum = Sum::default();
        (0..scopes).for_each(|_| scope(&sum));
        sum.check(2 * scopes);
    };
    pass(SCOPES / 10);
    per_unit(SCOPES, || pass(SCOPES)).into()
}
