//! Promise 2: the body runs on a thread that the runtime owns, never on the caller's own. A runtime
//! thread that joins a call nobody has started runs that call itself, and no other.
//!
//! There is one thread only, so that it is known who has started what.

mod common;

use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, background, configure, spawn};

fn one_thread() {
    static CONFIGURED: Once = Once::new();
    CONFIGURED.call_once(|| configure().workers(1).max_threads(1).install().unwrap());
}

#[background]
fn by_attribute() -> ThreadId {
    thread::current().id()
}

#[background(compute)]
fn computing() -> ThreadId {
    thread::current().id()
}

#[background(limit = 1)]
fn limited() -> ThreadId {
    thread::current().id()
}

#[test]
fn no_form_of_a_call_runs_on_the_thread_of_the_caller() {
    let _watchdog = watchdog();
    one_thread();
    let here = thread::current().id();
    for _ in 0..1_000 {
        for call in [
            by_attribute(),
            computing(),
            limited(),
            spawn(|| thread::current().id()),
            background(|| thread::current().id())(),
            background(|| thread::current().id()).timeout(3600.0)(),
        ] {
            assert_ne!(call, here);
        }
    }
}

#[test]
fn a_join_from_outside_does_not_run_the_call_that_nobody_has_started() {
    let _watchdog = watchdog();
    one_thread();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let holder = {
        let gate = gate.clone();
        spawn(move || gate.pass())
    };
    gate.wait_for_arrivals(1);
    let call = spawn(|| thread::current().id());
    let (here, seen) = thread::scope(|scope| {
        let joining = scope.spawn(|| (thread::current().id(), *call));
        gate.open();
        joining.join().unwrap()
    });
    assert_ne!(here, seen);
    Lazy::into_inner(holder);
}

#[test]
fn a_runtime_thread_runs_the_call_that_it_waits_for() {
    let _watchdog = watchdog();
    one_thread();
    let same = spawn(|| {
        let inner = spawn(|| thread::current().id());
        inner == thread::current().id()
    });
    assert!(*same);
}

#[test]
fn a_runtime_thread_that_waits_runs_nothing_but_what_it_waits_for() {
    static OTHER_RAN: AtomicBool = AtomicBool::new(false);

    let _watchdog = watchdog();
    one_thread();
    let ran_meanwhile = spawn(|| {
        let awaited = spawn(|| ());
        let other = spawn(|| OTHER_RAN.store(true, Ordering::SeqCst));
        Lazy::into_inner(awaited);
        let ran_meanwhile = OTHER_RAN.load(Ordering::SeqCst);
        Lazy::into_inner(other);
        ran_meanwhile
    });
    assert!(!*ran_meanwhile);
    assert!(OTHER_RAN.load(Ordering::SeqCst));
}
