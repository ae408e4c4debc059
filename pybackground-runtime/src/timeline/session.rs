//! A recording, from its begin to its end.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::sync::lock_leaf;

/// How long the end of the recording waits for a disk.
const PATIENCE: Duration = Duration::from_secs(5);

/// The last recording that began.
static LAST: Mutex<Option<Arc<Session>>> = Mutex::new(None);

/// Runs `record` with the recording that is under way, and keeps the one that it returns.
pub(super) fn replace<E>(
    record: impl FnOnce(Option<&Session>) -> Result<Arc<Session>, E>,
) -> Result<Arc<Session>, E> {
    let mut last = lock_leaf(&LAST);
    let begun = record(last.as_deref().filter(|session| !session.has_ended()))?;
    *last = Some(begun.clone());
    Ok(begun)
}

/// Completes the recording that is under way, if there is one.
pub(super) fn complete_last() {
    let last = lock_leaf(&LAST).clone();
    if let Some(session) = last {
        session.complete();
    }
}

/// Has the writer of the recording that is under way look at the buffers now.
pub(super) fn wake_writer() {
    if let Some(session) = &*lock_leaf(&LAST) {
        session.wake();
    }
}

/// A recording, from its begin to its end.
pub(super) struct Session {
    /// The path or the address of what is made.
    pub(super) place: String,
    state: Mutex<SessionState>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default)]
struct SessionState {
    /// The writer is to look at the buffers now.
    is_due: bool,
    is_to_end: bool,
    has_ended: bool,
}

impl Session {
    pub(super) fn new(place: String) -> Arc<Self> {
        Arc::new(Self { place, state: Mutex::default(), changed: Condvar::new() })
    }

    /// Has the writer write what is left, and waits until it has, but not for a disk that hangs.
    pub(super) fn complete(&self) {
        let end = Instant::now() + PATIENCE;
        let mut state = lock_leaf(&self.state);
        state.is_to_end = true;
        self.changed.notify_all();
        while !state.has_ended {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(state, rest);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// All is written.
    pub(super) fn end(&self) {
        lock_leaf(&self.state).has_ended = true;
        self.changed.notify_all();
    }

    pub(super) fn has_ended(&self) -> bool {
        lock_leaf(&self.state).has_ended
    }

    fn wake(&self) {
        lock_leaf(&self.state).is_due = true;
        self.changed.notify_all();
    }

    /// Waits for `time`, or until the writer is woken or the recording is to end; returns whether it is to end.
    pub(super) fn wait(&self, time: Duration) -> bool {
        let mut state = lock_leaf(&self.state);
        if !state.is_to_end && !state.is_due {
            let waited = self.changed.wait_timeout(state, time);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_due = false;
        state.is_to_end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writer_that_is_woken_before_it_waits_does_not_wait() {
        let session = Session::new(String::new());
        session.wake();
        assert!(!session.wait(Duration::MAX));
        assert!(!session.wait(Duration::ZERO));
    }
}
