//! What a worker knows of a function: how many bodies it ran, how long they take, and thus how many calls to hold ahead.

use std::time::Duration;

/// How much work a worker holds beyond what it runs, so that a slot does not wait for the server.
const AHEAD: Duration = Duration::from_millis(50);

/// How many calls of a function it holds beyond those that run at most.
const MOST_AHEAD: usize = 256;

/// The shortest time that is believed of a call.
const SHORTEST: Duration = Duration::from_micros(50);

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// How many calls wait for a slot, at all depths.
    pub(super) waiting: u64,
    /// How many bodies run.
    pub(super) running: u64,
    /// How many calls were finished.
    pub(super) finished: u64,
    /// For how long finished calls had a slot, in all.
    pub(super) busy: Duration,
    /// For how long a call has a slot, by the last ones.
    average: Option<Duration>,
}

impl Tally {
    /// A call had a slot for so long.
    pub(super) fn end(&mut self, had: Duration, is_finished: bool) {
        self.running -= 1;
        if !is_finished {
            return;
        }
        self.finished += 1;
        self.busy += had;
        self.average = Some(self.average.map_or(had, |average| (average * 7 + had) / 8));
    }

    /// Returns how many calls to hold beyond those that run, once it is known how long they take.
    pub(super) fn ahead(&self, slots: usize) -> usize {
        let Some(average) = self.average else { return 0 };
        let each = AHEAD.as_nanos() / average.max(SHORTEST).as_nanos();
        usize::try_from(each).unwrap_or(MOST_AHEAD).saturating_mul(slots).min(MOST_AHEAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(calls: &[Duration]) -> Tally {
        let mut tally = Tally::default();
        for had in calls {
            tally.running += 1;
            tally.end(*had, true);
        }
        tally
    }

    #[test]
    fn work_ahead_is_50_ms_for_each_slot() {
        let ms = Duration::from_millis;
        assert_eq!(after(&[]).ahead(2), 0, "nothing is known");
        assert_eq!(after(&[ms(5)]).ahead(2), 20);
        assert_eq!(after(&[ms(51)]).ahead(2), 0, "a slot is busy for longer");
        assert_eq!(after(&[Duration::ZERO]).ahead(2), MOST_AHEAD);
    }

    #[test]
    fn long_calls_shorten_the_work_ahead() {
        let ms = Duration::from_millis;
        let mut tally = after(&[ms(1); 10]);
        assert_eq!(tally.ahead(1), 50);
        for _ in 0..20 {
            tally.running += 1;
            tally.end(ms(100), true);
        }
        assert_eq!(tally.ahead(1), 0);
    }

    #[test]
    fn only_finished_calls_count() {
        let mut tally = after(&[Duration::from_millis(5)]);
        tally.running += 1;
        tally.end(Duration::ZERO, false);
        assert_eq!((tally.running, tally.finished, tally.ahead(1)), (0, 1, 10));
    }
}
