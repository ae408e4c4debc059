//! Threads with subscribers of their own that wait for calls: a wait follows from its call if one subscriber has
//! both, because the id of a span means nothing to another subscriber.

#[path = "../common/mod.rs"]
mod common;

use std::sync::{Arc, Mutex};

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, background};
use tracing::span::Id;
use tracing::{Dispatch, Subscriber, dispatcher};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

#[background]
fn passes(gate: Gate) -> u32 {
    gate.pass();
    1
}

/// Opens the gate when a thread waits, and notes what follows from which span.
#[derive(Clone, Default)]
struct Notes {
    gate: Arc<Mutex<Option<Gate>>>,
    followed: Arc<Mutex<Vec<Followed>>>,
}

/// The names of a span and of that from which it follows, if the subscriber has that.
type Followed = (&'static str, Option<&'static str>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Notes {
    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if context.span(id).is_some_and(|span| span.name() == "wait")
            && let Some(gate) = self.gate.lock().unwrap().take()
        {
            gate.open();
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        let name = |id| context.span(id).map(|span| span.name());
        self.followed.lock().unwrap().push((name(id).expect("its own span"), name(follows)));
    }
}

/// A subscriber: one of a thread, or the global one.
#[derive(Clone)]
struct Noting {
    notes: Notes,
    scoped: Option<Dispatch>,
}

impl Noting {
    fn scoped() -> Self {
        let notes = Notes::default();
        let subscriber = tracing_subscriber::registry().with(notes.clone());
        Self { notes, scoped: Some(Dispatch::new(subscriber)) }
    }

    fn global() -> Self {
        let notes = Notes::default();
        let subscriber = tracing_subscriber::registry().with(notes.clone());
        tracing::subscriber::set_global_default(subscriber).unwrap();
        Self { notes, scoped: None }
    }

    fn run<R>(&self, run: impl FnOnce() -> R) -> R {
        match &self.scoped {
            Some(dispatch) => dispatcher::with_default(dispatch, run),
            None => run(),
        }
    }
}

/// Makes a call under one subscriber and waits for it on another thread under another; returns what that notes.
fn follows(caller: &Noting, waiter: &Noting) -> Vec<Followed> {
    let gate = Gate::default();
    let call = caller.run(|| passes(gate.clone()));
    gate.wait_for_arrivals(1);
    *waiter.notes.gate.lock().unwrap() = Some(gate);
    let waiting = waiter.clone();
    let thread = std::thread::spawn(move || waiting.run(|| Lazy::into_inner(call)));
    assert_eq!(thread.join().unwrap(), 1);
    std::mem::take(&mut *waiter.notes.followed.lock().unwrap())
}

#[test]
fn wait_follows_from_a_call_of_its_own_subscriber_only() {
    let _watchdog = watchdog();
    let (one, other, global) = (Noting::scoped(), Noting::scoped(), Noting::global());
    for subscriber in [&one, &global] {
        assert_eq!(follows(subscriber, subscriber), [("wait", Some("call"))]);
    }
    for (caller, waiter) in [(&one, &other), (&one, &global), (&global, &other)] {
        assert_eq!(follows(caller, waiter), []);
    }
}
