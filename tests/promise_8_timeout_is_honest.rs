//! Promise 8: a timeout is honest. Whoever waits is told in time, a result that comes too late is
//! dropped, and a body that runs on is counted and named. (What the body itself is told is a matter
//! of cancellation.)

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::counters::{Drops, Token};
use common::gate::Gate;
use common::panics::caught;
use common::watchdog;
use pybackground::{Lazy, Snapshot, Timeout, background, snapshot, spawn};

const SHORT: Duration = Duration::from_millis(20);

#[background(timeout = "20ms")]
fn as_text(gate: Gate) -> u32 {
    gate.pass();
    1
}

#[background(timeout = 0.02)]
fn as_number(gate: Gate) -> u32 {
    gate.pass();
    1
}

#[background(timeout = SHORT)]
fn as_expression(gate: Gate) -> u32 {
    gate.pass();
    1
}

#[background(timeout = "20ms", compute)]
fn computing(gate: Gate) -> u32 {
    gate.pass();
    1
}

#[background(timeout = "20ms")]
async fn asynchronous(_gate: Gate) -> u32 {
    std::future::pending().await
}

#[test]
fn every_way_to_declare_a_timeout_times_out() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let body = gate.clone();
    let late = [
        as_text(gate.clone()),
        as_number(gate.clone()),
        as_expression(gate.clone()),
        computing(gate.clone()),
        asynchronous(gate.clone()),
        background(pass).timeout(0.02)(gate.clone()),
        background(pass).timeout("20ms")(gate.clone()),
        background(pass).timeout(SHORT)(gate.clone()),
        Lazy::with_timeout(spawn(move || pass(body)), SHORT),
    ];
    for call in late {
        assert!(call == Timeout);
        assert!(Timeout == call);
        assert_eq!(format!("{call}|{call:>9}|{call:?}"), "Timeout|  Timeout|Timeout");
        assert!(Lazy::is_ready(&call));
        assert!(Lazy::join(call).unwrap_err().is_timeout());
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the arguments of a call are its own")]
fn pass(gate: Gate) -> u32 {
    gate.pass();
    1
}

#[test]
fn a_call_that_ends_in_time_has_its_value() {
    let _watchdog = watchdog();
    for n in 0..1_000 {
        let x = background(|n: i32| n).timeout(3600.0)(n);
        assert!(x != Timeout);
        assert_eq!(Lazy::into_inner(x), n);
    }
}

#[test]
fn a_wait_inside_a_body_is_told_as_well() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    assert!(*spawn(move || as_text(gate) == Timeout));
}

#[test]
fn the_error_names_the_function_the_call_and_the_time() {
    #[background]
    fn slow_page(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let (x, called) = (slow_page(gate.clone()), line!());
    gate.wait_for_arrivals(1);
    let x = Lazy::with_timeout(x, SHORT);
    let error = Lazy::wait(&x).unwrap_err();
    assert!(error.is_timeout() && !error.is_panic() && !error.is_refused());
    assert_eq!(error.message(), None);
    assert!(error.function().ends_with("::slow_page"));
    assert_eq!((error.called_at().file(), error.called_at().line()), (file!(), called));
    let told = error.to_string();
    for part in ["slow_page", &format!("{}:{called}:", file!()), "20ms", "still runs"] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let before = line!();
    let panic = caught(|| *x);
    panic.assert_told_between(before, line!());
    assert!(panic.text().contains(&told), "{}", panic.text());
    assert!(panic.text().contains("Lazy::wait"), "what to do: {}", panic.text());
}

#[test]
fn a_result_that_comes_too_late_is_dropped_once() {
    let _watchdog = watchdog();
    let (gate, drops) = (Gate::default(), Drops::default());
    let _opened = gate.opened_at_end();
    let (body, token) = (gate.clone(), drops.token());
    let late = spawn(move || {
        body.pass();
        token
    });
    gate.wait_for_arrivals(1);
    let late: Lazy<Token> = Lazy::with_timeout(late, Duration::ZERO);
    assert!(late == Timeout);
    assert_eq!(drops.count(), 0);
    gate.open();
    drops.wait_for(1);
    assert!(late == Timeout, "it stays a timeout");
    drop(late);
    assert_eq!(drops.count(), 1);
}

/// It is too late although nobody has asked since the deadline.
#[test]
fn a_result_that_comes_before_anybody_looks_is_too_late() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let body = gate.clone();
    let late = spawn(move || pass(body));
    gate.wait_for_arrivals(1);
    let late = Lazy::with_timeout(late, Duration::ZERO);
    let site = Lazy::called_at(&late);
    let runs_on = || snapshot().overrunning.iter().any(|o| Some(o.called_at) == site);
    common::wait_until(runs_on);
    gate.open();
    common::wait_until(|| !runs_on());
    assert!(late == Timeout);
}

