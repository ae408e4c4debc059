//! A subscriber that makes background calls of its own, and waits for them, wherever it is told of one.

#[path = "../common/mod.rs"]
mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::watchdog;
use pybackground::{Lazy, background};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

static TOLD: AtomicUsize = AtomicUsize::new(0);
static SENT: AtomicUsize = AtomicUsize::new(0);

struct Calls;

/// As one would who sends what it hears over a network, by a call that makes calls.
fn send() {
    TOLD.fetch_add(1, Ordering::SeqCst);
    assert_eq!(*sends(3), 3);
    SENT.fetch_add(1, Ordering::SeqCst);
}

#[background]
fn sends(parts: usize) -> usize {
    if parts == 0 { 0 } else { 1 + Lazy::into_inner(sends(parts - 1)) }
}

impl<S: Subscriber> Layer<S> for Calls {
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        send();
    }

    fn on_record(&self, _: &Id, _: &Record<'_>, _: Context<'_, S>) {
        send();
    }

    fn on_follows_from(&self, _: &Id, _: &Id, _: Context<'_, S>) {
        send();
    }

    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        send();
    }

    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        send();
    }

    fn on_exit(&self, _: &Id, _: Context<'_, S>) {
        send();
    }

    fn on_close(&self, _: Id, _: Context<'_, S>) {
        send();
    }
}

#[background]
fn works(n: u32) -> u32 {
    if n == 0 { 0 } else { 1 + Lazy::into_inner(works(n - 1)) }
}

#[background]
async fn awaits() -> u32 {
    5
}

#[background(limit = 2)]
fn panics() {
    panic!("the body's own");
}

#[test]
fn it_is_told_of_the_calls_of_others_and_not_of_its_own() {
    let _watchdog = watchdog();
    std::panic::set_hook(Box::new(|_| {}));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Calls)).unwrap();
    assert_eq!(works(0), 0);
    // New, queue time and how it ran, enter, exit, run time, outcome, close. A wait, if it blocked, is
    // told besides.
    let told = TOLD.load(Ordering::SeqCst);
    assert!((8..=16).contains(&told), "{told}");

    let calls: Vec<Lazy<u32>> = (0..20).map(works).collect();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<u32>(), 190);
    assert_eq!(awaits(), 5);
    assert_eq!(Lazy::join(panics()).unwrap_err().message(), Some("the body's own"));
    assert_eq!(TOLD.load(Ordering::SeqCst), SENT.load(Ordering::SeqCst));
}
