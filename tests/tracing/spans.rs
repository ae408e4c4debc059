//! Each call is a span: its parent, its fields, and when it closes.

#[path = "../common/mod.rs"]
mod common;
mod recorder;

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use common::gate::Gate;
use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::{Lazy, background, checkpoint, snapshot};
use tracing::{info, info_span};

#[test]
fn span_of_a_call_records_its_outcome() {
    #[background]
    fn works() -> u32 {
        7
    }

    let _watchdog = watchdog();
    recorder::install();
    let (x, line) = (works(), line!());
    assert_eq!(Lazy::join(x).unwrap(), 7);
    // The span is closed before the value can be taken.
    let span = recorder::call("::works");
    assert_eq!(span.target, "pybackground");
    let location = span.fields.get("location").unwrap();
    assert!(location.starts_with(&format!("{}:{line}:", file!())), "{location}");
    assert_eq!(span.fields.get("outcome"), Some("ok"));
    assert_eq!(span.fields.get("ran"), Some("on a thread"));
    assert!(span.fields.number("queue_us").is_some() && span.fields.number("run_us").is_some());
    assert!(span.closed && span.parent.is_none());
    assert_eq!(span.entered.len(), 1);
    assert!(span.entered[0].0.starts_with("background-"), "{span:?}");
}

#[test]
fn call_is_a_child_of_the_span_it_is_made_in() {
    #[background]
    fn parent(gate: Gate) -> u32 {
        info!("in the body");
        // The child has ended before it is joined, on another thread.
        let child = child(gate.clone());
        gate.wait_for_arrivals(1);
        gate.open();
        Lazy::into_inner(child)
    }
    #[background]
    fn child(gate: Gate) -> u32 {
        gate.pass();
        1
    }

    let _watchdog = watchdog();
    recorder::install();
    let x = info_span!("request").in_scope(|| parent(Gate::default()));
    assert_eq!(*x, 1);
    let (parent, child) = (recorder::call("::parent"), recorder::call("::child"));
    assert_eq!(parent.parent.as_deref(), Some("request"));
    assert!(child.parent.unwrap().ends_with("::parent"));
    assert_ne!(parent.entered[0].0, child.entered[0].0, "two threads");
    assert!(recorder::said("in the body")[0].parent.as_ref().unwrap().ends_with("::parent"));
}

#[test]
fn dropped_call_records_its_outcome() {
    #[background]
    fn unwatched() {}

    let _watchdog = watchdog();
    recorder::install();
    drop(unwatched());
    wait_until(|| recorder::calls("::unwatched").iter().any(|span| span.closed));
    assert_eq!(recorder::call("::unwatched").fields.get("outcome"), Some("ok"));
}

#[test]
fn panic_is_an_outcome() {
    #[background]
    fn panics() -> u32 {
        panic!("boom")
    }

    let _watchdog = watchdog();
    recorder::install();
    assert_eq!(caught(|| *panics()).text(), "boom");
    let span = recorder::call("::panics");
    assert_eq!(span.fields.get("outcome"), Some("panicked"));
    assert!(span.closed && span.exited.len() == 1);
}