#[test]
fn a_panic_that_comes_too_late_harms_nobody() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let body = gate.clone();
    let late = spawn(move || {
        body.pass();
        panic!("too late");
    });
    gate.wait_for_arrivals(1);
    let late: Lazy<()> = Lazy::with_timeout(late, Duration::ZERO);
    assert!(late == Timeout);
    let site = Lazy::called_at(&late);
    gate.open();
    common::wait_until(|| !snapshot().overrunning.iter().any(|o| Some(o.called_at) == site));
    assert!(late == Timeout);
}

#[test]
fn a_body_that_has_not_started_never_does() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    #[background(limit = 1)]
    fn one_at_a_time(gate: Option<Gate>, _token: Token) {
        RUNS.fetch_add(1, Ordering::SeqCst);
        if let Some(gate) = gate {
            gate.pass();
        }
    }

    let _watchdog = watchdog();
    let (gate, drops) = (Gate::default(), Drops::default());
    let _opened = gate.opened_at_end();
    let first = one_at_a_time(Some(gate.clone()), drops.token());
    gate.wait_for_arrivals(1);
    let second = Lazy::with_timeout(one_at_a_time(None, drops.token()), SHORT);
    let error = Lazy::wait(&second).unwrap_err();
    assert!(
        error.is_timeout() && error.to_string().contains("before it started, and will not run"),
        "{error}"
    );
    drops.wait_for(1);
    gate.open();
    Lazy::into_inner(first);
    // It would be next.
    Lazy::into_inner(one_at_a_time(None, drops.token()));
    assert_eq!((RUNS.load(Ordering::SeqCst), drops.count()), (2, 3));
}

#[test]
fn a_body_that_runs_on_is_counted_and_named() {
    #[background]
    fn runs_on(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let before = snapshot().overruns;
    let calls: Vec<Lazy<()>> = (0..3).map(|_| runs_on(gate.clone())).collect();
    let called = Lazy::called_at(&calls[0]).unwrap();
    gate.wait_for_arrivals(3);
    let calls = calls.into_iter().map(|call| Lazy::with_timeout(call, SHORT));
    let calls: Vec<Lazy<()>> = calls.collect();
    assert!(calls.iter().all(|call| *call == Timeout));
    let report = snapshot();
    let of_this_call = |report: &Snapshot| {
        let found = report.overrunning.iter().find(|o| o.called_at == called);
        found.map(|overrun| (overrun.function, overrun.count))
    };
    let (function, bodies) = of_this_call(&report).expect("the bodies run on");
    assert!(function.ends_with("::runs_on"), "{function}");
    assert_eq!(bodies, 3);
    assert!(report.overruns >= before + 3);
    let told = report.to_string();
    assert!(told.contains("runs_on") && told.contains(&called.to_string()), "{told}");
    gate.open();
    common::wait_until(|| of_this_call(&snapshot()).is_none());
    assert!(snapshot().overruns >= before + 3, "what was is still counted");
}
