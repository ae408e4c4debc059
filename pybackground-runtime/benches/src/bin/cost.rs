//! One operation, a fixed number of times, for a counter of instructions: see `cost/measure.sh`.
//!
//! The counter collects inside [`measured`] alone. The pool has one thread, and that thread either
//! runs the measured code or is held by a body; so the measured path is one thread's, and its count
//! is the same every time unless the system happens to switch to the monitor in the middle of it.

use std::process::ExitCode;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use pybackground::{Lazy, background, configure, spawn};

/// So few take less than a time slice, and so the monitor rarely comes in between.
const OPERATIONS: u64 = 250;

/// More calls in a worker's queue than it wants before it computes on the spot.
const ENOUGH: u64 = 8;

/// A deadline that never comes, but for which the monitor's thread is started.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

fn main() -> ExitCode {
    let one = configure().workers(1).max_threads(1).install();
    one.expect("there was no call yet");
    let operation = std::env::args().nth(1);
    match operation.as_deref() {
        Some("dispatch") => dispatch(),
        Some("join") => join(),
        Some("in-place-join") => in_place_join(),
        Some("compute") => compute(),
        _ => {
            eprintln!("usage: cost dispatch|join|in-place-join|compute");
            return ExitCode::FAILURE;
        }
    }
    println!("{OPERATIONS}");
    // At once: what the end of the process costs is nobody's business.
    std::process::exit(0)
}

#[background]
fn identity(number: u64) -> u64 {
    number
}

#[background(compute)]
fn identity_compute(number: u64) -> u64 {
    number
}

/// What the counter looks at.
#[inline(never)]
fn measured<R>(operations: impl FnOnce() -> R) -> R {
    operations()
}

/// Making calls from outside while every worker is busy.
fn dispatch() {
    let release = hold_the_worker();
    let mut calls = Vec::with_capacity(OPERATIONS as usize);
    measured(|| calls.extend((0..OPERATIONS).map(identity)));
    release.send(()).expect("the body waits");
    check(calls.into_iter().map(Lazy::into_inner).sum());
}

/// Joining calls that have ended.
fn join() {
    let calls: Vec<Lazy<u64>> = (0..OPERATIONS).map(identity).collect();
    // The only worker takes calls from outside in their order: with the last all have ended.
    let _ = Lazy::wait(&calls[calls.len() - 1]);
    check(measured(|| calls.into_iter().map(Lazy::into_inner).sum()));
}

/// Calls that a worker makes and joins at once, and so runs itself.
fn in_place_join() {
    let sum = spawn(|| {
        start_the_monitor();
        measured(|| (0..OPERATIONS).map(|number| identity(number) + 0).sum())
    });
    check(Lazy::into_inner(sum));
}

/// Calls that a worker with enough calls waiting runs where it makes them.
fn compute() {
    let sum = spawn(|| {
        let waiting: Vec<Lazy<u64>> = (0..ENOUGH).map(identity).collect();
        let sum = measured(|| (0..OPERATIONS).map(|number| identity_compute(number) + 0).sum());
        (waiting, sum)
    });
    check(Lazy::into_inner(sum).1);
}
