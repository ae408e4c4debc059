//! Closures that borrow, all of which end before their scope does.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use pybackground::{Lazy, spawn};
use pybackground_benches::harness::{Against, Bar, Reading, Row, Run, Unit, ours, peer, reference};
use pybackground_benches::measure::{once, per_unit};
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
    against: Against::Contender("rayon::scope"),
    bars: &[Bar::Ratio(1.3)],
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
    against: Against::Contender("rayon::scope"),
    bars: &[Bar::Ratio(0.3)],
    contenders: &[
        ours("pybackground", small),
        peer("rayon::scope", small_by_rayon),
        peer("std::thread::scope", small_by_std),
    ],
};

pub(crate) const IN_A_BODY: Row = Row {
    key: "scope-in-body",
    title: "the same inside a body",
    unit: Unit::Nanoseconds,
    extras: &[],
    against: Against::Contender("rayon::scope"),
    bars: &[Bar::Ratio(1.0)],
    contenders: &[
        ours("pybackground", |pace| Lazy::into_inner(spawn(move || small(pace)))),
        peer("rayon::scope", |pace| in_rayon(|| small_by_rayon(pace))),
    ],
};

pub(crate) const QUICKSORT: Row = Row {
    key: "quicksort",
    title: "quicksort of 10,000,000 numbers, a scope inside a scope",
    unit: Unit::Milliseconds,
    extras: &[],
    against: Against::Contender("rayon::scope"),
    bars: &[Bar::Ratio(1.2)],
    contenders: &[
        ours("pybackground", |_| quicksort(by_scopes)),
        peer("rayon::scope", |_| quicksort(|numbers| in_rayon(|| by_rayon_scopes(numbers)))),
        reference("sequential", Run::Here(|_| quicksort(by_recursion))),
    ],
};

/// How many numbers are sorted, and how many are not worth a closure.
const NUMBERS: usize = 10_000_000;
const FEW: usize = 5_000;

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

/// Runs `f` on a thread of rayon's.
fn in_rayon<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    rayon::join(f, || ()).0
}

fn quicksort(sort: fn(&mut [u32])) -> Reading {
    let mut state = 1_u32;
    let mut next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    };
    let mut numbers: Vec<u32> = (0..NUMBERS).map(&mut next).collect();
    let figure = once(|| sort(&mut numbers));
    assert!(numbers.is_sorted());
    figure.into()
}

/// Moves the numbers below the middle one of three to the front; returns both parts, without that one.
fn parts(numbers: &mut [u32]) -> (&mut [u32], &mut [u32]) {
    let last = numbers.len() - 1;
    let mut candidates = [0, last / 2, last];
    candidates.sort_unstable_by_key(|&at| numbers[at]);
    numbers.swap(candidates[1], last);
    let pivot = numbers[last];
    let mut below = 0;
    for at in 0..last {
        if numbers[at] < pivot {
            numbers.swap(at, below);
            below += 1;
        }
    }
    numbers.swap(below, last);
    let (front, back) = numbers.split_at_mut(below);
    (front, &mut back[1..])
}

fn by_scopes(numbers: &mut [u32]) {
    if numbers.len() <= FEW {
        return numbers.sort_unstable();
    }
    let (front, back) = parts(numbers);
    pybackground::scope(|s| {
        s.launch(|| by_scopes(front));
        s.launch(|| by_scopes(back));
    });
}

fn by_rayon_scopes(numbers: &mut [u32]) {
    if numbers.len() <= FEW {
        return numbers.sort_unstable();
    }
    let (front, back) = parts(numbers);
    rayon::scope(|s| {
        s.spawn(|_| by_rayon_scopes(front));
        s.spawn(|_| by_rayon_scopes(back));
    });
}

fn by_recursion(numbers: &mut [u32]) {
    if numbers.len() <= FEW {
        return numbers.sort_unstable();
    }
    let (front, back) = parts(numbers);
    by_recursion(front);
    by_recursion(back);
}
