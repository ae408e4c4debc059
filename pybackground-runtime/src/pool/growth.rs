//! How many places there should be: a pure decision, made at each tick of the monitor.
//!
//! A body that blocks in a join frees its place by itself. One that blocks otherwise (sleep, I/O, a
//! lock) looks like one that computes until the system is asked. If the active threads that do
//! compute are fewer than the workers, processors stand idle while calls wait, and as many places
//! are added as are blocked: doubling, so that thousands of sleepers are up within a dozen ticks.
//! If they are more, places are withdrawn, and threads leave as their bodies end.

use std::time::{Duration, Instant};

/// How long calls may wait behind bodies that compute before one more thread is risked: a body may
/// be spinning for something that only a waiting call will bring. Each time doubles it, up to the
/// longest, so that bodies that compute for long do not multiply threads.
const FIRST_PATIENCE: Duration = Duration::from_millis(100);
const LONGEST_PATIENCE: Duration = Duration::from_millis(3200);

/// What the monitor sees at a tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) now: Instant,
    /// Calls in the queues.
    pub(super) waiting: usize,
    /// Threads that have a place.
    pub(super) active: usize,
    pub(super) places: usize,
    /// The configured number of workers.
    pub(super) workers: usize,
    /// How many bodies were ever started.
    pub(super) starts: u64,
    pub(super) blocked: Share,
}

/// The share of active threads that block, as found by a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) blocked: usize,
    pub(super) sampled: usize,
}

impl Share {
    /// The smaller of two shares.
    pub(super) fn min(self, other: Self) -> Self {
        if self.blocked * other.sampled <= other.blocked * self.sampled { self } else { other }
    }

    fn of(self, active: usize) -> usize {
        (active * self.blocked).div_ceil(self.sampled.max(1))
    }
}

/// The memory of the decision.
#[derive(Debug)]
pub(super) struct Growth {
    starts: u64,
    /// Since when nothing moves.
    stalled_since: Option<Instant>,
    patience: Duration,
    /// Places that were risked. They stay while calls wait: bodies that compute for ever have the
    /// others, and these are all that is left to serve the rest.
    risked: usize,
}

impl Growth {
    pub(super) fn new() -> Self {
        Self { starts: 0, stalled_since: None, patience: FIRST_PATIENCE, risked: 0 }
    }

    /// No calls wait.
    pub(super) fn calm(&mut self) {
        *self = Self::new();
    }

    /// How many places there should be from now on.
    pub(super) fn places(&mut self, reading: &Reading) -> usize {
        let impatient = self.is_impatient(reading);
        if reading.active < reading.places {
            // Threads are still on their way.
            return reading.places;
        }
        let blocked = reading.blocked.of(reading.active);
        let computing = reading.active - blocked;
        if impatient {
            self.risked = self.risked.max(computing.saturating_sub(reading.workers)) + 1;
        }
        let workers = reading.workers + self.risked;
        if computing < workers {
            reading.active + reading.waiting.min(blocked.max(workers - computing))
        } else {
            workers + blocked
        }
    }

    /// Whether calls have waited beyond patience with none started.
    fn is_impatient(&mut self, reading: &Reading) -> bool {
        let since = *self.stalled_since.get_or_insert(reading.now);
        if reading.starts != self.starts {
            // The start of a call on a place that was just risked is no sign that the rest moves.
            let by_patience_alone = reading.starts == self.starts + 1;
            if !by_patience_alone {
                self.patience = FIRST_PATIENCE;
            }
            self.starts = reading.starts;
            self.stalled_since = Some(reading.now);
            return false;
        }
        if reading.now.duration_since(since) < self.patience {
            return false;
        }
        self.stalled_since = Some(reading.now);
        self.patience = LONGEST_PATIENCE.min(2 * self.patience);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Share = Share { blocked: 16, sampled: 16 };
    const NONE: Share = Share { blocked: 0, sampled: 16 };

    fn reading(active: usize, waiting: usize, blocked: Share) -> Reading {
        Reading {
            now: Instant::now(),
            waiting,
            active,
            places: active,
            workers: 2,
            starts: 0,
            blocked,
        }
    }

    #[test]
    fn blocked_bodies_are_compensated_doubling() {
        let mut growth = Growth::new();
        let mut active = 2;
        let mut ticks = 0;
        while active < 10_000 {
            active = growth.places(&reading(active, 10_000 - active, ALL));
            ticks += 1;
        }
        assert_eq!(active, 10_000);
        assert!(ticks <= 13, "{ticks} ticks");
    }

    #[test]
    fn computing_bodies_are_not_compensated() {
        let mut growth = Growth::new();
        assert_eq!(growth.places(&reading(2, 100, NONE)), 2);
    }

    #[test]
    fn no_more_places_than_calls_wait() {
        let mut growth = Growth::new();
        assert_eq!(growth.places(&reading(100, 3, ALL)), 103);
    }

    #[test]
    fn one_blocked_of_two_brings_one_more() {
        let mut growth = Growth::new();
        let half = Share { blocked: 1, sampled: 2 };
        assert_eq!(growth.places(&reading(2, 100, half)), 3);
    }

    #[test]
    fn places_are_withdrawn_when_too_many_compute() {
        let mut growth = Growth::new();
        let tenth = Share { blocked: 1, sampled: 10 };
        assert_eq!(growth.places(&reading(100, 50, tenth)), 12);
    }

    #[test]
    fn threads_on_their_way_are_waited_for() {
        let mut growth = Growth::new();
        let starting = Reading { places: 40, ..reading(20, 100, ALL) };
        assert_eq!(growth.places(&starting), 40);
    }

    #[test]
    fn a_stall_brings_one_thread_at_a_time_and_ever_more_slowly() {
        let mut growth = Growth::new();
        let start = Instant::now();
        let mut active = 2;
        for milliseconds in 0..10_000 {
            let now = start + Duration::from_millis(milliseconds);
            let starts = active as u64;
            active =
                growth.places(&Reading { now, starts, ..reading(active, 50, NONE) }).max(active);
        }
        assert!((7..=10).contains(&active), "{active} threads after ten seconds");
    }

    #[test]
    fn a_place_that_was_risked_stays_while_calls_wait() {
        let mut growth = Growth::new();
        let start = Instant::now();
        let later = start + 2 * FIRST_PATIENCE;
        growth.places(&Reading { now: start, ..reading(4, 50, NONE) });
        assert_eq!(growth.places(&Reading { now: later, ..reading(4, 50, NONE) }), 5);
        assert_eq!(growth.places(&Reading { now: later, starts: 1, ..reading(5, 50, NONE) }), 5);
        // Four compute on two workers; the fifth thread, on the place that was risked, blocks.
        let fifth = Share { blocked: 1, sampled: 5 };
        assert_eq!(growth.places(&Reading { now: later, starts: 1, ..reading(5, 50, fifth) }), 6);
        growth.calm();
        assert_eq!(growth.places(&Reading { now: later, ..reading(4, 50, NONE) }), 2);
    }

    #[test]
    fn progress_is_not_a_stall() {
        let mut growth = Growth::new();
        let start = Instant::now();
        for step in 0..1_000 {
            let now = start + Duration::from_millis(50 * step);
            let places = growth.places(&Reading { now, starts: 2 * step, ..reading(2, 50, NONE) });
            assert_eq!(places, 2);
        }
    }
}
