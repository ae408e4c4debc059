//! The span of a wait that blocks, and the cycle that a wait would close.

use std::panic::Location;
use std::time::Instant;

use tracing::field::Empty;
use tracing::{debug_span, error};

use super::call::{CallSpan, micros};
use super::subscriber::{OwnSpan, notify};
use crate::call::Call;
use crate::error::Error;
use crate::site::UsedAt;

/// The span of a wait. It follows from the span of the awaited call, which tells a subscriber which of
/// many calls of a function that is.
pub(crate) struct WaitSpan {
    call: Call,
    site: &'static Location<'static>,
    entered: Option<(OwnSpan, Instant)>,
}

impl WaitSpan {
    pub(crate) fn enter(
        call: Call,
        site: &'static Location<'static>,
        awaited: Option<&CallSpan>,
    ) -> Self {
        let span = OwnSpan::create(|| {
            debug_span!(
                target: "pybackground",
                "wait",
                function = call.function(),
                location = %call.site(),
                at = UsedAt(site).user().map(display),
                wait_us = Empty,
                outcome = Empty,
            )
        });
        let entered = span.and_then(|span| {
            let awaited = awaited.and_then(CallSpan::span);
            span.enter_following(awaited.as_deref()).then(|| (span, Instant::now()))
        });
        Self { call, site, entered }
    }

    pub(crate) fn exit(self, awaited: Option<&CallSpan>, waited: &Result<bool, Error>) {
        // The thread that closed the call may not have reported it yet. The waiter finds it reported.
        if let Some(awaited) = awaited {
            awaited.report_stop();
        }
        if let Err(error) = waited
            && error.is_deadlock()
        {
            self.report_cycle(error);
        }
        let Some((span, since)) = self.entered else { return };
        let outcome = match waited {
            Ok(true) => "ended",
            Ok(false) => "time is over",
            Err(error) if error.is_deadlock() => "deadlock",
            Err(_) => "given up",
        };
        span.exit(|| {
            span.record("wait_us", micros(since.elapsed())).record("outcome", outcome);
        });
    }

    fn report_cycle(&self, cycle: &Error) {
        notify(|| {
            error!(
                target: "pybackground",
                function = self.call.function(),
                location = %self.call.site(),
                at = UsedAt(self.site).user().map(display),
                %cycle,
                "calls wait for each other in a cycle"
            );
        });
    }
}
