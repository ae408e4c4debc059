//! `#[background(run_timeout = ..)]`: a timeout that counts from the start of the body.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use common::gate::Gate;
use common::watchdog;
use pybackground::{Error, Lazy, Limit, Timeout, background, cancelled, snapshot, spawn};

const HOUR: Duration = Duration::from_secs(3600);

#[background(run_timeout = "1ms")]
fn pass(gate: Gate) {
    gate.pass();
}

fn error_of<T>(call: Lazy<T>) -> Error {
    match Lazy::join(call) {
        Ok(_) => panic!("the call has a value"),
        Err(error) => error,
    }
}

/// Waits until a call that is made now has timed out after a millisecond.
fn let_the_time_pass() {
    let (_never, received) = channel::<()>();
    let call = spawn(move || received.recv());
    assert!(Lazy::with_timeout(call, Duration::from_millis(1)) == Timeout);
}

#[test]
fn time_before_the_start_does_not_count() {
    static ONE: Limit = Limit::new(1);
    static STARTED: AtomicBool = AtomicBool::new(false);

    #[background(limit = ONE)]
    fn hold(gate: Gate) {
        gate.pass();
    }

    #[background(limit = ONE, run_timeout = "1ms")]
    fn late() {
        STARTED.store(true, Ordering::SeqCst);
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let holds = hold(gate.clone());
    gate.wait_for_arrivals(1);
    let late = late();
    let_the_time_pass();
    gate.open();
    Lazy::into_inner(holds);
    let outcome = Lazy::join(late);
    assert!(STARTED.load(Ordering::SeqCst));
    if let Err(error) = outcome {
        assert!(error.to_string().contains("timed out 1ms after it started"), "{error}");
    }
}

#[test]
fn time_until_the_arguments_are_there_does_not_count() {
    static STARTED: AtomicBool = AtomicBool::new(false);

    #[background(run_timeout = "1ms")]
    fn follow(#[lazy] _first: u32) {
        STARTED.store(true, Ordering::SeqCst);
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let follow = follow(spawn({
        let gate = gate.clone();
        move || {
            gate.pass();
            1
        }
    }));
    let_the_time_pass();
    gate.open();
    let _ = Lazy::wait(&follow);
    assert!(STARTED.load(Ordering::SeqCst));
}

#[test]
fn call_ends_and_its_body_is_asked_to_stop() {
    #[background(run_timeout = "5ms")]
    fn spin(stopped: Sender<()>) {
        while !cancelled() {
            thread::yield_now();
        }
        stopped.send(()).unwrap();
    }

    let _watchdog = watchdog();
    let (send, stopped) = channel();
    let call = spin(send);
    assert!(call == Timeout);
    let error = error_of(call);
    assert!(error.is_timeout());
    assert_eq!(error.timeout_after(), Some(Duration::from_millis(5)));
    let text = error.to_string();
    assert!(text.contains("timed out 5ms after it started: its body still runs"), "{text}");
    stopped.recv().unwrap();
}

#[test]
fn permit_stays_until_the_body_ends() {
    #[background(limit = 1, run_timeout = "1ms")]
    fn held(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let (first, second) = (Gate::default(), Gate::default());
    let _opened = (first.opened_at_end(), second.opened_at_end());
    let call = held(first.clone());
    assert!(Lazy::wait(&call).unwrap_err().body_runs_on());
    let next = held(second.clone());
    assert!(snapshot().held.iter().any(|call| call.function.ends_with("held")));
    assert_eq!(second.arrivals(), 0);
    first.open();
    second.wait_for_arrivals(1);
    assert!(next == Timeout);
}

#[test]
fn suspended_time_of_an_async_body_counts() {
    #[background(run_timeout = "1s")] // ample time to be suspended first
    async fn pending() {
        std::future::pending::<()>().await;
    }

    let _watchdog = watchdog();
    let text = error_of(pending()).to_string();
    assert!(text.ends_with("after it started: its body was waiting and will not go on"), "{text}");
}

/// In place, nothing could leave the body at the deadline.
#[test]
fn body_never_runs_in_place() {
    #[background(compute, run_timeout = "1ms")]
    fn compute(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let calls = spawn({
        let gate = gate.clone();
        move || {
            let many: Vec<_> = (0..10).map(|_| compute(gate.clone())).collect();
            let joined = pass(gate);
            many.iter().all(|call| *call == Timeout) && joined == Timeout
        }
    });
    assert!(*calls);
}

#[test]
fn the_sooner_of_both_timeouts_holds() {
    #[background(timeout = "1ms", run_timeout = "1h")]
    fn brief_call(gate: Gate) {
        gate.pass();
    }

    #[background(timeout = HOUR, run_timeout = Duration::from_millis(1))]
    fn brief_run(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    assert!(error_of(brief_call(gate.clone())).to_string().contains("timed out after 1ms"));
    assert!(error_of(brief_run(gate.clone())).to_string().contains("1ms after it started"));
    let by_hand = background(|gate: Gate| gate.pass()).run_timeout("1ms");
    assert!(by_hand(gate) == Timeout);
}

#[test]
fn body_in_time_keeps_its_value() {
    let _watchdog = watchdog();
    let in_time = background(|n: u32| n).run_timeout(HOUR);
    let calls: Vec<_> = (0..1_000).map(&*in_time).collect();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<u32>(), 499_500);
    assert_eq!(background(|| 7).run_timeout(f64::MAX)(), 7, "never");
}

#[test]
fn error_of_a_timeout_says_that_the_body_did_not_start() {
    static ONE: Limit = Limit::new(1);
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let holds = background(|gate: Gate| gate.pass()).limit(&ONE)(gate.clone());
    gate.wait_for_arrivals(1);
    let unstarted = background(|| ()).limit(&ONE).timeout("1ms")();
    let text = error_of(unstarted).to_string();
    let expected = "timed out after 1ms, before it started, and will not run (`timeout` counts from the call, \
                    `run_timeout` from the start of the body)";
    assert!(text.ends_with(expected), "{text}");
    gate.open();
    Lazy::into_inner(holds);
}
