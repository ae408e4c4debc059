//! A body that burns CPU for a known time.

use std::hint::black_box;
use std::time::{Duration, Instant};

const CALIBRATION_ROUNDS: u64 = 500_000;
const CALIBRATIONS: usize = 20;

/// How fast this machine burns.
///
/// It is measured once and given to every contender, so that all do the same work even if the
/// machine is disturbed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    rounds_per_ms: u64,
}

impl Pace {
    /// Measures it: the best of several, as a disturbance only ever slows down.
    ///
    /// # Panics
    ///
    /// If the clock stands still.
    #[must_use]
    pub fn measure() -> Self {
        let best = (0..CALIBRATIONS)
            .map(|_| {
                let start = Instant::now();
                black_box(burn(CALIBRATION_ROUNDS));
                start.elapsed()
            })
            .min()
            .expect("there is more than one calibration");
        let rounds = u128::from(CALIBRATION_ROUNDS) * 1_000_000 / best.as_nanos().max(1);
        Self::of(u64::try_from(rounds).expect("no machine is that fast"))
    }

    /// The pace of so many rounds a millisecond.
    #[must_use]
    pub fn of(rounds_per_ms: u64) -> Self {
        Self { rounds_per_ms }
    }

    /// What [`Pace::of`] takes.
    #[must_use]
    pub fn rounds_per_ms(self) -> u64 {
        self.rounds_per_ms
    }

    /// How many rounds burn that long.
    ///
    /// # Panics
    ///
    /// If that is beyond counting.
    #[must_use]
    pub fn rounds(self, time: Duration) -> u64 {
        let rounds = u128::from(self.rounds_per_ms) * time.as_nanos() / 1_000_000;
        u64::try_from(rounds).expect("bodies burn for seconds at most")
    }
}

/// Burns so many rounds: a chain of operations, each of which needs the one before.
///
/// The result is small, so that results can be added up. The rounds are the same machine code everywhere, those
/// that were timed too: inlined into a larger function, they were seen to take 1.6 times as long.
#[inline(never)]
#[must_use]
pub fn burn(rounds: u64) -> u64 {
    let mut number = 1_u64;
    for _ in 0..rounds {
        number = black_box(number.wrapping_mul(5).wrapping_add(1));
    }
    number & 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_round_is_run() {
        // Each turns an even number into an odd one and the other way round.
        assert_eq!([0, 1, 2, 3].map(burn), [1, 0, 1, 0]);
    }

    #[test]
    fn rounds_follow_the_pace() {
        assert_eq!(Pace::of(600).rounds(Duration::from_millis(2)), 1200);
        assert_eq!(Pace::of(600).rounds(Duration::from_micros(5)), 3);
    }
}
