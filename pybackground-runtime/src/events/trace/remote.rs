//! The worker that answered a call, and the trace that the call is part of.
//!
//! The body of such a call learns of both.

use super::call::micros;
use super::top::in_call;
use crate::error::Origin;

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
