//! The span of a wait that blocks, and the ring that a wait would close.

use std::panic::Location;
use std::time::Instant;

use tracing::field::Empty;
use tracing::{Span, debug_span, error};

use super::call::micros;
use super::hook;
use crate::call::{Call, UsedAt};
use crate::error::Error;
use crate::join::Awaited;

/// A wait for a call that has not ended. It follows from that call's span: that is how a subscriber
/// knows which of many calls of a function it was.
pub(crate) struct WaitSpan {
    call: Call,
    site: &'static Location<'static>,
    entered: Option<(Span, Instant)>,
}

impl WaitSpan {
    /// This thread is about to block for `on` at `site`.
    pub(crate) fn begin(on: &impl Awaited, site: &'static Location<'static>) -> Self {
        let call = on.call();
        let enter = || {
            let span = debug_span!(
                target: "pybackground",
                "wait",
                function = call.function(),
                location = %call.site(),
                at = UsedAt(site).user().map(display),
                wait_us = Empty,
                outcome = Empty,
            );
            if let Some(awaited) = on.only().and_then(|job| job.trace().span()) {
                span.follows_from(&*awaited);
            }
            span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
            span
        };
        let span = hook::tell(enter).filter(|span| !span.is_disabled());
        Self { call, site, entered: span.map(|span| (span, Instant::now())) }
    }

    /// The wait is over: the call has ended, or not, or it was no use to wait.
    pub(crate) fn end(self, on: &impl Awaited, waited: &Result<bool, Error>) {
        // The thread that closed the call may not have told so; who heard of it finds it told.
        if let Some(job) = on.only() {
            job.trace().tell_closed();
        }
        if let Err(error) = waited
            && error.is_deadlock()
        {
            self.tell_ring(error);
        }
        let Some((span, since)) = self.entered else { return };
        let outcome = match waited {
            Ok(true) => "ended",
            Ok(false) => "time is over",
            Err(error) if error.is_deadlock() => "deadlock",
            Err(_) => "given up",
        };
        hook::tell_in_any_case(|| {
            span.record("wait_us", micros(since.elapsed())).record("outcome", outcome);
            span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
        });
        hook::tell_in_any_case(|| drop(span));
    }

    fn tell_ring(&self, ring: &Error) {
        hook::tell(|| {
            error!(
                target: "pybackground",
                function = self.call.function(),
                location = %self.call.site(),
                at = UsedAt(self.site).user().map(display),
                %ring,
                "calls wait for each other in a circle"
            );
        });
    }
}
