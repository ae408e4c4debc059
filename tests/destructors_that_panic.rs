//! Arguments, results and panic payloads whose destructors panic: nobody but their owner hears of it,
//! and the threads go on.
//!
//! Each happens more often than there are threads: ones that did not survive would be missed.

mod common;

use std::any::Any;
use std::sync::{Mutex, MutexGuard, Once};
use std::time::Duration;

use common::counters::{Drops, Token};
use common::gate::Gate;
use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::{Lazy, Timeout, background, configure, snapshot, spawn};

const THREADS: usize = 4;
const ROUNDS: usize = 3 * THREADS;

/// Counted, then panics.
struct Bomb(#[expect(dead_code, reason = "its destructor counts")] Token);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("a destructor panics");
    }
}

/// Panics when it is dropped, with something that panics when it is dropped.
struct ChainOfBombs(Option<Bomb>);

impl Drop for ChainOfBombs {
    fn drop(&mut self) {
        std::panic::panic_any(self.0.take());
    }
}

fn bomb(drops: &Drops) -> Box<dyn Any + Send> {
    Box::new(Bomb(drops.token()))
}

fn chain(drops: &Drops) -> Box<dyn Any + Send> {
    Box::new(ChainOfBombs(Some(Bomb(drops.token()))))
}

/// The tests take turns, for each looks whether all threads are there.
fn turn() -> MutexGuard<'static, ()> {
    static CONFIGURED: Once = Once::new();
    static TURN: Mutex<()> = Mutex::new(());
    CONFIGURED.call_once(|| {
        configure().workers(2).max_threads(THREADS).install().unwrap();
        // Keeps the panics of the runtime's threads quiet from here on.
        caught(|| panic!("the first"));
    });
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// All threads take calls, and deadlines are kept; else the watchdog tells.
fn the_threads_go_on() {
    let gate = Gate::default();
    let bodies: Vec<Lazy<()>> = (0..THREADS)
        .map(|_| {
            let gate = gate.clone();
            spawn(move || gate.pass())
        })
        .collect();
    gate.wait_for_arrivals(THREADS);
    let queued = Lazy::with_timeout(spawn(|| ()), Duration::from_millis(1));
    common::wait_until(|| Lazy::is_ready(&queued));
    assert!(queued == Timeout);
    gate.open();
    bodies.into_iter().for_each(Lazy::into_inner);
}

type Kind = fn(&Drops) -> Box<dyn Any + Send>;

/// What can be left behind, of both kinds.
const KINDS: [Kind; 2] = [bomb, chain];

#[test]
fn a_result_that_nobody_waits_for() {
    let _watchdog = watchdog();
    let _turn = turn();
    for kind in KINDS {
        let drops = Drops::default();
        for round in 1..=ROUNDS {
            let (gate, made) = (Gate::default(), drops.clone());
            let body = gate.clone();
            let lazy = spawn(move || {
                body.pass();
                kind(&made)
            });
            gate.wait_for_arrivals(1);
            drop(lazy);
            gate.open();
            drops.wait_for(round);
        }
        the_threads_go_on();
        assert_eq!(drops.count(), ROUNDS);
    }
}

#[test]
fn a_panic_payload_that_nobody_waits_for() {
    let _watchdog = watchdog();
    let _turn = turn();
    for kind in KINDS {
        let drops = Drops::default();
        for round in 1..=ROUNDS {
            let (gate, made) = (Gate::default(), drops.clone());
            let body = gate.clone();
            let lazy: Lazy<()> = spawn(move || {
                body.pass();
                std::panic::resume_unwind(kind(&made))
            });
            gate.wait_for_arrivals(1);
            drop(lazy);
            gate.open();
            drops.wait_for(round);
        }
        the_threads_go_on();
        assert_eq!(drops.count(), ROUNDS);
    }
}

#[test]
fn a_result_that_comes_too_late() {
    let _watchdog = watchdog();
    let _turn = turn();
    for kind in KINDS {
        let drops = Drops::default();
        for round in 1..=ROUNDS {
            let (gate, made) = (Gate::default(), drops.clone());
            let body = gate.clone();
            let late = spawn(move || {
                body.pass();
                kind(&made)
            });
            gate.wait_for_arrivals(1);
            let late = Lazy::with_timeout(late, Duration::ZERO);
            assert!(late == Timeout);
            gate.open();
            drops.wait_for(round);
        }
        the_threads_go_on();
        assert_eq!(drops.count(), ROUNDS);
    }
}

/// The body panics when its call is over.
#[test]
fn a_panic_payload_that_comes_too_late() {
    let _watchdog = watchdog();
    let _turn = turn();
    for kind in KINDS {
        let drops = Drops::default();
        for round in 1..=ROUNDS {
            let (gate, made) = (Gate::default(), drops.clone());
            let body = gate.clone();
            let late: Lazy<()> = spawn(move || {
                body.pass();
                std::panic::resume_unwind(kind(&made))
            });
            gate.wait_for_arrivals(1);
            assert!(Lazy::cancel(&late));
            gate.open();
            drops.wait_for(round);
            assert!(Lazy::join(late).unwrap_err().is_cancelled());
        }
        the_threads_go_on();
        assert_eq!(drops.count(), ROUNDS);
    }
}

