//! The events of calls, for the features that observe them.
//!
//! | event | when |
//! |---|---|
//! | `created` | the call is made |
//! | `queued` | a call that was held back by a limit or by its arguments is queued; other calls are queued when they are created |
//! | `started` | the body begins on a thread |
//! | `suspended` | the body, a future, is stored until it is woken |
//! | `resumed` | the body continues on a thread |
//! | `ended` | the call has its outcome, from its body or because it never starts |
//! | `stopped` | the call is closed before its body ended: by a deadline, a cancellation or a shutdown |
//! | `blocked` | a thread blocks until a call ends |
//! | `unblocked` | the thread continues |
//!
//! Each call carries [`CallEvents`]. A feature that observes calls adds a field of its own to [`CallEvents`],
//! [`RunningEvents`] and [`BlockedWait`], and a line where an event that it needs is passed on. Without such a feature all
//! of these are empty and the functions compile to nothing.
//!
//! | file | subject |
//! |---|---|
//! | `place` | where a body runs |
//! | `trace` | the observer of the feature `tracing` |
//! | `timeline` | the observer of the feature `timeline` |
//! | `counters` | the observer of the feature `counters` |

#[cfg(feature = "counters")]
pub(crate) mod counters;
mod place;
#[cfg(feature = "timeline")]
mod timeline;
#[cfg(feature = "tracing")]
mod trace;

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};

use crate::call::Call;
#[cfg(feature = "remote")]
use crate::error::Origin;
use crate::error::{CallResult, Error, Progress};
use crate::stacks::CallKey;
pub(crate) use place::Place;

/// What the observers keep about one call.
#[derive(Default)]
pub(crate) struct CallEvents {
    #[cfg(feature = "tracing")]
    span: trace::CallSpan,
    #[cfg(feature = "timeline")]
    mark: timeline::CallMark,
    #[cfg(feature = "counters")]
    counted: counters::CountedCall,
}

/// A body is on this thread until this is dropped.
pub(crate) struct RunningEvents<'a> {
    #[cfg(feature = "tracing")]
    span: trace::EnteredSpan<'a>,
    #[cfg(feature = "timeline")]
    _mark: timeline::EnteredMark,
    #[cfg(feature = "counters")]
    _counted: counters::CountedRun,
    events: PhantomData<&'a CallEvents>,
}

/// A thread that blocks until a call ends.
pub(crate) struct BlockedWait {
    #[cfg(feature = "tracing")]
    span: trace::WaitSpan,
    #[cfg(feature = "timeline")]
    mark: timeline::WaitMark,
}

/// Passes an event to every observer, or to one.
macro_rules! notify {
    ($to:expr, $event:ident($($argument:expr),*)) => {{
        notify!(span of $to, $event($($argument),*));
        notify!(mark of $to, $event($($argument),*));
    }};
    (span of $to:expr, $event:ident($($argument:expr),*)) => {{
        #[cfg(feature = "tracing")]
        $to.span.$event($($argument),*);
        #[cfg(not(feature = "tracing"))]
        let _ = (&$to, $(&$argument),*);
    }};
    (mark of $to:expr, $event:ident($($argument:expr),*)) => {{
        #[cfg(feature = "timeline")]
        $to.mark.$event($($argument),*);
        #[cfg(not(feature = "timeline"))]
        let _ = (&$to, $(&$argument),*);
    }};
}

/// Whether there are observers in this build.
#[cfg(not(debug_assertions))]
pub(crate) const HAS_OBSERVERS: bool =
    cfg!(any(feature = "counters", feature = "timeline", feature = "tracing"));

/// As [`is_observed`], but also true while that is not decided. So it calls nothing.
#[cfg(not(debug_assertions))]
#[inline]
pub(crate) fn may_be_observed() -> bool {
    #[cfg(feature = "timeline")]
    if timeline::may_be_enabled() {
        return true;
    }
    is_counted_or_traced()
}

/// Whether an observer wants to know about the calls that are made now.
#[inline]
pub(crate) fn is_observed() -> bool {
    #[cfg(feature = "timeline")]
    if timeline::is_enabled() {
        return true;
    }
    is_counted_or_traced()
}

#[inline]
fn is_counted_or_traced() -> bool {
    #[cfg(feature = "tracing")]
    if trace::is_enabled() {
        return true;
    }
    cfg!(feature = "counters")
}

