//! What the span of a call still has to tell.
//!
//! The steps are taken under a lock, so no code of a subscriber's is in them: each returns what is to
//! be told when the lock is free.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;

/// `S` is the span: it closes when its last holder drops it.
pub(super) struct State<S> {
    span: Option<Arc<S>>,
    called: Instant,
    begun: bool,
    /// How long the body was on a thread, up to when it last left one.
    ran: Duration,
    /// Since when it is on one.
    since: Option<Instant>,
    closed: Option<Closed>,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ok,
    Panicked,
    Timeout,
    Cancelled,
    Refused,
    /// Whoever would have woken its future is gone.
    Dropped,
    /// Its process ended before its body did.
    #[cfg(feature = "process")]
    Crashed,
    /// There was no process for it, or its arguments or its result could not be passed on.
    #[cfg(feature = "process")]
    Failed,
}

/// The call was closed before its body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Closed {
    pub(super) verdict: Verdict,
    /// The body was on a thread.
    pub(super) runs_on: bool,
    pub(super) at: Instant,
    told: bool,
}

/// The span of a body that begins or resumes.
pub(super) struct Begin<S> {
    pub(super) span: Arc<S>,
    /// How long the call waited for a thread, if it just began.
    pub(super) queued: Option<Duration>,
}

/// The span of a call that is over.
pub(super) struct End<S> {
    pub(super) span: Arc<S>,
    /// `None` if the body never was on a thread.
    pub(super) ran: Option<Duration>,
}

impl<S> State<S> {
    pub(super) fn new(span: S, now: Instant) -> Self {
        Self {
            span: Some(Arc::new(span)),
            called: now,
            begun: false,
            ran: Duration::ZERO,
            since: None,
            closed: None,
        }
    }

    pub(super) fn begin(&mut self, now: Instant) -> Option<Begin<S>> {
        let span = self.span.clone()?;
        let first = !std::mem::replace(&mut self.begun, true);
        self.since = Some(now);
        Some(Begin { span, queued: first.then(|| now.saturating_duration_since(self.called)) })
    }

    pub(super) fn pause(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.ran += now.saturating_duration_since(since);
        }
    }

    /// The span is given away: whoever gets it drops it. A body in another process, which is being killed, may be
    /// on its thread here for a moment longer.
    pub(super) fn end(&mut self, now: Instant) -> Option<End<S>> {
        self.pause(now);
        let ran = self.begun.then_some(self.ran);
        self.span.take().map(|span| End { span, ran })
    }

    pub(super) fn close(&mut self, verdict: Verdict, runs_on: bool, now: Instant) {
        self.closed = Some(Closed { verdict, runs_on, at: now, told: false });
    }

    /// That the call was closed, if this was not told before. The span is not given away while the
    /// body runs on.
    pub(super) fn take_closed(&mut self) -> Option<(Closed, End<S>)> {
        let closed = self.closed.as_mut().filter(|closed| !closed.told)?;
        closed.told = true;
        let closed = *closed;
        if !closed.runs_on {
            return Some((closed, self.end(closed.at)?));
        }
        Some((closed, End { span: self.span.clone()?, ran: None }))
    }

    pub(super) fn closed(&self) -> Option<Closed> {
        self.closed
    }

    pub(super) fn span(&self) -> Option<Arc<S>> {
        self.span.clone()
    }
}

impl Verdict {
    pub(super) fn of(error: &Error) -> Self {
        if error.is_panic() {
            Self::Panicked
        } else if error.is_timeout() {
            Self::Timeout
        } else if error.is_refused() {
            Self::Refused
        } else {
            Self::of_process(error).unwrap_or(Self::Cancelled)
        }
    }

    #[cfg(feature = "process")]
    fn of_process(error: &Error) -> Option<Self> {
        let verdict = if error.is_crash() { Self::Crashed } else { Self::Failed };
        error.is_of_processes().then_some(verdict)
    }

    #[cfg(not(feature = "process"))]
    fn of_process(_: &Error) -> Option<Self> {
        None
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Panicked => "panicked",
            Self::Timeout => "timeout",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::Dropped => "dropped",
            #[cfg(feature = "process")]
            Self::Crashed => "crashed",
            #[cfg(feature = "process")]
            Self::Failed => "failed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_time_in_the_queue_is_told_once_and_the_times_on_threads_are_added() {
        let called = Instant::now();
        let mut state = State::new("span", called);
        assert_eq!(state.begin(called + SECOND).unwrap().queued, Some(SECOND));
        state.pause(called + 2 * SECOND);
        assert_eq!(state.begin(called + 5 * SECOND).unwrap().queued, None);
        state.pause(called + 6 * SECOND);
        let end = called + 9 * SECOND;
        assert_eq!(state.end(end).unwrap().ran, Some(2 * SECOND));
        assert!(state.end(end).is_none(), "the span was given away");
    }

    #[test]
    fn a_call_that_was_closed_is_told_of_once() {
        let now = Instant::now();
        let mut state = State::new("span", now);
        assert!(state.take_closed().is_none());
        state.close(Verdict::Timeout, false, now);
        let (closed, end) = state.take_closed().unwrap();
        assert_eq!((closed.verdict, closed.runs_on, end.ran), (Verdict::Timeout, false, None));
        assert!(state.take_closed().is_none());
    }

    #[test]
    fn the_span_is_kept_while_the_body_runs_on() {
        let now = Instant::now();
        let mut state = State::new("span", now);
        let _body = state.begin(now).unwrap();
        state.close(Verdict::Cancelled, true, now);
        assert!(state.take_closed().is_some());
        state.pause(now + SECOND);
        assert_eq!(state.end(now + 5 * SECOND).unwrap().ran, Some(SECOND));
    }

    #[test]
    fn a_body_that_is_killed_ran_until_then() {
        let now = Instant::now();
        let mut state = State::new("span", now);
        let _body = state.begin(now).unwrap();
        state.close(Verdict::Timeout, false, now + SECOND);
        let (_, end) = state.take_closed().unwrap();
        assert_eq!(end.ran, Some(SECOND));
        state.pause(now + 2 * SECOND);
        assert!(state.end(now + 2 * SECOND).is_none());
    }
}
