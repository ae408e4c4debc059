//! What is worth an event: panics, bodies that run past their end, rings of waits.

#[path = "../common/mod.rs"]
mod common;
mod recorder;

use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::gate::Gate;
use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::{Error, Lazy, background};
use tracing::Level;

#[test]
fn a_panic_is_told_with_its_message_and_call() {
    #[background]
    fn panics(page: u32) {
        panic!("page {page}");
    }

    let _watchdog = watchdog();
    recorder::install();
    caught(|| *panics(7));
    let event = recorder::events("::panics").remove(0);
    assert_eq!(event.level, Level::ERROR);
    assert_eq!(event.fields.get("panic"), Some("page 7"));
    assert!(event.fields.get("location").unwrap().starts_with(file!()));
    assert!(event.parent.unwrap().ends_with("::panics"), "it happened in the span of the call");
}

#[test]
fn a_body_that_runs_past_its_timeout_is_told_twice() {
    #[background(timeout = "1ms")]
    fn runs_on(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    // One that was late in getting a thread never ran on: its successor is tried.
    loop {
        let x = runs_on(gate.clone());
        if Lazy::wait(&x).unwrap_err().body_runs_on() {
            break;
        }
    }
    wait_until(|| recorder::events("::runs_on").len() == 1);
    let span = recorder::calls("::runs_on").pop().unwrap();
    assert_eq!(span.fields.get("outcome"), Some("timeout"));
    assert!(!span.closed, "the body is in it");
    gate.open();
    wait_until(|| recorder::calls("::runs_on").last().unwrap().closed);
    let [on, ended] = &recorder::events("::runs_on")[..] else { panic!("two events") };
    assert_eq!((on.level, ended.level), (Level::WARN, Level::WARN));
    assert!(on.fields.number("late_us").is_none() && ended.fields.number("late_us").is_some());
    let span = recorder::calls("::runs_on").pop().unwrap();
    assert!(span.fields.number("run_us").is_some());
    assert_eq!(span.fields.get("outcome"), Some("timeout"), "that is what it stays");
}

#[test]
fn a_timeout_that_nobody_waits_for_is_told_too() {
    #[background(timeout = "1ms")]
    fn unwatched(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    drop(unwatched(gate.clone()));
    wait_until(|| recorder::call("::unwatched").fields.get("outcome") == Some("timeout"));
}

#[test]
fn a_body_that_stops_when_it_is_cancelled_is_no_warning() {
    #[background]
    fn listens(gate: Gate) {
        gate.pass();
        pybackground::checkpoint();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let x = listens(gate.clone());
    gate.wait_for_arrivals(1);
    Lazy::cancel(&x);
    gate.open();
    wait_until(|| recorder::call("::listens").closed);
    let events = recorder::events("::listens");
    assert!(events.iter().all(|event| event.level == Level::DEBUG), "{events:?}");
    assert_eq!(events.len(), 2);
}

#[test]
fn a_ring_of_waits_is_told_whole() {
    #[background]
    fn in_a_ring(come: Receiver<Lazy<Result<(), Error>>>) -> Result<(), Error> {
        Lazy::join(come.recv().unwrap())?
    }

    let _watchdog = watchdog();
    recorder::install();
    let ((give_a, come_a), (give_b, come_b)) = (channel(), channel());
    let (a, b) = (in_a_ring(come_a), in_a_ring(come_b));
    give_b.send(a).unwrap();
    give_a.send(b).unwrap();
    wait_until(|| recorder::calls("::in_a_ring").iter().all(|span| span.closed));
    let event = recorder::events("::in_a_ring").remove(0);
    assert_eq!(event.level, Level::ERROR);
    assert_eq!(event.fields.get("ring").unwrap().matches(" waits for `").count(), 2, "{event:?}");
    assert!(event.parent.unwrap().ends_with("::in_a_ring"), "told in the body that waited");
    let waits = recorder::waits("::in_a_ring");
    let ended_in = |outcome| waits.iter().filter(|w| w.fields.get("outcome") == outcome).count();
    assert_eq!(ended_in(Some("deadlock")), 1);
}

#[test]
fn a_wait_that_is_given_up_in_time_is_told_so() {
    #[background]
    fn slow(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let x = slow(gate.clone());
    gate.wait_for_arrivals(1);
    assert!(Lazy::wait_timeout(&x, Duration::from_millis(1)).is_none());
    let wait = recorder::waits("::slow").remove(0);
    assert_eq!(wait.fields.get("outcome"), Some("time is over"));
    assert!(wait.parent.is_none(), "a thread from outside is in no span");
}
