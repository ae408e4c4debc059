//! Events of calls: panics, bodies that overrun their timeout, cycles of waits.

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
fn panic_is_an_event_with_message_and_call() {
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
    assert!(event.parent.unwrap().ends_with("::panics"), "the event is in the span of the call");
}

#[test]
fn body_that_overruns_its_timeout_is_reported_twice() {
    #[background(timeout = "1ms")]
    fn runs_on(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    // A call that timed out before it started does not run on. Try another one.
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
    assert_eq!(span.fields.get("outcome"), Some("timeout"), "the outcome stays");
}

#[test]
fn timeout_of_a_dropped_call_is_recorded() {
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
fn body_that_stops_after_a_cancellation_is_no_warning() {
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
fn cycle_of_waits_is_one_event_with_every_wait() {
    #[background]
    fn in_a_cycle(come: Receiver<Lazy<Result<(), Error>>>) -> Result<(), Error> {
        Lazy::join(come.recv().unwrap())?
    }

    let _watchdog = watchdog();
    recorder::install();
    let ((give_a, come_a), (give_b, come_b)) = (channel(), channel());
    let (a, b) = (in_a_cycle(come_a), in_a_cycle(come_b));
    give_b.send(a).unwrap();
    give_a.send(b).unwrap();
    wait_until(|| recorder::calls("::in_a_cycle").iter().all(|span| span.closed));
    let event = recorder::events("::in_a_cycle").remove(0);
    assert_eq!(event.level, Level::ERROR);
    assert_eq!(event.fields.get("cycle").unwrap().matches(" waits for `").count(), 2, "{event:?}");
    assert!(event.parent.unwrap().ends_with("::in_a_cycle"), "reported in the body that waited");
    let waits = recorder::waits("::in_a_cycle");
    let ended_in = |outcome| waits.iter().filter(|w| w.fields.get("outcome") == outcome).count();
    assert_eq!(ended_in(Some("deadlock")), 1);
}

#[test]
fn wait_with_a_time_limit_records_that_it_ran_out() {
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
    assert!(wait.parent.is_none(), "this thread is in no span");
}