impl CallEvents {
    /// The events of a call that no observer knows.
    #[inline]
    pub(crate) const fn none() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            span: trace::CallSpan::Disabled,
            #[cfg(feature = "timeline")]
            mark: timeline::CallMark::none(),
            #[cfg(feature = "counters")]
            counted: counters::CountedCall::none(),
        }
    }

    /// A call is made on this thread. `key` identifies its kind.
    #[inline]
    pub(crate) fn created(key: impl FnOnce() -> CallKey, call: impl Fn() -> Call) -> Self {
        if is_observed() { Self::observed(key(), call) } else { Self::none() }
    }

    fn observed(key: CallKey, call: impl Fn() -> Call) -> Self {
        let _ = (key, &call);
        Self {
            #[cfg(feature = "tracing")]
            span: if trace::is_enabled() {
                trace::CallSpan::created(call())
            } else {
                trace::CallSpan::Disabled
            },
            #[cfg(feature = "counters")]
            counted: counters::CountedCall::created(call()),
            #[cfg(feature = "timeline")]
            mark: if timeline::is_enabled() {
                timeline::CallMark::created(key, call)
            } else {
                timeline::CallMark::none()
            },
        }
    }

    /// Whether an observer keeps anything about the call.
    #[inline]
    pub(crate) fn are_observed(&self) -> bool {
        let _ = self;
        #[cfg(feature = "counters")]
        if self.counted.is_counted() {
            return true;
        }
        #[cfg(feature = "tracing")]
        if !matches!(self.span, trace::CallSpan::Disabled) {
            return true;
        }
        #[cfg(feature = "timeline")]
        if self.mark.is_recorded() {
            return true;
        }
        false
    }

    /// A call that was held back is queued.
    #[inline]
    pub(crate) fn queued(&self) {
        notify!(self, queued());
    }

    /// The body begins on this thread.
    #[inline]
    pub(crate) fn started(&self, place: Place) -> RunningEvents<'_> {
        let _ = (self, place);
        RunningEvents {
            #[cfg(feature = "tracing")]
            span: self.span.started(place),
            #[cfg(feature = "timeline")]
            _mark: self.mark.started(place),
            #[cfg(feature = "counters")]
            _counted: self.counted.on_thread(),
            events: PhantomData,
        }
    }

    /// The body, which was suspended, continues on this thread.
    #[inline]
    pub(crate) fn resumed(&self) -> RunningEvents<'_> {
        let _ = self;
        RunningEvents {
            #[cfg(feature = "tracing")]
            span: self.span.resumed(),
            #[cfg(feature = "timeline")]
            _mark: self.mark.resumed(),
            #[cfg(feature = "counters")]
            _counted: self.counted.on_thread(),
            events: PhantomData,
        }
    }

    /// The body has left its thread and is stored until it is woken.
    #[inline]
    pub(crate) fn suspended(&self) {
        notify!(span of self, suspended());
    }

    /// The body, a future, has left its thread before its end.
    #[inline]
    pub(crate) fn left(&self) {
        notify!(mark of self, left());
    }

    /// The call has its outcome, and its body has ended or never starts.
    #[inline]
    pub(crate) fn ended<T>(&self, outcome: &CallResult<T>) {
        notify!(self, ended(outcome.as_ref().err()));
        #[cfg(feature = "counters")]
        self.counted.ended(outcome.as_ref().err());
    }

    /// The call is closed before its body ended. The task is locked and the thread may be the monitor,
    /// so observers only take a note. [`report_stop`](Self::report_stop) follows.
    #[inline]
    pub(crate) fn stopped(&self, error: &Error, body: Progress) {
        notify!(self, stopped(error, body));
        #[cfg(feature = "counters")]
        self.counted.ended(Some(error));
    }

    /// Lets the observers act on a `stopped`, with no lock held, on the first thread that comes to the
    /// call.
    #[inline]
    pub(crate) fn report_stop(&self) {
        notify!(span of self, report_stop());
    }

    /// The value of the call is taken, or is not to be missed.
    #[inline]
    pub(crate) fn used(&self) {
        notify!(mark of self, used());
    }

    /// The body of a call that was closed has left its thread for good.
    #[inline]
    pub(crate) fn ended_late(&self) {
        notify!(span of self, ended_late());
        notify!(mark of self, left());
    }
}