/// The payload of a call that a body made and ran itself is that body's, and panics with it.
#[test]
fn a_panic_payload_of_a_call_that_is_run_in_place() {
    let _watchdog = watchdog();
    let _turn = turn();
    let drops = Drops::default();
    for _ in 0..ROUNDS {
        let made = drops.clone();
        let outer = spawn(move || {
            let inner: Lazy<()> = spawn(move || std::panic::panic_any(Bomb(made.token())));
            drop(Lazy::join(inner));
        });
        assert_eq!(Lazy::join(outer).unwrap_err().message(), Some("a destructor panics"));
    }
    the_threads_go_on();
    assert_eq!(drops.count(), ROUNDS);
}

/// As of any other body.
#[test]
fn a_panic_payload_and_captures_of_an_async_body() {
    #[background]
    async fn panics(gate: Gate, payload: Box<dyn Any + Send>) {
        gate.pass();
        std::panic::resume_unwind(payload)
    }
    #[background]
    async fn never(_captured: Box<dyn Any + Send>) {
        std::future::pending::<()>().await;
    }

    let _watchdog = watchdog();
    let _turn = turn();
    for kind in KINDS {
        let drops = Drops::default();
        for round in 1..=ROUNDS {
            let gate = Gate::default();
            let lazy = panics(gate.clone(), kind(&drops));
            gate.wait_for_arrivals(1);
            drop(lazy);
            gate.open();
            drops.wait_for(2 * round - 1);
            assert!(Lazy::cancel(&never(kind(&drops))));
            drops.wait_for(2 * round);
        }
        the_threads_go_on();
        assert_eq!(drops.count(), 2 * ROUNDS);
    }
}

/// It goes with the last who knows of it, to whom its destructors are nothing.
#[test]
fn captures_of_an_async_body_that_nobody_can_wake() {
    #[background]
    async fn never(gate: Gate, _captured: Box<dyn Any + Send>) {
        gate.pass();
        std::future::pending::<()>().await;
    }

    let _watchdog = watchdog();
    let _turn = turn();
    for kind in KINDS {
        let drops = Drops::default();
        for round in 1..=ROUNDS {
            let gate = Gate::default();
            let lazy = never(gate.clone(), kind(&drops));
            gate.wait_for_arrivals(1);
            gate.open();
            wait_until(|| snapshot().suspended == 1);
            drop(lazy);
            drops.wait_for(round);
        }
        the_threads_go_on();
        assert_eq!(drops.count(), ROUNDS);
    }
}

/// The arguments of a call that never starts are dropped by whoever tells it that its time is over:
/// the runtime, or the one who waits.
#[test]
fn arguments_of_a_queued_call_that_times_out() {
    #[background(limit = 1)]
    fn one_at_a_time(gate: Option<Gate>, _argument: Option<Box<dyn Any + Send>>) {
        if let Some(gate) = gate {
            gate.pass();
        }
    }

    let _watchdog = watchdog();
    let _turn = turn();
    for kind in KINDS {
        let (gate, drops) = (Gate::default(), Drops::default());
        let holder = one_at_a_time(Some(gate.clone()), None);
        gate.wait_for_arrivals(1);
        for round in 1..=ROUNDS {
            let time = Duration::from_millis(round as u64 % 3);
            let queued = Lazy::with_timeout(one_at_a_time(None, Some(kind(&drops))), time);
            if round % 2 == 0 {
                assert!(queued == Timeout);
            }
            drops.wait_for(round);
            assert!(Lazy::join(queued).unwrap_err().is_timeout());
        }
        gate.open();
        Lazy::into_inner(holder);
        the_threads_go_on();
        assert_eq!(drops.count(), ROUNDS);
    }
}

/// An argument that panics when the body drops it is a panic of the body.
#[test]
fn an_argument_that_the_body_drops() {
    let _watchdog = watchdog();
    let _turn = turn();
    let drops = Drops::default();
    for _ in 0..ROUNDS {
        let argument = bomb(&drops);
        let error = Lazy::join(spawn(move || drop(argument))).unwrap_err();
        assert_eq!(error.message(), Some("a destructor panics"));
    }
    the_threads_go_on();
    assert_eq!(drops.count(), ROUNDS);
}

/// Who has the value, or the error, is its owner.
#[test]
fn what_the_caller_has_panics_with_the_caller() {
    let _watchdog = watchdog();
    let _turn = turn();
    let drops = Drops::default();
    for _ in 0..ROUNDS {
        let made = drops.clone();
        let value = spawn(move || Bomb(made.token()));
        assert!(Lazy::wait(&value).is_ok());
        assert_eq!(caught(move || drop(value)).text(), "a destructor panics");
        let made = drops.clone();
        let failed: Lazy<()> = spawn(move || std::panic::panic_any(Bomb(made.token())));
        let error = Lazy::join(failed).unwrap_err();
        assert_eq!(caught(move || drop(error)).text(), "a destructor panics");
    }
    the_threads_go_on();
    assert_eq!(drops.count(), 2 * ROUNDS);
}
