//! `#[background(limit = DATABASE)]`: one limit for several functions, whose number can change.

mod common;

use std::sync::{Arc, Barrier, Mutex};
use std::thread;

use common::counters::AtOnce;
use common::gate::Gate;
use common::panics::caught;
use common::watchdog;
use pybackground::{Lazy, Limit, background, snapshot, spawn};

#[test]
fn functions_share_the_limit() {
    static SHARED: Limit = Limit::new(2);
    static INSIDE: AtOnce = AtOnce::new();

    #[background(limit = SHARED)]
    fn read(both: Option<Arc<Barrier>>) {
        let _inside = INSIDE.enter();
        both.map(|both| both.wait());
    }

    #[background(limit = SHARED)]
    fn write(both: Option<Arc<Barrier>>) {
        let _inside = INSIDE.enter();
        both.map(|both| both.wait());
    }

    let _watchdog = watchdog();
    let both = Some(Arc::new(Barrier::new(2)));
    let calls = [read(both.clone()), write(both)];
    calls.into_iter().for_each(Lazy::into_inner);
    let calls: Vec<_> = (0..200).flat_map(|_| [read(None), write(None)]).collect();
    calls.into_iter().for_each(Lazy::into_inner);
    assert_eq!(INSIDE.most(), 2);
}

#[test]
fn calls_of_all_functions_wait_in_one_line() {
    static SHARED: Limit = Limit::new(1);
    static ORDER: Mutex<Vec<u32>> = Mutex::new(Vec::new());

    #[background(limit = SHARED)]
    fn even(n: u32) {
        ORDER.lock().unwrap().push(n);
    }

    #[background(limit = SHARED)]
    fn odd(n: u32) {
        ORDER.lock().unwrap().push(n);
    }

    let _watchdog = watchdog();
    let calls: Vec<_> = (0..500).map(|n| if n % 2 == 0 { even(n) } else { odd(n) }).collect();
    calls.into_iter().for_each(Lazy::into_inner);
    assert_eq!(*ORDER.lock().unwrap(), (0..500).collect::<Vec<_>>());
}

#[test]
fn body_that_joins_a_call_with_the_same_limit_lends_its_permit() {
    static SHARED: Limit = Limit::new(1);

    #[background(limit = SHARED)]
    fn outer() -> u32 {
        *inner() + 1
    }

    #[background(limit = SHARED)]
    fn inner() -> u32 {
        1
    }

    let _watchdog = watchdog();
    assert_eq!(outer(), 2);
}

#[test]
fn waiting_calls_start_when_the_limit_grows() {
    static GROWS: Limit = Limit::new(1);

    #[background(limit = GROWS)]
    fn pass(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let calls: Vec<_> = (0..5).map(|_| pass(gate.clone())).collect();
    gate.wait_for_arrivals(1);
    let held = snapshot().held.iter().filter(|call| call.function.ends_with("pass")).count();
    assert_eq!((held, gate.arrivals()), (1, 1), "one place of calls, and one body");
    GROWS.set(3);
    gate.wait_for_arrivals(3);
    GROWS.set(5);
    gate.wait_for_arrivals(5);
    gate.open();
    calls.into_iter().for_each(Lazy::into_inner);
}

#[test]
fn fewer_permits_take_effect_as_bodies_end() {
    static SHRINKS: Limit = Limit::new(3);
    static INSIDE: AtOnce = AtOnce::new();

    #[background(limit = SHRINKS)]
    fn pass(gate: Gate) {
        gate.pass();
    }

    #[background(limit = SHRINKS)]
    fn counted() {
        let _inside = INSIDE.enter();
        thread::yield_now();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let early: Vec<_> = (0..3).map(|_| pass(gate.clone())).collect();
    gate.wait_for_arrivals(3);
    SHRINKS.set(1);
    assert_eq!(SHRINKS.permits(), 1);
    let late: Vec<_> = (0..100).map(|_| counted()).collect();
    gate.open();
    early.into_iter().chain(late).for_each(Lazy::into_inner);
    assert_eq!(INSIDE.most(), 1);
}

#[test]
fn limit_is_never_zero() {
    static LIMIT: Limit = Limit::new(1);
    let (before, refused, after) = (line!(), caught(|| LIMIT.set(0)), line!());
    refused.assert_told_between(before, after + 1);
    assert_eq!(refused.text(), "with a limit of 0 no call can run: set 1 or more");
    assert_eq!(format!("{LIMIT:?}"), "Limit { permits: 1, .. }");
}

#[test]
fn functions_of_other_crates_take_a_limit_at_the_call() {
    static SHARED: Limit = Limit::new(1);
    static INSIDE: AtOnce = AtOnce::new();

    fn foreign() {
        let _inside = INSIDE.enter();
        thread::yield_now();
    }

    let _watchdog = watchdog();
    let (one, other) = (background(foreign).limit(&SHARED), background(foreign).limit(&SHARED));
    let calls: Vec<_> = (0..100).flat_map(|_| [one(), other()]).collect();
    calls.into_iter().for_each(Lazy::into_inner);
    assert_eq!(INSIDE.most(), 1);
}

/// The number changes while bodies start, end, and join calls of their own limit.
#[test]
fn changes_lose_no_permit() {
    static CHANGES: Limit = Limit::new(1);

    #[background(limit = CHANGES)]
    fn nested(depth: u32) -> u32 {
        if depth == 0 { 1 } else { *nested(depth - 1) + 1 }
    }

    let _watchdog = watchdog();
    let done = Arc::new(());
    let setter = spawn({
        let done = Arc::downgrade(&done);
        move || {
            for permits in (1..=7).chain((1..7).rev()).cycle() {
                if done.strong_count() == 0 {
                    break;
                }
                CHANGES.set(permits);
                thread::yield_now();
            }
        }
    });
    for _ in 0..5 {
        let calls: Vec<_> = (0..50).map(|n| nested(n % 4)).collect();
        for (n, call) in calls.into_iter().enumerate() {
            assert_eq!(call, u32::try_from(n).unwrap() % 4 + 1);
        }
    }
    drop(done);
    Lazy::into_inner(setter);
    CHANGES.set(1);
    assert_eq!(nested(3), 4, "the permit is there");
}
