//! Calls that wait for their inputs when the runtime is idle, ends, or runs one call after the other, each
//! test in a process of its own.

mod common;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use common::gate::Gate;
use common::{child, wait_until, watchdog};
use pybackground::{Lazy, background, shutdown, snapshot, spawn, wait_idle};

const AMPLE: Duration = Duration::from_secs(100);
const MANY: u64 = 100_000;

/// Runs the rest of the test in a child.
macro_rules! in_a_child {
    ($test:literal $(, $variable:literal = $value:literal)?) => {
        if !child::is_child() {
            let mut command = child::command($test);
            $(command.env($variable, $value);)?
            child::succeeds(&mut command);
            return;
        }
        let _watchdog = watchdog();
    };
}

fn chain(first: Lazy<u64>) -> Lazy<u64> {
    (0..MANY).fold(first, |call, _| Lazy::map(call, |n| n + 1))
}

/// Ends when it is woken for the second time.
#[background]
async fn woken(waker: Arc<Mutex<Option<Waker>>>) -> u64 {
    std::future::poll_fn(|context| match waker.lock().unwrap().replace(context.waker().clone()) {
        Some(_) => Poll::Ready(0),
        None => Poll::Pending,
    })
    .await
}

#[test]
fn it_is_not_idle_before_the_last_of_a_chain_has_run() {
    static RAN: AtomicU64 = AtomicU64::new(0);

    in_a_child!("it_is_not_idle_before_the_last_of_a_chain_has_run");
    for round in 1..=200 {
        let first = spawn(std::thread::yield_now);
        let last = (0..20).fold(first, |call, _| {
            Lazy::map(call, |()| {
                RAN.fetch_add(1, Ordering::SeqCst);
            })
        });
        drop(last);
        wait_idle(AMPLE).unwrap();
        assert_eq!(RAN.load(Ordering::SeqCst), 20 * round);
    }
}

#[test]
fn what_waits_for_its_inputs_is_named_when_the_time_is_over() {
    in_a_child!("what_waits_for_its_inputs_is_named_when_the_time_is_over");
    let gate = Gate::default();
    let passed = gate.clone();
    let mapped = Lazy::map(spawn(move || passed.pass()), |()| 1);
    gate.wait_for_arrivals(1);
    let unfinished = wait_idle(Duration::ZERO).unwrap_err();
    assert_eq!(unfinished.dependent[0].count, 1);
    assert!(unfinished.to_string().contains(", 1 waiting for arguments: "), "{unfinished}");
    gate.open();
    assert_eq!(mapped, 1);
}

#[test]
fn a_shutdown_lets_a_chain_run_to_its_end() {
    in_a_child!("a_shutdown_lets_a_chain_run_to_its_end");
    let last = chain(spawn(|| 0));
    shutdown(AMPLE).unwrap();
    assert_eq!(last, MANY);
}

/// The deadline passes on a thread that runs no body, and may queue no call of its own any more.
#[test]
fn a_shutdown_lets_a_call_hear_why_its_input_has_no_value() {
    in_a_child!("a_shutdown_lets_a_call_hear_why_its_input_has_no_value");
    let gate = Gate::default();
    let passed = gate.clone();
    let input = spawn(move || passed.pass());
    gate.wait_for_arrivals(1);
    let mapped = Lazy::map(Lazy::with_timeout(input, Duration::from_millis(100)), |()| 1);
    std::thread::scope(|scope| {
        let ending = scope.spawn(|| shutdown(AMPLE));
        wait_until(|| Lazy::join(spawn(|| ())).is_err());
        assert!(Lazy::join(mapped).unwrap_err().is_timeout());
        gate.open();
        ending.join().unwrap().unwrap();
    });
}

#[test]
fn a_shutdown_in_vain_refuses_a_long_chain() {
    in_a_child!("a_shutdown_in_vain_refuses_a_long_chain");
    let gate = Gate::default();
    let passed = gate.clone();
    let last = chain(spawn(move || {
        passed.pass();
        0
    }));
    gate.wait_for_arrivals(1);
    assert!(shutdown(Duration::ZERO).is_err());
    assert!(Lazy::join(last).unwrap_err().is_refused());
    let waits = spawn(|| 0);
    assert!(Lazy::join(Lazy::map(waits, |n| n + 1)).unwrap_err().is_refused());
    gate.open();
    wait_until(|| snapshot().dependent.is_empty());
}

#[test]
fn a_chain_runs_in_sequence() {
    in_a_child!("a_chain_runs_in_sequence", "PYBACKGROUND_MODE" = "sequential");
    let waker = Arc::new(Mutex::new(None));
    let last = chain(woken(waker.clone()));
    assert!(!Lazy::is_ready(&last));
    let wake = waker.lock().unwrap().clone().unwrap();
    wake.wake();
    assert!(Lazy::is_ready(&last), "it ran here");
    assert_eq!(last, MANY);
}

/// The one that waits is itself run by whoever wakes its input.
#[test]
fn a_body_in_a_chain_waits_for_a_chain_of_its_own_in_sequence() {
    fn wake(waker: &Mutex<Option<Waker>>) {
        let waker = waker.lock().unwrap().clone();
        waker.unwrap().wake();
    }

    in_a_child!(
        "a_body_in_a_chain_waits_for_a_chain_of_its_own_in_sequence",
        "PYBACKGROUND_MODE" = "sequential"
    );
    let waker = Arc::default();
    let outer = Lazy::map(woken(Arc::clone(&waker)), |_| {
        let waker = Arc::default();
        let inner = chain(woken(Arc::clone(&waker)));
        wake(&waker);
        Lazy::into_inner(inner)
    });
    wake(&waker);
    assert_eq!(outer, MANY);
}
