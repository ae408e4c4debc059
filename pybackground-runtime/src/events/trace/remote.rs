//! The worker that answered a call, and the trace that the call is part of.
//!
//! The body of such a call learns of both, and runs inside the span of the call. The thread's own dispatcher may
//! not know that span, so the thread notes which one it is.

use std::cell::RefCell;
use std::sync::Arc;

use tracing::Span;

use super::call::micros;
use super::subscriber::{OwnSpan, notify_in};
use crate::error::Origin;

thread_local! {
    /// The span of the body on top of this thread's stack.
    static TOP: RefCell<Option<Arc<OwnSpan>>> = const { RefCell::new(None) };
}

/// A body with that span, if any, is on top of this thread's stack until this is dropped.
pub(super) struct OnTop {
    below: Option<Arc<OwnSpan>>,
}

impl OnTop {
    #[inline]
    pub(super) fn put(span: Option<&Arc<OwnSpan>>) -> Self {
        let below = TOP.try_with(|top| top.replace(span.cloned()));
        Self { below: below.unwrap_or_default() }
    }
}

impl Drop for OnTop {
    fn drop(&mut self) {
        // The replaced span is dropped after the cell is free.
        let _over = TOP.try_with(|top| top.replace(self.below.take()));
    }
}

/// Runs `record` with the span of the call whose body is on top of this thread's stack, if it has one.
fn in_call(record: impl FnOnce(&Span)) {
    let span = TOP.try_with(|top| top.borrow().clone());
    if let Ok(Some(span)) = span {
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
