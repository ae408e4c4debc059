//! What the monitor and the threads that need it share.

use std::time::{Duration, Instant};

use super::deadlines::Deadlines;
use crate::sync::atomic::AtomicBool;
use crate::sync::{Condvar, Mutex};

pub(super) struct Monitor {
    /// A copy of `State::watching` that is read without the lock.
    pub(super) watching: AtomicBool,
    pub(super) state: Mutex<State>,
    pub(super) changed: Condvar,
}

pub(super) struct State {
    pub(super) deadlines: Deadlines,
    /// The monitor looks at the queues: a call found every slot taken, and the queues have not been empty since.
    pub(super) watching: bool,
    /// The monitor thread exists, and looks at this state before it terminates.
    pub(super) alive: bool,
    /// The key of that thread, or of an earlier one, in `exits`.
    pub(super) thread: Option<usize>,
    /// The monitor terminates as soon as there is nothing to watch.
    pub(super) is_closing: bool,
}

impl Monitor {
    pub(super) fn new() -> Self {
        let state = State {
            deadlines: Deadlines::new(),
            watching: false,
            alive: false,
            thread: None,
            is_closing: false,
        };
        Self { watching: AtomicBool::new(false), state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl State {
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
        next_look: Instant,
        patience: Duration,
    ) -> Duration {
        let until = |then: Instant| then.saturating_duration_since(now);
        let longest = if self.watching { until(next_look) } else { patience };
        self.deadlines.next().map_or(longest, |deadline| longest.min(until(deadline)))
    }
}
