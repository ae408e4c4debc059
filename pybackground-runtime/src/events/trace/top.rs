//! The innermost call that runs on this thread.
//!
//! The thread's own dispatcher may not know the span of the call. So the thread keeps that span here.

use std::cell::RefCell;
use std::sync::Arc;

use tracing::Span;

use super::subscriber::{OwnSpan, notify_in};

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

/// Calls `record` with the span of the innermost call that runs on this thread, if the call has a span.
pub(super) fn in_call(record: impl FnOnce(&Span)) {
    let span = TOP.try_with(|top| top.borrow().clone());
    if let Ok(Some(span)) = span {
        notify_in(&span, || record(&span));
    }
}
