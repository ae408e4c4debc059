//! What the monitor and the threads that need it share.

use std::time::{Duration, Instant};

use super::deadlines::Deadlines;
use crate::sync::atomic::AtomicBool;
use crate::sync::{Condvar, Mutex};

pub(super) struct Monitor {
    /// A copy of `MonitorState::watching` that is read without the lock.
    pub(super) watching: AtomicBool,
    pub(super) state: Mutex<MonitorState>,
    pub(super) changed: Condvar,
}

pub(super) struct MonitorState {
    pub(super) deadlines: Deadlines,
    /// The monitor looks at the queues: a call found every slot taken, and the queues have not been empty since.
    pub(super) watching: bool,
    /// The monitor thread exists, and looks at this state before it terminates.
    pub(super) alive: bool,
    /// The key of that thread, or of an earlier one, in `exits`.
    pub(super) thread: Option<usize>,
    pub(super) closing: Closing,
}

/// Whether the pool has come to its end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// No: the monitor stays for the keep-alive.
    No,
    /// The monitor terminates as soon as there is nothing to watch and no timer.
    Ends,
    /// As `Ends`, and the end of the pool waits for its thread, which leaves timers that come meanwhile to another one.
    IsAwaited,
}

impl Monitor {
    pub(super) fn new() -> Self {
        let state = MonitorState {
            deadlines: Deadlines::new(),
            watching: false,
            alive: false,
            thread: None,
            closing: Closing::No,
        };
        Self { watching: AtomicBool::new(false), state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl MonitorState {
    /// The monitor terminates.
    pub(super) fn ends(&mut self) {
        self.alive = false;
        if self.closing == Closing::IsAwaited {
            self.closing = Closing::Ends;
        }
    }

    /// Whether there is nothing to watch, now or later.
    pub(super) fn is_over(&mut self) -> bool {
        if self.watching {
            return false;
        }
        self.deadlines.sweep();
        self.deadlines.next().is_none()
    }

    /// Returns the time until the next deadline or look, or `patience` if both are later.
    pub(super) fn next_wait(
        &self,
        now: Instant,
        next_look: Option<Instant>,
        patience: Duration,
    ) -> Duration {
        let until = |then: Instant| then.saturating_duration_since(now);
        let longest = next_look.map_or(patience, until);
        self.deadlines.next().map_or(longest, |deadline| longest.min(until(deadline)))
    }
}