#[test]
fn call_that_times_out_before_it_starts_was_on_no_thread() {
    #[background(limit = 1)]
    fn one_at_a_time(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let first = one_at_a_time(gate.clone());
    gate.wait_for_arrivals(1);
    let second = Lazy::with_timeout(one_at_a_time(gate.clone()), Duration::from_millis(1));
    assert!(Lazy::join(second).unwrap_err().is_timeout());
    wait_until(|| recorder::calls("::one_at_a_time")[1].closed);
    let late = recorder::calls("::one_at_a_time").remove(1);
    assert_eq!(late.fields.get("outcome"), Some("timeout"));
    assert!(late.entered.is_empty() && late.fields.get("ran").is_none(), "{late:?}");
    gate.open();
    Lazy::into_inner(first);
}

#[test]
fn span_of_a_cancelled_call_closes_when_no_body_runs() {
    #[background(limit = 1)]
    fn cancelled_one(gate: Gate) {
        gate.pass();
        checkpoint();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let running = cancelled_one(gate.clone());
    gate.wait_for_arrivals(1);
    let waiting = cancelled_one(gate.clone());
    Lazy::cancel(&waiting);
    Lazy::cancel(&running);
    let spans = recorder::calls("::cancelled_one");
    assert!(spans.iter().all(|span| span.fields.get("outcome") == Some("cancelled")), "{spans:?}");
    assert!(spans[1].closed && !spans[0].closed, "{spans:?}");
    gate.open();
    wait_until(|| recorder::calls("::cancelled_one")[0].closed);
}

#[test]
fn call_made_by_a_cancelled_body_is_recorded_as_cancelled() {
    #[background]
    fn stops(gate: Gate) {
        gate.pass();
        let _ = Lazy::wait(&never_starts());
    }
    #[background]
    fn never_starts() {}

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let x = stops(gate.clone());
    gate.wait_for_arrivals(1);
    Lazy::cancel(&x);
    gate.open();
    wait_until(|| recorder::calls("::never_starts").iter().any(|span| span.closed));
    let span = recorder::call("::never_starts");
    assert_eq!(span.fields.get("outcome"), Some("cancelled"));
    assert!(span.parent.unwrap().ends_with("::stops"));
}

#[test]
fn span_of_a_limited_call_records_how_long_it_was_held_back() {
    #[background(limit = 1)]
    fn in_turn(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let (first, second) = (in_turn(gate.clone()), in_turn(gate.clone()));
    gate.wait_for_arrivals(1);
    gate.open();
    Lazy::into_inner(first);
    Lazy::into_inner(second);
    let spans = recorder::calls("::in_turn");
    assert!(spans[0].exited[0] < spans[1].entered[0].1, "{spans:?}");
    assert!(spans.iter().all(|span| span.fields.get("outcome") == Some("ok")));
    assert!(spans[1].fields.number("held_us").is_some(), "{spans:?}");
}

/// Is pending this many times, and wakes its task each time.
struct Pending(usize);

impl Future for Pending {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[test]
fn async_body_is_one_span_that_each_poll_enters() {
    #[background]
    async fn polled() -> u32 {
        Pending(3).await;
        info!("after the last poll");
        9
    }

    let _watchdog = watchdog();
    recorder::install();
    assert_eq!(polled(), 9);
    let span = recorder::call("::polled");
    assert_eq!((span.entered.len(), span.exited.len()), (4, 4));
    assert_eq!(span.fields.get("outcome"), Some("ok"));
    assert!(span.closed && span.fields.number("run_us").is_some());
    let said = recorder::said("after the last poll").remove(0);
    assert!(said.parent.unwrap().ends_with("::polled"));
}

#[test]
fn span_of_an_async_call_records_how_long_it_was_suspended() {
    #[background]
    async fn suspended(other: Lazy<()>) {
        other.await;
    }
    #[background]
    fn other(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let x = suspended(other(gate.clone()));
    wait_until(|| snapshot().suspended == 1);
    gate.open();
    Lazy::into_inner(x);
    let span = recorder::call("::suspended");
    assert!(span.fields.number("suspended_us").is_some(), "{span:?}");
    assert_eq!((span.entered.len(), span.fields.get("held_us")), (2, None));
}

#[test]
fn span_of_a_wait_names_the_awaited_call() {
    #[background]
    fn waits_for(other: Lazy<()>) {
        Lazy::into_inner(other);
    }
    #[background]
    fn awaited(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    recorder::install();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let other = awaited(gate.clone());
    gate.wait_for_arrivals(1);
    let x = waits_for(other);
    wait_until(|| !recorder::waits("::awaited").is_empty());
    gate.open();
    Lazy::into_inner(x);
    let wait = recorder::waits("::awaited").remove(0);
    assert!(wait.parent.unwrap().ends_with("::waits_for"));
    assert!(wait.follows[0].ends_with("::awaited"));
    assert!(wait.fields.get("at").unwrap().starts_with(file!()));
    assert!(wait.fields.number("wait_us").is_some() && wait.closed);
    assert_eq!(wait.fields.get("outcome"), Some("ended"));
}
