//! `Lazy::with_timeout` and `Lazy::wait_timeout`: every time that can be given, at every moment.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::counters::{Drops, Token};
use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, Timeout, background, spawn};

const HOUR: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

/// A call whose body waits for the gate.
fn held(gate: &Gate) -> Lazy<u32> {
    let gate = gate.clone();
    spawn(move || {
        gate.pass();
        7
    })
}

#[test]
fn no_time_at_all_is_over_at_once() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    assert!(Lazy::with_timeout(held(&gate), Duration::ZERO) == Timeout);
    assert!(background(|gate: Gate| gate.pass()).timeout(0.0)(gate) == Timeout);
}

#[test]
fn a_time_beyond_the_clock_is_never() {
    let _watchdog = watchdog();
    for forever in [Duration::MAX, Duration::from_secs(u64::MAX / 2), HOUR * 24 * 365 * 1000] {
        let gate = Gate::default();
        let x = Lazy::with_timeout(held(&gate), forever);
        assert!(Lazy::wait_timeout(&x, Duration::ZERO).is_none());
        gate.open();
        assert_eq!(x, 7);
        assert_eq!(background(|| 7).timeout(forever)(), 7);
    }
    assert_eq!(background(|| 7).timeout(f64::MAX)(), 7);
    assert_eq!(Lazy::wait_timeout(&spawn(|| 7), Duration::MAX).unwrap().unwrap(), &7);
}

#[test]
fn a_call_that_is_over_keeps_its_outcome() {
    let _watchdog = watchdog();
    let x = spawn(|| 7);
    Lazy::wait(&x).unwrap();
    assert_eq!(Lazy::with_timeout(x, Duration::ZERO), 7);
    assert_eq!(Lazy::with_timeout(Lazy::ready(7), Duration::ZERO), 7);
    let y = spawn(|| -> u32 { panic!("boom") });
    assert!(Lazy::wait(&y).is_err());
    assert!(Lazy::join(Lazy::with_timeout(y, Duration::ZERO)).unwrap_err().is_panic());
}

#[test]
fn the_sooner_of_two_deadlines_holds() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    for (first, second) in [(HOUR, SHORT), (SHORT, HOUR), (SHORT, Duration::MAX)] {
        let x = Lazy::with_timeout(Lazy::with_timeout(held(&gate), first), second);
        let told = Lazy::join(x).unwrap_err().to_string();
        assert!(told.contains("after 5ms"), "{told}");
    }
    let brief = background(|gate: Gate| gate.pass()).timeout(SHORT);
    assert!(Lazy::with_timeout(brief(gate.clone()), HOUR) == Timeout);
    let long = background(|gate: Gate| gate.pass()).timeout(HOUR);
    assert!(Lazy::with_timeout(long(gate.clone()), SHORT) == Timeout);
}

#[test]
fn ten_thousand_deadlines_at_once() {
    const CALLS: usize = 10_000;
    const SLOTS: usize = 4;

    #[background(timeout = "20ms", limit = 4)]
    fn held(gate: Gate, _token: Token) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let (gate, drops) = (Gate::default(), Drops::default());
    let _opened = gate.opened_at_end();
    let calls: Vec<Lazy<()>> = (0..CALLS).map(|_| held(gate.clone(), drops.token())).collect();
    assert!(calls.iter().all(|call| *call == Timeout));
    // Bodies that never started have let go of their arguments, those that run on have not.
    drops.wait_for(CALLS - SLOTS);
    assert!(gate.arrivals() <= SLOTS);
    gate.open();
    drops.wait_for(CALLS);
    assert_eq!(drops.count(), CALLS);
}

/// The deadline may come before, while and after the body runs, and the outcome is one of two.
#[test]
fn a_deadline_that_races_with_the_body_gives_one_outcome() {
    const CALLS: usize = 5_000;

    let _watchdog = watchdog();
    let (runs, drops) = (std::sync::Arc::new(AtomicUsize::new(0)), Drops::default());
    let mut values = 0;
    for call in 0..CALLS {
        let (counted, token) = (runs.clone(), drops.token());
        let x = spawn(move || {
            counted.fetch_add(1, Ordering::SeqCst);
            token
        });
        let x = Lazy::with_timeout(x, Duration::from_nanos(200 * (call % 100) as u64));
        match Lazy::join(x) {
            Ok(_) => values += 1,
            Err(error) => assert!(error.is_timeout(), "{error}"),
        }
    }
    drops.wait_for(CALLS);
    assert_eq!(drops.count(), CALLS);
    let runs = runs.load(Ordering::SeqCst);
    assert!((values..=CALLS).contains(&runs), "{values} values of {runs} runs");
}

#[test]
fn a_wait_that_is_over_leaves_the_call_as_it_was() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let mut x = held(&gate);
    for time in [Duration::ZERO, Duration::from_nanos(1), SHORT] {
        assert!(Lazy::wait_timeout(&x, time).is_none());
        assert!(!Lazy::is_ready(&x));
    }
    gate.open();
    assert_eq!(Lazy::wait_timeout(&x, HOUR).unwrap().unwrap(), &7);
    x += 1;
    assert_eq!(Lazy::wait_timeout(&x, Duration::ZERO).unwrap().unwrap(), &8);
}

#[test]
fn a_wait_inside_a_body_ends_as_well() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    assert!(*spawn(move || {
        let x = held(&gate);
        let pending = Lazy::wait_timeout(&x, SHORT).is_none();
        gate.open();
        pending && x == 7
    }));
}

#[test]
fn a_wait_tells_of_the_deadline_of_the_call_itself() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let x = Lazy::with_timeout(held(&gate), SHORT);
    assert!(Lazy::wait_timeout(&x, HOUR).unwrap().unwrap_err().is_timeout());
}

/// Nobody waits: the deadline comes all the same.
#[test]
fn a_call_that_nobody_waits_for_expires() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let x = Lazy::with_timeout(held(&gate), SHORT);
    common::wait_until(|| Lazy::is_ready(&x));
    assert!(Lazy::peek(&x).unwrap().unwrap_err().is_timeout());
}

#[background(timeout = "0s")]
fn has_no_time(runs: Arc<AtomicUsize>) {
    runs.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn a_body_whose_time_is_over_when_its_turn_comes_never_begins() {
    let _watchdog = watchdog();
    let runs = Arc::new(AtomicUsize::new(0));
    let calls: Vec<Lazy<()>> = (0..1000).map(|_| has_no_time(runs.clone())).collect();
    assert!(calls.iter().all(|call| *call == Timeout));
    assert_eq!(runs.load(Ordering::SeqCst), 0);
}
