//! How long a thread looks for something before it parks.
//!
//! A thread that spins or yields for a moment is there as soon as what it waits for is. If other threads of the
//! machine want the processor, however, a yield hands it to one of them for a whole time slice, some milliseconds,
//! where a thread that is woken from a park gets it at once. So a yield that took long is followed by waits
//! that park, as many of them as cost about what the yield has cost. A machine that is always busy then pays for few
//! yields, and one that was busy for a moment for few parks.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use crate::sync::IS_MODEL;

/// What a park costs more than a yield that hands the processor to the right thread.
const PARK: Duration = Duration::from_micros(2);

/// A yield that took longer was not one time slice: the program or the machine stood still.
const LONGEST: Duration = Duration::from_millis(100);

pub(super) struct Patience {
    /// While a thread spins, no other runs.
    has_one_processor: bool,
    /// So many of the next waits do not yield.
    parks: AtomicU32,
}

impl Patience {
    pub(super) fn new() -> Self {
        let processors = available_parallelism();
        let has_one_processor = !IS_MODEL && processors.is_ok_and(|count| count.get() == 1);
        Self { has_one_processor, parks: AtomicU32::new(0) }
    }

    /// How often a wait spins and yields before it parks, if usually so often. On one processor it yields once,
    /// which hands the processor over to the thread it waits for.
    #[inline]
    pub(super) fn of_a_wait(&self, spins: usize, yields: usize) -> (usize, usize) {
        // ORDERING: an estimate; a lost update is a park more or less.
        let parks = self.parks.load(Ordering::Relaxed);
        if parks > 0 {
            self.parks.store(parks - 1, Ordering::Relaxed);
        }
        let yields = if parks > 0 { 0 } else { yields };
        if self.has_one_processor { (0, yields.min(1)) } else { (spins, yields) }
    }

    /// A yield has taken so long because others had the processor.
    #[cold]
    pub(super) fn yielded_for(&self, time: Duration) {
        let parks = time.min(LONGEST).as_micros() / PARK.as_micros();
        self.parks.store(u32::try_from(parks).unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(has_one_processor: bool) -> Patience {
        Patience { has_one_processor, parks: AtomicU32::new(0) }
    }

    #[test]
    fn wait_yields_once_on_one_processor_and_does_not_spin() {
        assert_eq!(patience(true).of_a_wait(100, 20), (0, 1));
        assert_eq!(patience(false).of_a_wait(100, 20), (100, 20));
    }

    #[test]
    fn waits_after_a_long_yield_park_until_they_have_cost_as_much() {
        for (has_one_processor, usual, parks) in [(true, (0, 1), (0, 0)), (false, (9, 9), (9, 0))] {
            let patience = patience(has_one_processor);
            patience.yielded_for(PARK * 3);
            let waits = [(); 5].map(|()| patience.of_a_wait(9, 9));
            assert_eq!(waits, [parks, parks, parks, usual, usual]);
        }
    }

    #[test]
    fn longest_yield_is_followed_by_a_bounded_number_of_parks() {
        let patience = patience(true);
        patience.yielded_for(Duration::MAX);
        assert_eq!(patience.of_a_wait(9, 9), (0, 0));
        assert_eq!(patience.parks.load(Ordering::Relaxed), 49_999);
    }
}
