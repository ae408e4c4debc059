//! The span of a call, from the call to its outcome.

use std::any::Any;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing::field::Empty;
use tracing::{Span, debug, info_span, warn};

#[cfg(feature = "process")]
use super::outside;
use super::refusal;
use super::state::{SpanEnd, SpanState, Start, Stop};
use super::subscriber::{self, Inside, OwnSpan, notify_in};
#[cfg(feature = "remote")]
use super::top::OnTop;
use crate::call::Call;
use crate::error::{Error, Progress, Verdict, is_stop};
use crate::events::Place;
use crate::panic::text_of;
use crate::sync::lock_leaf;

/// The span of a call.
#[derive(Default)]
pub(crate) enum CallSpan {
    /// There is none, because no subscriber is interested.
    #[default]
    Disabled,
    /// There is none, nor for the calls that the body makes, because a subscriber made the call.
    Suppressed,
    Enabled(Box<Traced>),
}

pub(crate) struct Traced {
    call: Call,
    state: Mutex<SpanState<OwnSpan>>,
}

/// A body is on this thread until this is dropped.
pub(crate) struct EnteredSpan<'a> {
    inner: EnteredKind<'a>,
    #[cfg(feature = "remote")]
    _top: OnTop,
}

enum EnteredKind<'a> {
    Disabled,
    Suppressed { _inside: Option<Inside> },
    Enabled { traced: &'a Traced, span: Arc<OwnSpan> },
}

impl CallSpan {
    pub(crate) fn created(call: Call) -> Self {
        if subscriber::is_inside() {
            return Self::Suppressed;
        }
        refusal::report();
        let span = OwnSpan::create(|| {
            info_span!(
                target: "pybackground",
                "call",
                function = call.function(),
                location = %call.site(),
                held_us = Empty,
                queue_us = Empty,
                run_us = Empty,
                suspended_us = Empty,
                ran = Empty,
                worker = Empty,
                attempts = Empty,
                worker_queue_us = Empty,
                worker_run_us = Empty,
                traceparent = Empty,
                outcome = Empty,
            )
        });
        match span {
            Some(span) => {
                let state = Mutex::new(SpanState::new(span, Instant::now()));
                Self::Enabled(Box::new(Traced { call, state }))
            }
            None => Self::Disabled,
        }
    }

    fn traced(&self) -> Option<&Traced> {
        match self {
            Self::Enabled(traced) => Some(traced),
            Self::Disabled | Self::Suppressed => None,
        }
    }

    pub(crate) fn queued(&self) {
        if let Some(traced) = self.traced() {
            lock_leaf(&traced.state).queue(Instant::now());
        }
    }

    #[inline]
    pub(crate) fn started(&self, place: Place) -> EnteredSpan<'_> {
        self.enter(Some(place))
    }

    #[inline]
    pub(crate) fn resumed(&self) -> EnteredSpan<'_> {
        self.enter(None)
    }

    #[inline]
    fn enter(&self, starts: Option<Place>) -> EnteredSpan<'_> {
        refusal::report();
        let inner = match self {
            Self::Disabled => EnteredKind::Disabled,
            Self::Suppressed => EnteredKind::Suppressed { _inside: Inside::enter() },
            Self::Enabled(traced) => traced.enter(starts).unwrap_or(EnteredKind::Disabled),
        };
        EnteredSpan {
            #[cfg(feature = "remote")]
            _top: OnTop::put(inner.span()),
            inner,
        }
    }

    pub(crate) fn suspended(&self) {
        if let Some(traced) = self.traced() {
            lock_leaf(&traced.state).suspend(Instant::now());
        }
    }

    #[inline]
    pub(crate) fn ended(&self, error: Option<&Error>) {
        refusal::report();
        let Some(traced) = self.traced() else { return };
        #[cfg(feature = "process")]
        if let (Some(error), Some(span)) = (error, self.span()) {
            outside::report(traced.call, &span, error);
        }
        traced.end(error.map_or(Verdict::Ok, Verdict::of));
    }

    pub(crate) fn ended_inline(&self, payload: Option<&(dyn Any + Send)>) {
        if let Some(traced) = self.traced() {
            traced.end(Verdict::of_body(payload));
        }
    }

    pub(crate) fn stopped(&self, error: &Error, body: Progress) {
        if let Some(traced) = self.traced() {
            let runs_on = body == Progress::Running;
            lock_leaf(&traced.state).stop(Verdict::of(error), runs_on, Instant::now());
        }
    }

    #[inline]
    pub(crate) fn report_stop(&self) {
        refusal::report();
        if let Some(traced) = self.traced() {
            traced.report_stop();
        }
    }

    #[inline]
    pub(crate) fn ended_late(&self) {
        if let Some(traced) = self.traced() {
            traced.ended_late();
        }
    }

    /// The span, unless it is closed.
    pub(super) fn span(&self) -> Option<Arc<OwnSpan>> {
        lock_leaf(&self.traced()?.state).span()
    }
}

