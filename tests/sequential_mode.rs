//! `PYBACKGROUND_MODE=sequential`: each call runs in place, in order, on the thread of the caller.

mod common;

use std::sync::Mutex;
use std::thread::{self, ThreadId};

use common::futures::yield_now;
use common::panics::caught;
use common::{child, watchdog};
use pybackground::{Lazy, Timeout, background, scope, snapshot, spawn};

/// Runs the other half of a test in a process that is told to be sequential.
macro_rules! sequential {
    ($test:ident) => {
        if !child::is_child() {
            child::succeeds(
                child::command(stringify!($test)).env("PYBACKGROUND_MODE", "sequential"),
            );
            return;
        }
        let _watchdog = watchdog();
    };
}

static LOG: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn log(entry: impl Into<String>) {
    LOG.lock().unwrap().push(entry.into());
}

#[background]
fn outer() -> ThreadId {
    log("outer begins");
    let id = *inner();
    log("outer ends");
    id
}

#[background(compute)]
fn inner() -> ThreadId {
    log("inner");
    thread::current().id()
}

#[test]
fn calls_run_in_place_and_in_order() {
    sequential!(calls_run_in_place_and_in_order);
    let x = outer();
    log("caller goes on");
    assert!(Lazy::is_ready(&x));
    assert_eq!(x, thread::current().id());
    assert_eq!(*LOG.lock().unwrap(), ["outer begins", "inner", "outer ends", "caller goes on"]);
    assert_eq!(snapshot().threads, 0);
}

#[test]
fn panics_and_timeouts_are_told_as_ever() {
    sequential!(panics_and_timeouts_are_told_as_ever);
    let x = spawn(|| -> u32 { panic!("boom") });
    assert_eq!(caught(|| *x).text(), "boom");
    assert_eq!(background(|| 1).timeout(3600.0)(), 1);
    assert!(background(|| 1).timeout(3600.0)() != Timeout);
}

#[test]
fn a_limited_function_may_call_itself() {
    #[background(limit = 1)]
    fn direct(levels: u32) -> u32 {
        if levels == 0 { 0 } else { 1 + direct(levels - 1) }
    }

    sequential!(a_limited_function_may_call_itself);
    assert_eq!(direct(20), 20);
}

#[test]
fn threads_of_the_program_may_each_make_calls() {
    sequential!(threads_of_the_program_may_each_make_calls);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let here = thread::current().id();
                assert_eq!(spawn(move || spawn(|| thread::current().id()) == here), true);
            });
        }
    });
}

#[test]
fn closures_of_a_scope_run_in_place_and_in_order() {
    sequential!(closures_of_a_scope_run_in_place_and_in_order);
    let mut log = Vec::new();
    let here = scope(|s| {
        s.launch(|| log.push(1));
        let here = s.spawn(|| thread::current().id());
        assert!(Lazy::is_ready(&here));
        *here
    });
    log.push(2);
    assert_eq!(log, [1, 2]);
    assert_eq!(here, thread::current().id());
}

#[background]
async fn yields(times: u32) -> u32 {
    for _ in 0..times {
        yield_now().await;
    }
    times
}

#[test]
fn a_body_that_yields_needs_no_deeper_stack() {
    sequential!(a_body_that_yields_needs_no_deeper_stack);
    assert_eq!(yields(200_000), 200_000);
}
