//! A subscriber that records spans and events, for a whole test process.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// A recorded span.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    pub(crate) name: &'static str,
    pub(crate) target: &'static str,
    pub(crate) fields: Fields,
    /// The function of the parent span, or its name if it is no call.
    pub(crate) parent: Option<String>,
    /// The functions of the spans that it follows from.
    pub(crate) follows: Vec<String>,
    /// The thread of each time it was entered, and when, on a clock that counts enters and exits.
    pub(crate) entered: Vec<(String, usize)>,
    pub(crate) exited: Vec<usize>,
    pub(crate) closed: bool,
}

/// An event.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) level: Level,
    pub(crate) fields: Fields,
    /// As in `Recorded`.
    pub(crate) parent: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(BTreeMap<&'static str, String>);

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.get(name).map(|number| number.parse().expect("a number"))
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

#[derive(Default)]
struct Log {
    spans: Vec<Recorded>,
    /// The indices of the spans that are not closed.
    open: HashMap<Id, usize>,
    events: Vec<Said>,
    clock: usize,
}

impl Log {
    fn span(&mut self, id: &Id) -> &mut Recorded {
        let at = self.open[id];
        &mut self.spans[at]
    }

    fn title(&self, id: &Id) -> String {
        let span = &self.spans[self.open[id]];
        span.fields.get("function").unwrap_or(span.name).to_owned()
    }

    fn tick(&mut self) -> usize {
        self.clock += 1;
        self.clock
    }
}

static LOG: OnceLock<Mutex<Log>> = OnceLock::new();

fn log() -> MutexGuard<'static, Log> {
    LOG.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Recorder;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recorder {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let parent = context.span(id).and_then(|span| span.parent()).map(|parent| parent.id());
        let mut log = log();
        let parent = parent.map(|parent| log.title(&parent));
        let metadata = attributes.metadata();
        let at = log.spans.len();
        log.spans.push(Recorded {
            name: metadata.name(),
            target: metadata.target(),
            fields,
            parent,
            follows: Vec::new(),
            entered: Vec::new(),
            exited: Vec::new(),
            closed: false,
        });
        log.open.insert(id.clone(), at);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        values.record(&mut log().span(id).fields);
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _: Context<'_, S>) {
        let mut log = log();
        let title = log.title(follows);
        log.span(id).follows.push(title);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let parent = context.event_span(event).map(|span| span.id());
        let mut log = log();
        let parent = parent.map(|parent| log.title(&parent));
        log.events.push(Said { level: *event.metadata().level(), fields, parent });
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        let thread = thread::current().name().unwrap_or_default().to_owned();
        let mut log = log();
        let now = log.tick();
        log.span(id).entered.push((thread, now));
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        let mut log = log();
        let now = log.tick();
        log.span(id).exited.push(now);
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        let mut log = log();
        log.span(&id).closed = true;
        log.open.remove(&id);
    }
}

/// A subscriber that records.
pub(crate) fn subscriber() -> impl Subscriber + Send + Sync {
    tracing_subscriber::registry().with(Recorder)
}

/// Makes the recorder the global subscriber.
pub(crate) fn install() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        tracing::subscriber::set_global_default(subscriber()).expect("no other subscriber is set");
    });
}

/// The spans of calls of the function whose path ends with `function`, in the order of creation.
pub(crate) fn calls(function: &str) -> Vec<Recorded> {
    spans("call", function)
}

/// The only span of a call of that function.
#[track_caller]
pub(crate) fn call(function: &str) -> Recorded {
    let mut calls = calls(function);
    assert_eq!(calls.len(), 1, "calls of `{function}`: {calls:#?}");
    calls.remove(0)
}

/// The spans of waits for calls of that function.
pub(crate) fn waits(function: &str) -> Vec<Recorded> {
    spans("wait", function)
}

/// The spans of that name.
pub(crate) fn named(name: &str) -> Vec<Recorded> {
    log().spans.iter().filter(|span| span.name == name).cloned().collect()
}

fn spans(name: &str, function: &str) -> Vec<Recorded> {
    let log = log();
    let is = |span: &&Recorded| {
        span.name == name && span.fields.get("function").is_some_and(|f| f.ends_with(function))
    };
    log.spans.iter().filter(is).cloned().collect()
}

/// The events of the library that name that function.
pub(crate) fn events(function: &str) -> Vec<Said> {
    let log = log();
    let is = |event: &&Said| event.fields.get("function").is_some_and(|f| f.ends_with(function));
    log.events.iter().filter(is).cloned().collect()
}

/// The events with that message.
pub(crate) fn said(message: &str) -> Vec<Said> {
    let log = log();
    let is = |event: &&Said| event.fields.get("message") == Some(message);
    log.events.iter().filter(is).cloned().collect()
}
