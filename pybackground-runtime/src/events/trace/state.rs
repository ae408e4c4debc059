//! What the span of a call has yet to report.
//!
//! The transitions are taken under a lock, so they run no code of a subscriber. Each returns what to
//! report once the lock is free.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Verdict;

/// `S` is the span. Its last holder closes it.
pub(super) struct SpanState<S> {
    span: Option<Arc<S>>,
    created: Instant,
    /// When a call that was held back was queued.
    queued: Option<Instant>,
    has_started: bool,
    /// How long the body was on threads before it last left one.
    ran: Duration,
    on_thread_since: Option<Instant>,
    /// How long the body was suspended before it last resumed.
    suspended: Option<Duration>,
    suspended_since: Option<Instant>,
    stop: Option<Stop>,
}

/// A call that was closed before its body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    pub(super) verdict: Verdict,
    /// The body was on a thread.
    pub(super) runs_on: bool,
    pub(super) at: Instant,
    is_reported: bool,
}

/// The span of a body that starts.
#[derive(Debug)]
pub(super) struct Start<S> {
    pub(super) span: Arc<S>,
    /// How long the call was held back, if it was.
    pub(super) held: Option<Duration>,
    /// How long the call was queued.
    pub(super) queued: Duration,
}

/// The span of a call that is over.
pub(super) struct SpanEnd<S> {
    pub(super) span: Arc<S>,
    /// How long the body was on threads, if it started.
    pub(super) ran: Option<Duration>,
    /// How long the body was suspended, if it was.
    pub(super) suspended: Option<Duration>,
}

impl<S> SpanState<S> {
    pub(super) fn new(span: S, now: Instant) -> Self {
        Self {
            span: Some(Arc::new(span)),
            created: now,
            queued: None,
            has_started: false,
            ran: Duration::ZERO,
            on_thread_since: None,
            suspended: None,
            suspended_since: None,
            stop: None,
        }
    }

    pub(super) fn queue(&mut self, now: Instant) {
        self.queued = Some(now);
    }

    pub(super) fn start(&mut self, now: Instant) -> Option<Start<S>> {
        let span = self.span.clone()?;
        self.has_started = true;
        self.on_thread_since = Some(now);
        let since = self.queued.unwrap_or(self.created);
        let held = self.queued.map(|queued| queued.saturating_duration_since(self.created));
        Some(Start { span, held, queued: now.saturating_duration_since(since) })
    }

    pub(super) fn resume(&mut self, now: Instant) -> Option<Arc<S>> {
        let span = self.span.clone()?;
        self.on_thread_since = Some(now);
        self.end_suspension(now);
        Some(span)
    }

    /// The body leaves its thread.
    pub(super) fn pause(&mut self, now: Instant) {
        if let Some(since) = self.on_thread_since.take() {
            self.ran += now.saturating_duration_since(since);
        }
    }

    pub(super) fn suspend(&mut self, now: Instant) {
        self.suspended_since = Some(now);
    }

    fn end_suspension(&mut self, now: Instant) {
        if let Some(since) = self.suspended_since.take() {
            *self.suspended.get_or_insert_default() += now.saturating_duration_since(since);
        }
    }

    /// Hands the span out, to be dropped. A body in another process, which is being killed, may be on
    /// its thread here for a moment longer.
    pub(super) fn end(&mut self, now: Instant) -> Option<SpanEnd<S>> {
        self.pause(now);
        self.end_suspension(now);
        let (ran, suspended) = (self.has_started.then_some(self.ran), self.suspended);
        self.span.take().map(|span| SpanEnd { span, ran, suspended })
    }

    pub(super) fn stop(&mut self, verdict: Verdict, runs_on: bool, now: Instant) {
        self.stop = Some(Stop { verdict, runs_on, at: now, is_reported: false });
    }

    /// The stop, unless it was reported before. The span stays open while the body runs on.
    pub(super) fn take_stop(&mut self) -> Option<(Stop, SpanEnd<S>)> {
        let stop = self.stop.as_mut().filter(|stop| !stop.is_reported)?;
        stop.is_reported = true;
        let stop = *stop;
        if !stop.runs_on {
            return Some((stop, self.end(stop.at)?));
        }
        Some((stop, SpanEnd { span: self.span.clone()?, ran: None, suspended: None }))
    }

    pub(super) fn stopped(&self) -> Option<Stop> {
        self.stop
    }

    pub(super) fn span(&self) -> Option<Arc<S>> {
        self.span.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn times_on_threads_and_of_suspensions_are_added_up() {
        let created = Instant::now();
        let mut state = SpanState::new("span", created);
        assert_eq!(state.start(created + SECOND).unwrap().queued, SECOND);
        state.pause(created + 2 * SECOND);
        state.suspend(created + 2 * SECOND);
        assert!(state.resume(created + 5 * SECOND).is_some());
        state.pause(created + 6 * SECOND);
        let end = created + 9 * SECOND;
        let over = state.end(end).unwrap();
        assert_eq!((over.ran, over.suspended), (Some(2 * SECOND), Some(3 * SECOND)));
        assert!(state.end(end).is_none(), "the span was handed out");
    }

    #[test]
    fn held_call_is_not_queued_meanwhile() {
        let created = Instant::now();
        let mut state = SpanState::new("span", created);
        state.queue(created + 3 * SECOND);
        let start = state.start(created + 4 * SECOND).unwrap();
        assert_eq!((start.held, start.queued), (Some(3 * SECOND), SECOND));
    }

    #[test]
    fn stop_is_reported_once() {
        let now = Instant::now();
        let mut state = SpanState::new("span", now);
        assert!(state.take_stop().is_none());
        state.stop(Verdict::Timeout, false, now);
        let (stop, end) = state.take_stop().unwrap();
        assert_eq!((stop.verdict, stop.runs_on, end.ran), (Verdict::Timeout, false, None));
        assert!(state.take_stop().is_none());
    }

    #[test]
    fn span_stays_open_while_the_body_runs_on() {
        let now = Instant::now();
        let mut state = SpanState::new("span", now);
        let _body = state.start(now).unwrap();
        state.stop(Verdict::Cancelled, true, now);
        assert!(state.take_stop().is_some());
        state.pause(now + SECOND);
        assert_eq!(state.end(now + 5 * SECOND).unwrap().ran, Some(SECOND));
    }

    #[test]
    fn killed_body_ran_until_the_kill() {
        let now = Instant::now();
        let mut state = SpanState::new("span", now);
        let _body = state.start(now).unwrap();
        state.stop(Verdict::Timeout, false, now + SECOND);
        let (_, end) = state.take_stop().unwrap();
        assert_eq!(end.ran, Some(SECOND));
        state.pause(now + 2 * SECOND);
        assert!(state.end(now + 2 * SECOND).is_none());
    }
}
