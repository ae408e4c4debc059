//! The span of a call, from the call to its outcome.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tracing::dispatcher::with_default;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;
use tracing::{Span, debug, info_span, warn};

#[cfg(feature = "process")]
use super::elsewhere;
use super::hook::{self, Inside};
use super::state::{Begin, Closed, End, State, Verdict};
use super::{How, refusal};
use crate::call::Call;
use crate::error::{self, Error, Outcome, Progress, is_stop};
use crate::sync::lock_leaf;

/// What is told of a call.
#[derive(Default)]
pub(crate) enum Trace {
    /// Nothing, because nobody listens.
    #[default]
    Untold,
    /// Nothing, nor of the calls that its body makes, because a subscriber made it.
    Silent,
    /// All of it.
    Told(Box<Told>),
}

pub(crate) struct Told {
    call: Call,
    state: Mutex<State<Span>>,
}

/// A body is on this thread until this is dropped.
pub(crate) enum Run<'a> {
    Untold,
    Silent { _inside: Option<Inside> },
    Told(Entered<'a>),
}

pub(crate) struct Entered<'a> {
    told: &'a Told,
    span: Arc<Span>,
}

/// Whether no subscriber listens to anything.
#[inline]
fn nobody_listens() -> bool {
    LevelFilter::current() == LevelFilter::OFF
}

impl Trace {
    pub(crate) const UNTOLD: Self = Self::Untold;

    /// A call that is being made, on this thread and in the span that it is in.
    #[inline]
    pub(crate) fn of_call(call: impl FnOnce() -> Call) -> Self {
        if nobody_listens() { Self::Untold } else { Self::told(call()) }
    }

    fn told(call: Call) -> Self {
        if hook::is_inside() {
            return Self::Silent;
        }
        refusal::tell();
        let span = hook::tell(|| {
            info_span!(
                target: "pybackground",
                "call",
                function = call.function(),
                location = %call.site(),
                queue_us = Empty,
                run_us = Empty,
                ran = Empty,
                outcome = Empty,
            )
        });
        match span {
            Some(span) if !span.is_disabled() => {
                let state = Mutex::new(State::new(span, Instant::now()));
                Self::Told(Box::new(Told { call, state }))
            }
            _ => Self::Untold,
        }
    }

    /// Whether there is something to remember.
    #[inline]
    pub(crate) fn is_kept(&self) -> bool {
        !matches!(self, Self::Untold)
    }

    /// The body, or a step of it, begins on this thread.
    #[inline]
    pub(crate) fn run(&self, how: How) -> Run<'_> {
        refusal::tell();
        match self {
            Self::Untold => Run::Untold,
            Self::Silent => Run::Silent { _inside: Inside::enter() },
            Self::Told(told) => told.enter(how).map_or(Run::Untold, Run::Told),
        }
    }

    /// The call has ended with its body, or was never to begin.
    #[inline]
    pub(crate) fn ended<T>(&self, outcome: &Outcome<T>) {
        refusal::tell();
        if let Self::Told(told) = self {
            #[cfg(feature = "process")]
            if let (Err(error), Some(span)) = (outcome, self.span()) {
                elsewhere::tell(told.call, &span, error);
            }
            told.end(outcome.as_ref().map_or_else(Verdict::of, |_| Verdict::Ok));
        }
    }

    /// The call was closed before its body ended. This is only noted: the task is locked, and the thread
    /// may be the monitor.
    pub(crate) fn closed(&self, error: &Error, body: Progress) {
        if let Self::Told(told) = self {
            let (verdict, runs_on) = (Verdict::of(error), body == Progress::Running);
            lock_leaf(&told.state).close(verdict, runs_on, Instant::now());
        }
    }

    /// Tells that the call was closed, unless it was not or another thread told.
    #[inline]
    pub(crate) fn tell_closed(&self) {
        refusal::tell();
        if let Self::Told(told) = self {
            told.tell_closed();
        }
    }

    /// The body of a call that had been closed has left its thread.
    #[inline]
    pub(crate) fn stopped_at_last(&self) {
        if let Self::Told(told) = self {
            told.stopped_at_last();
        }
    }

    /// The span, unless it is closed.
    pub(super) fn span(&self) -> Option<Arc<Span>> {
        match self {
            Self::Told(told) => lock_leaf(&told.state).span(),
            Self::Untold | Self::Silent => None,
        }
    }
}

