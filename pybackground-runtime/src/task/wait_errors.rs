//! The errors of waits that ended before the call did.
//!
//! A wait by reference returns its error by reference, so the task keeps the error. It cannot be stored
//! as the outcome, for which other threads may still wait.

use crate::error::Error;
use crate::sync::OnceLock;

/// A list that few calls have: a call without one pays for a pointer.
#[derive(Default)]
pub(super) struct WaitErrors(OnceLock<Box<KeptError>>);

struct KeptError {
    error: Error,
    next: WaitErrors,
}

impl WaitErrors {
    /// Keeps `error`, unless an error with the same text is kept: a wait may be retried without end.
    pub(super) fn keep(&self, error: Error) -> &Error {
        let text = error.to_string();
        let mut new = Some(error);
        let mut errors = self;
        loop {
            let kept = errors.0.get_or_init(|| {
                let error = new.take().expect("it is kept in one place");
                Box::new(KeptError { error, next: Self::default() })
            });
            if new.is_none() || kept.error.to_string() == text {
                return &kept.error;
            }
            errors = &kept.next;
        }
    }
}
