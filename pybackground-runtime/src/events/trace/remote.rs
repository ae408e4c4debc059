//! The worker that answered a call, and the trace that the call is part of.
//!
//! The body of such a call learns of both, and runs inside the span of the call.

use tracing::Span;

use super::call::micros;
use super::subscriber::notify_in;
use crate::error::Origin;

/// Runs `record` with the span of the call whose body is on top of this thread's stack, if it has one.
fn in_call(record: impl FnOnce(&Span)) {
    let span = Span::current();
    let is_call = |span: &Span| {
        span.metadata().is_some_and(|it| it.target() == "pybackground" && it.name() == "call")
    };
    if is_call(&span) {
        notify_in(&span, || record(&span));
    }
}

pub(crate) fn answered_by(origin: &Origin) {
    in_call(|span| {
        if !origin.worker.is_empty() {
            span.record("worker", origin.worker.as_str());
        }
        span.record("attempts", origin.attempts);
        if let Some((waited, ran)) = origin.times {
            span.record("worker_queue_us", micros(waited)).record("worker_run_us", micros(ran));
        }
    });
}

pub(crate) fn part_of(trace_parent: &str) {
    in_call(|span| {
        span.record("traceparent", trace_parent);
    });
}
