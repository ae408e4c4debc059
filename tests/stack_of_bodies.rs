//! Each body has the configured stack below it, wherever it runs.

#![allow(clippy::large_stack_arrays, reason = "what is tested is how much of the stack is used")]

mod common;

use std::hint::black_box;
use std::thread;

use common::{child, watchdog};
use pybackground::{Lazy, background, configure, spawn};

const STACK: usize = 2 * 1024 * 1024;

/// Fits the stack, but not twice.
#[background]
fn inner() -> u8 {
    let mut room = [1_u8; STACK * 3 / 5];
    black_box(&mut room)[7]
}

#[background]
fn outer() -> u8 {
    let mut room = [2_u8; STACK * 2 / 5];
    black_box(&mut room);
    *inner() + black_box(&mut room)[3]
}

/// A recursion of bodies that use half of the stack each.
#[background]
fn deep(levels: u8) -> u8 {
    let mut room = [3_u8; STACK / 2];
    black_box(&mut room);
    let below = if levels == 0 { 0 } else { *deep(levels - 1) };
    below + black_box(&mut room)[0] - 2
}

#[test]
fn two_bodies_that_fit_the_stack_alone_fit_on_top_of_each_other() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        assert_eq!(*outer(), 3);
    }
}

#[test]
fn bodies_that_use_half_of_the_stack_nest() {
    let _watchdog = watchdog();
    assert_eq!(*deep(30), 31);
}

#[test]
fn waiting_thread_runs_a_call_on_top_of_the_body_that_waits_for_it() {
    let _watchdog = watchdog();
    configured(&[], "waiting_thread_runs_a_call_on_top_of_the_body_that_waits_for_it", || {
        // One worker, so that no other thread takes the call.
        configure().workers(1).install().unwrap();
        assert!(runs_in_place());
    });
}

#[test]
fn without_a_reserve_every_wait_blocks() {
    let _watchdog = watchdog();
    configured(&[], "without_a_reserve_every_wait_blocks", || {
        configure().workers(1).stack_reserve(0).install().unwrap();
        assert!(!runs_in_place());
        assert_eq!(*outer(), 3);
    });
}

/// No address space has room for such a reserve.
#[test]
fn threads_start_without_a_reserve_that_the_system_refuses() {
    let _watchdog = watchdog();
    configured(&[], "threads_start_without_a_reserve_that_the_system_refuses", || {
        configure().workers(1).stack_reserve(1 << 46).install().unwrap();
        assert!(!runs_in_place());
        assert_eq!(*outer(), 3);
    });
}

#[test]
fn stack_of_the_standard_library_counts() {
    const TEST: &str = "stack_of_the_standard_library_counts";
    let _watchdog = watchdog();
    configured(&[("RUST_MIN_STACK", "8388608")], TEST, || {
        let large = spawn(|| {
            let mut room = [1_u8; 3 * STACK];
            black_box(&mut room)[7]
        });
        assert_eq!(large, 1);
    });
}

fn runs_in_place() -> bool {
    let threads = spawn(|| {
        let inner = spawn(|| thread::current().id());
        (thread::current().id(), Lazy::into_inner(inner))
    });
    let (outer, inner) = Lazy::into_inner(threads);
    outer == inner
}

/// Runs `rest` in a process of its own.
fn configured(variables: &[(&str, &str)], test: &str, rest: fn()) {
    if child::is_child() {
        return rest();
    }
    child::succeeds(child::command(test).envs(variables.iter().copied()));
}
