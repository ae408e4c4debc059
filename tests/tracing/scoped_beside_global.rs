//! A subscriber that is the default of one thread, beside a global one.

#[path = "../common/mod.rs"]
mod common;
mod recorder;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::watchdog;
use pybackground::{Lazy, background};
use tracing::{Event, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

static PANICS: AtomicUsize = AtomicUsize::new(0);
static GLOBAL_EVENTS: AtomicUsize = AtomicUsize::new(0);

/// The global subscriber: counts the events of bodies that run on other threads.
struct Counter;

impl<S: Subscriber> Layer<S> for Counter {
    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        GLOBAL_EVENTS.fetch_add(1, Ordering::Relaxed);
    }
}

#[background]
fn works(n: u32) -> u32 {
    info!("works");
    if n == 0 { 0 } else { 1 + Lazy::into_inner(works(n - 1)) }
}

#[test]
fn each_subscriber_closes_its_own_spans_and_none_panics() {
    let _watchdog = watchdog();
    let default = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        default(info);
    }));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Counter)).unwrap();
    let scoped = tracing_subscriber::registry().with(recorder::Recorder);
    tracing::subscriber::with_default(scoped, || {
        for _ in 0..10 {
            info_span!("request", function = "::request").in_scope(|| assert_eq!(works(3), 3));
        }
    });
    let requests = recorder::named("request");
    assert_eq!(requests.len(), 10);
    assert!(requests.iter().all(|span| span.closed), "{requests:#?}");
    let calls = recorder::calls("::works");
    assert_eq!(calls.len(), 10, "only the calls made on this thread");
    assert!(calls.iter().all(|span| span.closed), "{calls:#?}");
    assert_eq!(GLOBAL_EVENTS.load(Ordering::Relaxed), 40, "bodies run under the global one");
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}
