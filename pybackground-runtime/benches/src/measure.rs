//! Timing a piece of code, and the statistics of it.

use std::time::{Duration, Instant};

/// How long [`per_unit`] goes on, at least.
const LONG_ENOUGH: Duration = Duration::from_millis(150);

/// Nanoseconds a unit of `pass`, which does `units` of them, repeated until the clock is no matter.
pub fn per_unit(units: usize, mut pass: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut passes = 0;
    loop {
        pass();
        passes += 1;
        let elapsed = start.elapsed();
        if elapsed >= LONG_ENOUGH {
            return nanoseconds(elapsed) / to_float(units * passes);
        }
    }
}

/// How long `f` takes, in nanoseconds.
pub fn once(f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    nanoseconds(start.elapsed())
}

/// A duration in nanoseconds, as a number to calculate with.
#[must_use]
pub fn nanoseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e9
}

/// A count as a number to calculate with.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "no count here comes near 2 to the power of 52")]
pub fn to_float(count: usize) -> f64 {
    count as f64
}

/// The middle one, or the mean of the middle two.
///
/// # Panics
///
/// If there are none.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    }
}

/// The number that so many of a thousand do not exceed; `numbers` are in ascending order.
///
/// # Panics
///
/// If there are none.
#[must_use]
pub fn per_mille(numbers: &[f64], share: usize) -> f64 {
    let rank = (numbers.len() * share).div_ceil(1000);
    numbers[rank.max(1) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_middle_two() {
        assert!((median(vec![9.0, 1.0, 5.0]) - 5.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 9.0, 2.0]) - 3.0).abs() < 1e-9);
    }

    #[test]
    fn a_percentile_is_a_number_that_was_measured() {
        let numbers: Vec<f64> = (1..=1000).map(to_float).collect();
        for (share, expected) in [(500, 500.0), (990, 990.0), (999, 999.0), (1000, 1000.0)] {
            assert!((per_mille(&numbers, share) - expected).abs() < 1e-9);
        }
        assert!((per_mille(&[7.0], 1) - 7.0).abs() < 1e-9);
    }

    #[test]
    fn the_figure_times_all_units_is_the_time_that_passed() {
        let mut passes = 0;
        let figure = per_unit(7, || passes += 1);
        assert!(figure * to_float(7 * passes) >= 0.999 * nanoseconds(LONG_ENOUGH));
    }
}
