//! `#[background(compute)]` and `spawn_compute`: the same results, wherever the body is run.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::counters::Drops;
use common::panics::caught;
use common::watchdog;
use pybackground::{Lazy, background, spawn_compute};

#[background(compute)]
fn fibonacci(n: u32) -> u64 {
    if n < 2 { n.into() } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

#[background(compute)]
fn sum(numbers: Vec<u64>) -> u64 {
    if numbers.len() < 2 {
        return numbers.into_iter().sum();
    }
    let (left, right) = numbers.split_at(numbers.len() / 2);
    sum(left.to_vec()) + sum(right.to_vec())
}

#[test]
fn results_are_right() {
    let _watchdog = watchdog();
    assert_eq!(fibonacci(22), 17_711);
    assert_eq!(sum((0..10_000).collect()), 49_995_000);
    let calls: Vec<Lazy<usize>> = (0..10_000).map(|n| spawn_compute(move || n)).collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(call, n);
    }
}

#[test]
fn a_body_runs_once_whether_its_value_is_wanted_or_not() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    #[background(compute)]
    fn split(levels: u32) {
        RUNS.fetch_add(1, Ordering::SeqCst);
        if levels > 0 {
            let _unwanted = split(levels - 1);
            *split(levels - 1);
        }
    }

    let _watchdog = watchdog();
    *split(12);
    common::wait_until(|| RUNS.load(Ordering::SeqCst) >= (1 << 13) - 1);
    common::wait_until(|| pybackground::snapshot().queued == 0);
    assert_eq!(RUNS.load(Ordering::SeqCst), (1 << 13) - 1);
}

#[test]
fn a_panic_travels_wherever_the_body_is_run() {
    #[background(compute)]
    fn fails_at_the_end(levels: u32) -> u32 {
        assert!(levels > 0, "at the end");
        fails_at_the_end(levels - 1) + fails_at_the_end(levels - 1)
    }

    #[background(compute)]
    fn errors(levels: u32) -> usize {
        if levels == 0 {
            return usize::from(Lazy::join(fails_at_the_end(3)).unwrap_err().is_panic());
        }
        errors(levels - 1) + errors(levels - 1)
    }

    let _watchdog = watchdog();
    assert_eq!(caught(|| *fails_at_the_end(8)).text(), "at the end");
    assert_eq!(errors(6), 64);
}

/// A call that was run on the spot knows as much as one that was not.
#[test]
fn an_error_names_the_function_and_the_call_wherever_the_body_is_run() {
    #[background(compute)]
    fn fails() -> u32 {
        panic!("boom")
    }

    let _watchdog = watchdog();
    let errors = spawn_compute(|| {
        // The first few are queued; the others are run on the spot if nobody comes to steal.
        let calls: Vec<Lazy<u32>> = (0..100).map(|_| fails()).collect();
        calls.into_iter().map(|call| Lazy::join(call).unwrap_err()).collect::<Vec<_>>()
    });
    for error in Lazy::into_inner(errors) {
        assert!(error.is_panic());
        assert!(error.function().ends_with("::fails"), "{}", error.function());
        assert_eq!(error.called_at().file(), file!());
    }
}

#[test]
fn arguments_are_dropped_once() {
    let _watchdog = watchdog();
    let drops = Drops::default();
    let made = drops.clone();
    *spawn_compute(move || {
        for _ in 0..1_000 {
            let token = made.token();
            drop(spawn_compute(move || drop(token)));
        }
    });
    drops.wait_for(1_000);
    common::wait_until(|| pybackground::snapshot().queued == 0);
    assert_eq!(drops.count(), 1_000);
}

/// A recursion that does not branch goes deeper than one stack, also when the thread has calls enough
/// in its queue to run this one on the spot.
#[test]
fn a_deep_recursion_does_not_overflow_the_stack() {
    #[background(compute)]
    fn deep(levels: u64) -> u64 {
        if levels == 0 { 0 } else { 1 + deep(levels - 1) }
    }

    let _watchdog = watchdog();
    assert_eq!(deep(100_000), 100_000);
    let saturated = spawn_compute(|| {
        let others: Vec<Lazy<u64>> = (0..1_000).map(|n| spawn_compute(move || n)).collect();
        let depth = Lazy::into_inner(deep(100_000));
        assert_eq!(others.into_iter().map(Lazy::into_inner).sum::<u64>(), 499_500);
        depth
    });
    assert_eq!(saturated, 100_000);
}
