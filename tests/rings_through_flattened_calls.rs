//! Rings through calls that end as another one ends, made by `and_then` and `flatten`: such a call awaits the inner one, so it
//! gets the error, with every edge of the ring, and all calls end.

mod common;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use common::deadlocks::has_edges;
use common::{wait_until, watchdog};
use pybackground::sync::Mutex;
use pybackground::{Error, Lazy, Shared, Stack, background, snapshot, spawn};

type Given = Receiver<Shared<u32>>;
type Told = Sender<Error>;

/// Joins what it is given, and tells that it is about to.
#[background]
fn joins(given: Given, start: Sender<()>) -> u32 {
    let other = given.recv().unwrap();
    start.send(()).unwrap();
    Shared::wait(&other).map_or(0, |value| *value) + 1
}

#[background]
async fn awaits(given: Given, tell: Told) -> u32 {
    match Shared::outcome(given.recv().unwrap()).await {
        Ok(value) => *value + 1,
        Err(error) => {
            tell.send(error).unwrap();
            0
        }
    }
}

/// Whether a thread joins a call of a function in which this is part of the name.
fn is_joined(function: &str) -> bool {
    let report = snapshot();
    let mut waits = report.stacks.iter().filter_map(Stack::wait);
    waits.any(|wait| wait.function().is_some_and(|name| name.contains(function)))
}

/// The inner call joins the call that continues with it. It does so before it is returned, or later.
#[test]
fn flattened_call_that_its_inner_call_joins_is_a_deadlock() {
    let _watchdog = watchdog();
    for (comes_first, is_flatten) in [(false, false), (true, false), (false, true), (true, true)] {
        for _ in 0..20 {
            let ((give, given), (start, started)) = (channel(), channel());
            let ((make, is_made), (go, goes)) = (channel(), channel::<()>());
            let makes = move || {
                let inner = joins(given, start);
                make.send(()).unwrap();
                goes.recv().unwrap();
                inner
            };
            let outer = if is_flatten {
                Lazy::flatten(spawn(makes))
            } else {
                Lazy::and_then(spawn(|| ()), |()| makes())
            };
            let outer = Lazy::share(outer);
            is_made.recv().unwrap();
            if comes_first {
                give.send(outer.clone()).unwrap();
                started.recv().unwrap();
                wait_until(|| is_joined("its_inner_call_joins"));
                go.send(()).unwrap();
            } else {
                go.send(()).unwrap();
                give.send(outer.clone()).unwrap();
            }
            let edges = [" awaits `rings_through_flattened_calls::joins`", " waits for `rings_"];
            has_edges(Shared::wait(&outer).unwrap_err(), &edges);
        }
    }
}

/// The inner call awaits the call that continues with it: either of the two gets the error.
#[test]
fn flattened_call_that_its_inner_call_awaits_is_a_deadlock() {
    let _watchdog = watchdog();
    for _ in 0..50 {
        let ((give, given), (tell, told)) = (channel(), channel());
        let outer = Lazy::share(Lazy::and_then(spawn(|| ()), move |()| awaits(given, tell)));
        give.send(outer.clone()).unwrap();
        let edges = [" awaits `rings_", "::awaits` (called at "];
        match Shared::wait(&outer) {
            Ok(value) => {
                assert_eq!(*value, 0);
                has_edges(&told.recv().unwrap(), &edges);
            }
            Err(error) => has_edges(error, &edges),
        }
    }
}

/// Each continuation returns a call that maps the next of the flattened calls, the last one the first.
#[test]
fn flattened_calls_that_end_as_each_other_are_a_deadlock() {
    let _watchdog = watchdog();
    for length in [1, 2, 3, 10].repeat(10) {
        let (senders, givens): (Vec<_>, Vec<Given>) = (0..length).map(|_| channel()).unzip();
        let next = |given: Given| Shared::map(given.recv().unwrap(), |value| *value);
        let calls: Vec<Shared<u32>> = givens
            .into_iter()
            .map(|given| Lazy::share(Lazy::and_then(spawn(|| ()), move |()| next(given))))
            .collect();
        for (at, give) in senders.into_iter().enumerate() {
            give.send(calls[(at + 1) % length].clone()).unwrap();
        }
        for call in calls {
            let error = Shared::wait(&call).unwrap_err();
            assert!(error.is_deadlock(), "{error}");
            let text = error.to_string();
            assert_eq!(text.matches(" awaits `").count(), length, "{text}");
            assert_eq!(text.matches(" before it can begin").count(), length, "{text}");
        }
    }
}

/// A thread without a body joins, below a lock, a flattened call whose inner call waits for the lock.
#[test]
fn flattened_call_below_a_lock_that_its_inner_call_needs_is_a_deadlock() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let lock = Arc::new(Mutex::new(0));
        let (held, shared) = (lock.lock().unwrap(), lock.clone());
        let (go, goes) = channel::<()>();
        let inner = move || {
            goes.recv().unwrap();
            *shared.lock().unwrap() + 1
        };
        let outer = Lazy::and_then(spawn(|| ()), |()| spawn(inner));
        go.send(()).unwrap();
        let error = Lazy::wait(&outer).unwrap_err();
        let edges = [" waits for `rings_", " awaits `rings_", " for a lock that the thread `"];
        has_edges(error, &edges);
        drop(held);
    }
}

/// The same shapes without a ring.
#[test]
fn flattened_calls_without_a_ring_have_their_values() {
    let _watchdog = watchdog();
    for _ in 0..50 {
        let ((give, given), (start, _started)) = (channel(), channel());
        let outer = Lazy::share(Lazy::and_then(spawn(|| ()), move |()| joins(given, start)));
        let (give_next, next_given) = channel();
        let (tell, told) = channel();
        let next = Lazy::flatten(spawn(move || awaits(next_given, tell)));
        give_next.send(outer.clone()).unwrap();
        give.send(Lazy::share(spawn(|| 1))).unwrap();
        assert_eq!((*outer, *next), (2, 3));
        assert!(told.recv().is_err());
    }
}