impl Traced {
    fn enter(&self, starts: Option<Place>) -> Option<EnteredKind<'_>> {
        let now = Instant::now();
        let span = match starts {
            None => lock_leaf(&self.state).resume(now)?,
            Some(place) => {
                let Start { span, held, queued } = lock_leaf(&self.state).start(now)?;
                notify_in(&span, || {
                    if let Some(held) = held {
                        span.record("held_us", micros(held));
                    }
                    span.record("queue_us", micros(queued)).record("ran", word(place));
                });
                span
            }
        };
        span.enter().then_some(EnteredKind::Enabled { traced: self, span })
    }

    fn end(&self, verdict: Verdict) {
        let end = lock_leaf(&self.state).end(Instant::now());
        if let Some(end) = end {
            end.report(Some(verdict));
        }
    }

    fn report_stop(&self) {
        let stop = lock_leaf(&self.state).take_stop();
        let Some((stop, end)) = stop else { return };
        let span = end.span.clone();
        end.report(Some(stop.verdict));
        if stop.runs_on {
            notify_in(&span, || self.report_overrun(&span, stop, None));
        }
    }

    fn ended_late(&self) {
        self.report_stop();
        let (stop, end) = {
            let mut state = lock_leaf(&self.state);
            (state.stopped(), state.end(Instant::now()))
        };
        let (Some(stop), Some(end)) = (stop, end) else { return };
        let late = stop.at.elapsed();
        notify_in(&end.span, || self.report_overrun(&end.span, stop, Some(late)));
        end.report(None);
    }

    /// Warns of a body that overruns its timeout. A body that was cancelled gets a debug event.
    fn report_overrun(&self, span: &Span, stop: Stop, late: Option<Duration>) {
        let function = self.call.function();
        match (stop.verdict, late) {
            (Verdict::Timeout, None) => warn!(
                target: "pybackground",
                parent: span,
                function,
                location = %self.call.site(),
                "the body runs on although its call has timed out"
            ),
            (Verdict::Timeout, Some(late)) => warn!(
                target: "pybackground",
                parent: span,
                function,
                location = %self.call.site(),
                late_us = micros(late),
                "the body has ended, after its call had timed out"
            ),
            (_, None) => debug!(
                target: "pybackground",
                parent: span,
                function,
                location = %self.call.site(),
                "the body runs on although its call was cancelled"
            ),
            (_, Some(late)) => debug!(
                target: "pybackground",
                parent: span,
                function,
                location = %self.call.site(),
                late_us = micros(late),
                "the body has ended, after its call was cancelled"
            ),
        }
    }
}

/// Reports what no thread has reported. A call that was never closed was dropped by the only holder of
/// its waker.
impl Drop for Traced {
    fn drop(&mut self) {
        self.report_stop();
        self.end(Verdict::Dropped);
    }
}

impl SpanEnd<OwnSpan> {
    fn report(self, verdict: Option<Verdict>) {
        notify_in(&self.span, || {
            if let Some(ran) = self.ran {
                self.span.record("run_us", micros(ran));
            }
            if let Some(suspended) = self.suspended {
                self.span.record("suspended_us", micros(suspended));
            }
            if let Some(verdict) = verdict {
                self.span.record("outcome", verdict.word());
            }
        });
    }
}

#[cfg(feature = "remote")]
impl EnteredKind<'_> {
    fn span(&self) -> Option<&Arc<OwnSpan>> {
        match self {
            Self::Enabled { span, .. } => Some(span),
            Self::Disabled | Self::Suppressed { .. } => None,
        }
    }
}

impl EnteredSpan<'_> {
    pub(crate) fn unwound(&self, payload: &(dyn Any + Send)) {
        let EnteredKind::Enabled { traced, span } = &self.inner else { return };
        if is_stop(payload) {
            return;
        }
        notify_in(span, || {
            tracing::error!(
                target: "pybackground",
                parent: &***span,
                function = traced.call.function(),
                location = %traced.call.site(),
                panic = text_of(payload),
                "the body panicked"
            );
        });
    }
}

impl Drop for EnteredKind<'_> {
    fn drop(&mut self) {
        if let Self::Enabled { traced, span } = self {
            lock_leaf(&traced.state).pause(Instant::now());
            span.exit(|| ());
        }
    }
}

fn word(place: Place) -> &'static str {
    match place {
        Place::Worker => "on a thread",
        Place::Joiner => "in place",
        Place::Caller => "inline",
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
