//! What the spans of calls and waits tell, as they tell it.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, SpanRef};

use crate::run::{Call, Run, Step, Thread, Wait};

/// A layer that records the calls; a clone of it is the same recording.
#[derive(Clone)]
pub struct Timeline(Arc<Recording>);

struct Recording {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    run: Run,
    threads: HashMap<ThreadId, usize>,
}

/// What a span is in the recording, kept with the span.
#[derive(Clone, Copy)]
enum Place {
    Call(usize),
    Wait(usize),
}

impl Default for Timeline {
    fn default() -> Self {
        Self::new()
    }
}

impl Timeline {
    /// A recording that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Recording { start: Instant::now(), state: Mutex::default() }))
    }

    /// What was recorded so far.
    #[must_use]
    pub fn run(&self) -> Run {
        let mut run = self.state().run.clone();
        run.sort_threads();
        run
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        u64::try_from(self.0.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl State {
    fn this_thread(&mut self) -> usize {
        let thread = thread::current();
        *self.threads.entry(thread.id()).or_insert_with(|| {
            let name = thread.name().unwrap_or("a thread without a name").to_owned();
            let is_background = name.starts_with("background-");
            self.run.threads.push(Thread { name, is_background });
            self.run.threads.len() - 1
        })
    }
}

impl Run {
    /// Threads from outside first, the others by their numbers.
    fn sort_threads(&mut self) {
        let number = |thread: &Thread| {
            let number = thread.name.rsplit('-').next().and_then(|number| number.parse().ok());
            (thread.is_background, number.unwrap_or(0_usize))
        };
        let mut order: Vec<usize> = (0..self.threads.len()).collect();
        order.sort_by_key(|at| number(&self.threads[*at]));
        let mut places = vec![0; order.len()];
        for (place, at) in order.iter().enumerate() {
            places[*at] = place;
        }
        self.threads = order.iter().map(|at| self.threads[*at].clone()).collect();
        for call in &mut self.calls {
            call.caller = places[call.caller];
            for step in &mut call.steps {
                step.thread = places[step.thread];
            }
        }
        for wait in &mut self.waits {
            wait.thread = places[wait.thread];
        }
    }
}

fn is_ours(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "pybackground"
}

fn place<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<Place> {
    span.extensions().get::<Place>().copied()
}

/// The call that a span is, or is in.
fn call_around<'a, S: LookupSpan<'a>>(span: &SpanRef<'a, S>) -> Option<usize> {
    span.scope().find_map(|span| match place(&span)? {
        Place::Call(call) => Some(call),
        Place::Wait(_) => None,
    })
}

impl<S> Layer<S> for Timeline
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id).filter(|span| is_ours(span.metadata())) else { return };
        let around = span.parent().and_then(|parent| call_around(&parent));
        let now = self.now();
        let mut state = self.state();
        let thread = state.this_thread();
        let place = if span.name() == "wait" {
            let mut wait = Wait { thread, by: around, begin: now, ..Wait::default() };
            attributes.record(&mut OfWait(&mut wait));
            state.run.waits.push(wait);
            Place::Wait(state.run.waits.len() - 1)
        } else {
            let mut call = Call { caller: thread, parent: around, called: now, ..Call::default() };
            attributes.record(&mut OfCall(&mut call));
            state.run.calls.push(call);
            Place::Call(state.run.calls.len() - 1)
        };
        drop(state);
        span.extensions_mut().insert(place);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let now = self.now();
        let mut state = self.state();
        match context.span(id).and_then(|span| place(&span)) {
            Some(Place::Call(call)) => {
                let call = &mut state.run.calls[call];
                values.record(&mut OfCall(call));
                if !call.outcome.is_empty() {
                    call.ended.get_or_insert(now);
                }
            }
            Some(Place::Wait(wait)) => values.record(&mut OfWait(&mut state.run.waits[wait])),
            None => {}
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, context: Context<'_, S>) {
        let place_of = |id| context.span(id).and_then(|span| place(&span));
        if let (Some(Place::Wait(wait)), Some(Place::Call(call))) =
            (place_of(id), place_of(follows))
        {
            self.state().run.waits[wait].on = Some(call);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !is_ours(event.metadata()) {
            return;
        }
        let Some(call) = context.event_span(event).and_then(|span| call_around(&span)) else {
            return;
        };
        let mut note = Note::default();
        event.record(&mut note);
        self.state().run.calls[call].notes.push(note.0);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        if let Some(Place::Call(call)) = context.span(id).and_then(|span| place(&span)) {
            let now = self.now();
            let mut state = self.state();
            let thread = state.this_thread();
            state.run.calls[call].steps.push(Step { thread, begin: now, end: None });
        }
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        let now = self.now();
        let mut state = self.state();
        match context.span(id).and_then(|span| place(&span)) {
            Some(Place::Call(call)) => {
                if let Some(step) = state.run.calls[call].steps.last_mut() {
                    step.end = Some(now);
                }
            }
            Some(Place::Wait(wait)) => state.run.waits[wait].end = Some(now),
            None => {}
        }
    }
}

struct OfCall<'a>(&'a mut Call);

impl Visit for OfCall<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "function" => value.clone_into(&mut self.0.function),
            "location" => value.clone_into(&mut self.0.location),
            "outcome" => value.clone_into(&mut self.0.outcome),
            "ran" => value.clone_into(&mut self.0.ran),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

struct OfWait<'a>(&'a mut Wait);

impl Visit for OfWait<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "at" => value.clone_into(&mut self.0.location),
            "outcome" => value.clone_into(&mut self.0.outcome),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

/// The message of an event, with what makes it particular.
#[derive(Default)]
struct Note(String);

impl Visit for Note {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "panic" => self.0 = format!("{}: {value}", self.0),
            "message" => self.0 = format!("{value}{}", self.0),
            _ => {}
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}
