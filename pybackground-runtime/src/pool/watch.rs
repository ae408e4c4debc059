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
    /// Calls are queued, and no thread was free to take them.
    pub(super) watching: bool,
    /// There is a monitor thread, which looks at this state before it leaves.
    pub(super) alive: bool,
}

impl Monitor {
    pub(super) fn new() -> Self {
        let state = State { deadlines: Deadlines::new(), watching: false, alive: false };
        Self { watching: AtomicBool::new(false), state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl State {
    /// Returns how long there is nothing to do, at most `patience`.
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
