//! A subscriber that panics in each of its methods.

#[path = "../common/mod.rs"]
mod common;

use std::time::Duration;

use common::watchdog;
use common::{gate::Gate, wait_until};
use pybackground::{Lazy, background, snapshot};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

struct Panics;

impl<S: Subscriber> Layer<S> for Panics {
    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let name = attributes.metadata().name();
        // Without its span, a call would notify the subscriber of nothing else.
        assert!(name == "call", "new {name}");
    }

    fn on_record(&self, _: &Id, _: &Record<'_>, _: Context<'_, S>) {
        panic!("record");
    }

    fn on_follows_from(&self, _: &Id, _: &Id, _: Context<'_, S>) {
        panic!("follows");
    }

    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        panic!("event");
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        panic!("enter");
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        panic!("exit");
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        panic!("close");
    }
}

#[background]
fn works(n: u32) -> u32 {
    if n == 0 { 0 } else { 1 + Lazy::into_inner(works(n - 1)) }
}

#[background]
fn panics() {
    panic!("the body's own");
}

#[background(timeout = "1ms")]
fn runs_on(gate: Gate) {
    gate.pass();
}

#[test]
fn calls_succeed_under_a_panicking_subscriber() {
    let _watchdog = watchdog();
    std::panic::set_hook(Box::new(|_| {}));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Panics)).unwrap();
    let calls: Vec<Lazy<u32>> = (0..20).map(works).collect();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<u32>(), 190);
    assert_eq!(Lazy::join(panics()).unwrap_err().message(), Some("the body's own"));

    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let late = runs_on(gate.clone());
    assert!(Lazy::wait(&late).unwrap_err().is_timeout());
    let again = works(3);
    assert!(Lazy::wait_timeout(&again, Duration::from_secs(60)).is_some());
    gate.open();
    wait_until(|| snapshot().overrunning.is_empty());
    assert_eq!(works(5), 5);
}
