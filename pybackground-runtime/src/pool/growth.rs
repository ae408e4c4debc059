//! How many places there should be: a pure decision, made at each look of the monitor.
//!
//! A body that blocks in a join frees its place by itself. One that blocks otherwise (sleep, I/O, a
//! lock) looks like one that computes until the system is asked. If the active threads that do
//! compute are fewer than the workers, processors stand idle while calls wait, and as many places
//! are added as are blocked: doubling, so that thousands of sleepers are up within a dozen looks.
//! If they are more, places are withdrawn, and threads leave as their bodies end.

use std::time::{Duration, Instant};

use super::counts::Counts;

/// The time between two looks at calls that wait. Each look that changes nothing doubles it, up to
/// the longest: while bodies compute and go on to compute, looking only takes time from them.
const PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(8);

/// How long calls may wait behind bodies that compute before one more thread is risked: a body may
/// be spinning for something that only a waiting call will bring. Each time doubles it, up to the
/// longest, so that bodies that compute for long do not multiply threads.
const FIRST_PATIENCE: Duration = Duration::from_millis(100);
const LONGEST_PATIENCE: Duration = Duration::from_millis(3200);

/// What the monitor sees at every look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) now: Instant,
    /// Calls in the queues.
    pub(super) waiting: usize,
    pub(super) counts: Counts,
    /// The configured number of workers.
    pub(super) workers: usize,
}

/// What the monitor sees when it asks what the threads do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Survey {
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

/// What is to be done until the next look, and when that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) places: usize,
    pub(super) pause: Duration,
}

/// The memory of the decision.
#[derive(Debug)]
pub(super) struct Growth {
    starts: u64,
    /// Since when nothing moves.
    stalled_since: Option<Instant>,
    patience: Duration,
    pause: Duration,
    /// Places that were risked. They stay while calls wait: bodies that compute for ever have the
    /// others, and these are all that is left to serve the rest.
    risked: usize,
}

impl Growth {
    pub(super) fn new() -> Self {
        Self { starts: 0, stalled_since: None, patience: FIRST_PATIENCE, pause: PAUSE, risked: 0 }
    }

    /// No calls wait.
    pub(super) fn calm(&mut self) {
        *self = Self::new();
    }

    /// How many places there should be from now on. A survey is made only if it matters.
    pub(super) fn plan(&mut self, reading: &Reading, survey: impl FnOnce() -> Survey) -> Plan {
        let Counts { active, places, .. } = reading.counts;
        if active < places {
            // Threads are still on their way.
            return Plan { places, pause: PAUSE };
        }
        let wanted = self.wanted_places(reading, survey());
        let pause = if wanted == places { self.pause } else { PAUSE };
        self.pause = LONGEST_PAUSE.min(2 * pause);
        Plan { places: wanted, pause }
    }

    fn wanted_places(&mut self, reading: &Reading, survey: Survey) -> usize {
        let Counts { active, searching, .. } = reading.counts;
        let blocked = survey.blocked.of(active);
        let computing = active - blocked;
        if self.is_impatient(reading.now, survey.starts) {
            self.risked = self.risked.max(computing.saturating_sub(reading.workers)) + 1;
        }
        let workers = reading.workers + self.risked;
        if computing < workers {
            // Whoever searches will take one of the calls.
            let left = reading.waiting.saturating_sub(searching);
            active + left.min(blocked.max(workers - computing))
        } else {
            workers + blocked
        }
    }