impl RunningEvents<'_> {
    /// The body unwinds with `payload`.
    #[inline]
    pub(crate) fn unwound(&self, payload: &(dyn Any + Send)) {
        notify!(span of self, unwound(payload));
    }
}

/// This thread blocks at `site` until the call ends. `awaited` are the events of that call, if the
/// thread waits for one call only.
#[inline]
pub(crate) fn blocked<'a>(
    call: impl Fn() -> Call,
    site: &'static Location<'static>,
    awaited: impl Fn() -> Option<&'a CallEvents>,
) -> BlockedWait {
    let _ = (&call, site, &awaited);
    BlockedWait {
        #[cfg(feature = "tracing")]
        span: trace::WaitSpan::enter(call(), site, awaited().map(|events| &events.span)),
        #[cfg(feature = "timeline")]
        mark: timeline::WaitMark::enter(call, site, awaited().map(|events| &events.mark)),
    }
}

impl BlockedWait {
    /// The thread continues: the call has ended or not, or the wait failed.
    #[inline]
    pub(crate) fn unblocked<'a>(
        self,
        awaited: impl FnOnce() -> Option<&'a CallEvents>,
        waited: &Result<bool, Error>,
    ) {
        let _ = (&self, &awaited, waited);
        #[cfg(feature = "tracing")]
        self.span.exit(awaited().map(|events| &events.span), waited);
        #[cfg(feature = "timeline")]
        self.mark.exit(waited);
    }
}

/// Runs the body of a call where the call is made, while calls are observed.
pub(crate) fn run_observed<T>(
    key: CallKey,
    call: impl Fn() -> Call,
    body: impl FnOnce() -> T,
) -> std::thread::Result<T> {
    let body = AssertUnwindSafe(body);
    let events = CallEvents::observed(key, call);
    let ran = {
        let running = events.started(Place::Caller);
        catch_unwind(body).inspect_err(|payload| running.unwound(&**payload))
    };
    notify!(events, ended_inline(ran.as_ref().err().map(|payload| &**payload)));
    #[cfg(feature = "counters")]
    events.counted.ended_inline(ran.as_ref().err().map(|payload| &**payload));
    ran
}

/// The body on top of this thread's stack runs in a worker of that name until the guard is dropped.
#[cfg(feature = "process")]
pub(crate) fn elsewhere(worker: impl FnOnce() -> String) -> impl Drop {
    #[cfg(feature = "timeline")]
    return timeline::elsewhere(worker);
    #[cfg(not(feature = "timeline"))]
    {
        struct NoGuard;
        impl Drop for NoGuard {
            fn drop(&mut self) {}
        }
        let _ = worker;
        NoGuard
    }
}

/// A worker answered the call whose body is on top of this thread's stack.
#[cfg(feature = "remote")]
pub(crate) fn answered_by(origin: &Origin) {
    let _ = origin;
    #[cfg(feature = "tracing")]
    trace::answered_by(origin);
}

/// The call whose body is on top of this thread's stack is part of that trace.
#[cfg(feature = "remote")]
pub(crate) fn part_of(trace_parent: Option<&str>) {
    let _ = trace_parent;
    #[cfg(feature = "tracing")]
    if let Some(trace_parent) = trace_parent {
        trace::part_of(trace_parent);
    }
}

/// When a call was sent to a worker.
#[cfg(feature = "remote")]
pub(crate) struct Sent {
    #[cfg(feature = "timeline")]
    mark: timeline::SentMark,
}

#[cfg(feature = "remote")]
impl Sent {
    /// The call whose body is on top of this thread's stack is sent.
    pub(crate) fn now() -> Self {
        Self {
            #[cfg(feature = "timeline")]
            mark: timeline::SentMark::now(),
        }
    }

    /// The answer has come: a worker of that name had the call. The call is that on top of this thread's stack.
    pub(crate) fn answered(&self, worker: impl FnOnce() -> String) {
        let _ = (self, &worker);
        #[cfg(feature = "timeline")]
        self.mark.answered(worker);
    }
}

/// The system refused a thread. The thread that learns so may be the monitor, so observers only take a
/// note, and act on it at the next call.
#[inline]
pub(crate) fn thread_refused(error: &std::io::Error) {
    let _ = error;
    #[cfg(feature = "tracing")]
    trace::thread_refused(error);
}
