//! The terms of a sum or product are calls that run at once, also where an iterator makes them one by one.

mod common;

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use common::counters::AtOnce;
use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::{Lazy, Shared, background, sleep, snapshot, spawn};

/// They could not meet if each were waited for before the next is made.
#[test]
fn terms_run_at_once() {
    let _watchdog = watchdog();
    let meeting = Arc::new(Barrier::new(4));
    let meet = |n: u64| {
        let meeting = meeting.clone();
        spawn(move || {
            meeting.wait();
            n
        })
    };
    assert_eq!((1..5).map(meet).sum::<u64>(), 10);
    assert_eq!((1..5).map(meet).product::<u64>(), 24);
    assert_eq!((1..5).map(meet).map(Lazy::share).sum::<u64>(), 10);
    let halves = (1..5).map(|n| Lazy::map(meet(n), |n| f64::from(u32::try_from(n).unwrap()) / 2.0));
    assert_eq!(halves.sum::<f64>().to_bits(), 5.0_f64.to_bits());
}

#[test]
fn bounded_number_of_terms_runs_at_once() {
    static AT_ONCE: AtOnce = AtOnce::new();

    let _watchdog = watchdog();
    let term = |n: u64| {
        spawn(move || {
            let _inside = AT_ONCE.enter();
            thread::yield_now();
            n
        })
    };
    assert_eq!((0..2000).map(term).sum::<u64>(), 1_999_000);
    assert!(AT_ONCE.most() <= 64);
}

#[test]
fn panic_of_a_term_travels_and_cancels_the_terms_after_it() {
    let _watchdog = watchdog();
    let term = |n: u64| {
        spawn(move || {
            assert!(n > 0, "no {n}");
            sleep(Duration::from_secs(3600));
            n
        })
    };
    assert_eq!(caught(|| (0..10).map(term).sum::<u64>()).text(), "no 0");
    wait_until(|| snapshot().stacks.is_empty());
}

#[test]
fn recursion_sums_its_calls() {
    #[background]
    fn leaves(depth: u32) -> u64 {
        if depth == 0 { 1 } else { (0..3).map(|_| leaves(depth - 1)).sum() }
    }

    #[background(compute)]
    fn computed(depth: u32) -> u64 {
        if depth == 0 { 1 } else { (0..3).map(|_| computed(depth - 1)).map(Lazy::share).sum() }
    }

    let _watchdog = watchdog();
    assert_eq!(leaves(7), 2_187);
    assert_eq!(computed(7), 2_187);
    assert_eq!([Shared::ready(2), Shared::ready(3)].into_iter().product::<u64>(), 6);
}
