//! Why some waits for a call ended before the call did.
//!
//! A wait by reference gives its error by reference, so somebody has to keep it; it cannot be in the
//! place of the outcome, for which others may wait on.

use crate::error::Error;
use crate::sync::OnceLock;

/// Few calls have any, so a call without pays for a pointer.
#[derive(Default)]
pub(super) struct WaitErrors(OnceLock<Box<Verdict>>);

struct Verdict {
    error: Error,
    next: WaitErrors,
}

impl WaitErrors {
    /// Keeps `error`, unless one that says the same is kept: a wait may be tried for ever.
    pub(super) fn keep(&self, error: Error) -> &Error {
        let text = error.to_string();
        let mut new = Some(error);
        let mut verdicts = self;
        loop {
            let verdict = verdicts.0.get_or_init(|| {
                let error = new.take().expect("it is put in one place");
                Box::new(Verdict { error, next: Self::default() })
            });
            if new.is_none() || verdict.error.to_string() == text {
                return &verdict.error;
            }
            verdicts = &verdict.next;
        }
    }
}
