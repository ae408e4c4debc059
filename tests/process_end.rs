//! When `main` returns the process ends, whatever its calls are doing.

mod common;

use std::thread;

use common::child;
use common::gate::Gate;
use pybackground::{Lazy, background, spawn};

#[test]
fn main_returns_while_calls_run() {
    if !child::is_child() {
        child::succeeds(&mut child::command("main_returns_while_calls_run"));
        return;
    }
    let gate = Gate::default();
    let never = gate.clone();
    drop(spawn(move || never.pass()));
    let never = gate.clone();
    std::mem::forget(background(move || never.pass()).timeout(3600.0)());
    drop(spawn(|| {
        loop {
            thread::yield_now();
        }
    }));
    gate.wait_for_arrivals(2);
    // More calls than will ever run.
    (0..10_000).for_each(|n| drop(spawn(move || n)));
}

#[test]
fn the_process_exits_while_calls_run() {
    if !child::is_child() {
        let output = child::command("the_process_exits_while_calls_run").output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{}", child::told(&output));
        return;
    }
    let gate = Gate::default();
    let never = gate.clone();
    drop(spawn(move || never.pass()));
    gate.wait_for_arrivals(1);
    std::process::exit(7);
}

#[test]
fn a_body_ends_the_process() {
    if !child::is_child() {
        let output = child::command("a_body_ends_the_process").output().unwrap();
        assert_eq!(output.status.code(), Some(8), "{}", child::told(&output));
        return;
    }
    Lazy::into_inner(spawn(|| std::process::exit(8)));
}