    /// Whether calls have waited beyond patience with none started.
    fn is_impatient(&mut self, now: Instant, starts: u64) -> bool {
        let since = *self.stalled_since.get_or_insert(now);
        if starts != self.starts {
            // The start of a call on a place that was just risked is no sign that the rest moves.
            let by_patience_alone = starts == self.starts + 1;
            if !by_patience_alone {
                self.patience = FIRST_PATIENCE;
            }
            self.starts = starts;
            self.stalled_since = Some(now);
            return false;
        }
        if now.duration_since(since) < self.patience {
            return false;
        }
        self.stalled_since = Some(now);
        self.patience = LONGEST_PATIENCE.min(2 * self.patience);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Share = Share { blocked: 16, sampled: 16 };
    const NONE: Share = Share { blocked: 0, sampled: 16 };

    fn reading(active: usize, waiting: usize) -> Reading {
        let counts = Counts { searching: 0, active, places: active };
        Reading { now: Instant::now(), waiting, counts, workers: 2 }
    }

    /// The places for `active` threads with a place each, of which `blocked` block.
    fn places(growth: &mut Growth, active: usize, waiting: usize, blocked: Share) -> usize {
        growth.plan(&reading(active, waiting), || Survey { starts: 0, blocked }).places
    }

    /// The same after a time, when so many bodies have been started.
    fn places_at(
        growth: &mut Growth,
        now: Instant,
        active: usize,
        starts: u64,
        blocked: Share,
    ) -> usize {
        let reading = Reading { now, ..reading(active, 50) };
        growth.plan(&reading, || Survey { starts, blocked }).places
    }

    #[test]
    fn blocked_bodies_are_compensated_doubling() {
        let mut growth = Growth::new();
        let mut active = 2;
        let mut looks = 0;
        while active < 10_000 {
            active = places(&mut growth, active, 10_000 - active, ALL);
            looks += 1;
        }
        assert_eq!(active, 10_000);
        assert!(looks <= 13, "{looks} looks");
    }

    #[test]
    fn computing_bodies_are_not_compensated() {
        assert_eq!(places(&mut Growth::new(), 2, 100, NONE), 2);
    }

    #[test]
    fn no_more_places_than_calls_wait() {
        assert_eq!(places(&mut Growth::new(), 100, 3, ALL), 103);
    }

    #[test]
    fn a_call_that_a_thread_searches_for_needs_no_place() {
        let mut searching = reading(100, 5);
        searching.counts.searching = 2;
        let plan = Growth::new().plan(&searching, || Survey { starts: 0, blocked: ALL });
        assert_eq!(plan.places, 103);
    }

    #[test]
    fn one_blocked_of_two_brings_one_more() {
        let half = Share { blocked: 1, sampled: 2 };
        assert_eq!(places(&mut Growth::new(), 2, 100, half), 3);
    }

    #[test]
    fn places_are_withdrawn_when_too_many_compute() {
        let tenth = Share { blocked: 1, sampled: 10 };
        assert_eq!(places(&mut Growth::new(), 100, 50, tenth), 12);
    }

    #[test]
    fn threads_on_their_way_are_waited_for_without_asking() {
        let mut starting = reading(20, 100);
        starting.counts.places = 40;
        let plan = Growth::new().plan(&starting, || panic!("nothing is to be asked"));
        assert_eq!(plan, Plan { places: 40, pause: PAUSE });
    }

    #[test]
    fn looks_that_change_nothing_become_fewer_until_something_blocks() {
        let mut growth = Growth::new();
        let mut pause = |blocked| {
            growth.plan(&reading(2, 50), || Survey { starts: 0, blocked }).pause.as_millis()
        };
        assert_eq!([NONE; 6].map(&mut pause), [1, 2, 4, 8, 8, 8]);
        assert_eq!([ALL, NONE, NONE].map(&mut pause), [1, 2, 4]);
    }

    #[test]
    fn a_stall_brings_one_thread_at_a_time_and_ever_more_slowly() {
        let mut growth = Growth::new();
        let start = Instant::now();
        let mut active = 2;
        for milliseconds in 0..10_000 {
            let now = start + Duration::from_millis(milliseconds);
            active = places_at(&mut growth, now, active, active as u64, NONE).max(active);
        }
        assert!((7..=10).contains(&active), "{active} threads after ten seconds");
    }

    #[test]
    fn a_place_that_was_risked_stays_while_calls_wait() {
        let mut growth = Growth::new();
        let start = Instant::now();
        let later = start + 2 * FIRST_PATIENCE;
        places_at(&mut growth, start, 4, 0, NONE);
        assert_eq!(places_at(&mut growth, later, 4, 0, NONE), 5);
        assert_eq!(places_at(&mut growth, later, 5, 1, NONE), 5);
        // Four compute on two workers; the fifth thread, on the place that was risked, blocks.
        let fifth = Share { blocked: 1, sampled: 5 };
        assert_eq!(places_at(&mut growth, later, 5, 1, fifth), 6);
        growth.calm();
        assert_eq!(places_at(&mut growth, later, 4, 1, NONE), 2);
    }

    #[test]
    fn progress_is_not_a_stall() {
        let mut growth = Growth::new();
        let start = Instant::now();
        for step in 0..1_000 {
            let now = start + Duration::from_millis(50 * step);
            assert_eq!(places_at(&mut growth, now, 2, 2 * step, NONE), 2);
        }
    }
}