impl Told {
    fn enter(&self, how: How) -> Option<Entered<'_>> {
        let Begin { span, queued } = lock_leaf(&self.state).begin(Instant::now())?;
        hook::tell(|| {
            if let Some(queued) = queued {
                span.record("queue_us", micros(queued)).record("ran", how.word());
            }
            span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
        })?;
        Some(Entered { told: self, span })
    }

    fn end(&self, verdict: Verdict) {
        let end = lock_leaf(&self.state).end(Instant::now());
        if let Some(end) = end {
            end.tell(Some(verdict));
        }
    }

    fn tell_closed(&self) {
        let closed = lock_leaf(&self.state).take_closed();
        let Some((closed, end)) = closed else { return };
        let span = end.span.clone();
        end.tell(Some(closed.verdict));
        if closed.runs_on {
            tell_in(&span, || self.overran(&span, closed, None));
        }
        close(span);
    }

    fn stopped_at_last(&self) {
        self.tell_closed();
        let (closed, end) = {
            let mut state = lock_leaf(&self.state);
            (state.closed(), state.end(Instant::now()))
        };
        let (Some(closed), Some(end)) = (closed, end) else { return };
        let late = closed.at.elapsed();
        tell_in(&end.span, || self.overran(&end.span, closed, Some(late)));
        end.tell(None);
    }

    /// A body that does not end in time is worth a warning; one that was cancelled a moment ago is not.
    fn overran(&self, span: &Span, closed: Closed, late: Option<Duration>) {
        let function = self.call.function();
        match (closed.verdict, late) {
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

/// Tells the subscriber that knows `span`, which need not be the one of this thread.
pub(super) fn tell_in(span: &Span, event: impl FnOnce()) {
    hook::tell(|| span.with_subscriber(|(_, subscriber)| with_default(subscriber, event)));
}

/// What nobody told of is told at last. A call that was never closed was dropped by whoever would have
/// woken it.
impl Drop for Told {
    fn drop(&mut self) {
        self.tell_closed();
        self.end(Verdict::Dropped);
    }
}

impl End<Span> {
    fn tell(self, verdict: Option<Verdict>) {
        hook::tell(|| {
            if let Some(ran) = self.ran {
                self.span.record("run_us", micros(ran));
            }
            if let Some(verdict) = verdict {
                self.span.record("outcome", verdict.word());
            }
        });
        close(self.span);
    }
}

/// The last to drop a span closes it.
fn close(span: Arc<Span>) {
    hook::tell_in_any_case(|| drop(span));
}

impl Run<'_> {
    /// The body unwinds with `payload`.
    pub(crate) fn unwound(&self, payload: &(dyn Any + Send)) {
        let Self::Told(Entered { told, span, .. }) = self else { return };
        if is_stop(payload) {
            return;
        }
        tell_in(span, || {
            tracing::error!(
                target: "pybackground",
                parent: &**span,
                function = told.call.function(),
                location = %told.call.site(),
                panic = error::text_of(payload),
                "the body panicked"
            );
        });
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        lock_leaf(&self.told.state).pause(Instant::now());
        hook::tell_in_any_case(|| {
            self.span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
        });
    }
}

/// Runs the body of a call where the call is made.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the body is compiled where the call is")]
pub(crate) fn inline<T>(
    call: impl FnOnce() -> Call,
    body: impl FnOnce() -> T,
) -> std::thread::Result<T> {
    let body = AssertUnwindSafe(body);
    if nobody_listens() { catch_unwind(body) } else { told_inline(call(), body) }
}

#[inline(never)]
fn told_inline<T>(
    call: Call,
    body: AssertUnwindSafe<impl FnOnce() -> T>,
) -> std::thread::Result<T> {
    let trace = Trace::told(call);
    let run = trace.run(How::Inline);
    let result = catch_unwind(body);
    let verdict = match &result {
        Ok(_) => Verdict::Ok,
        Err(payload) if is_stop(&**payload) => Verdict::Cancelled,
        Err(payload) => {
            run.unwound(&**payload);
            Verdict::Panicked
        }
    };
    drop(run);
    if let Trace::Told(told) = &trace {
        told.end(verdict);
    }
    result
}

impl How {
    fn word(self) -> &'static str {
        match self {
            Self::Thread => "on a thread",
            Self::InPlace => "in place",
            Self::Inline => "inline",
        }
    }
}

pub(super) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
