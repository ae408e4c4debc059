//! The search for the smallest grain that is still effective.
//!
//! The efficiency at a grain is the time that plain loops on as many threads as there are workers
//! take for the tasks, without a runtime, over the time that the runtime takes for the same tasks.
//! It falls as the grain does; where it crosses a half is the result, between two grains on a
//! logarithmic scale.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use pybackground_benches::measure::{nanoseconds, once, to_float};
use pybackground_benches::work::{Pace, burn};

/// How many workers each runtime is given.
pub(crate) const WORKERS: usize = 2;

const EFFECTIVE: f64 = 0.5;

/// The grain to begin with, which every runtime can make use of. Each next is half of it.
const LARGEST: Duration = Duration::from_millis(1);

/// How long the tasks of one measurement take in all, on one thread; and their least number.
const WORK: Duration = Duration::from_millis(30);
const FEWEST: usize = 128;

/// The best of so many is taken, as disturbances only ever slow down.
const TRIES: usize = 3;

/// One task of so many rounds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tasks {
    pub(crate) count: usize,
    pub(crate) rounds: u64,
}

/// The smallest grain in nanoseconds at which `run`, which runs the tasks that it is given, is
/// effective. `round_up` tells which numbers of tasks it can run.
pub(crate) fn metg(pace: Pace, round_up: fn(usize) -> usize, run: impl Fn(Tasks)) -> f64 {
    let largest = pace.rounds(LARGEST);
    let all = pace.rounds(WORK);
    let mut larger: Option<Point> = None;
    let mut rounds = largest;
    loop {
        let fitting = usize::try_from(all / rounds).expect("rounds are at least one");
        let count = round_up(fitting.max(FEWEST));
        let point = Point::measure(Tasks { count, rounds }, &run);
        match larger {
            _ if point.efficiency >= EFFECTIVE && rounds == 1 => return point.grain,
            _ if point.efficiency >= EFFECTIVE => {}
            Some(larger) => return larger.crossing(point),
            None => return point.grain,
        }
        larger = Some(point);
        rounds /= 2;
    }
}

/// The efficiency at a grain.
#[derive(Clone, Copy, Debug)]
struct Point {
    grain: f64,
    efficiency: f64,
}

impl Point {
    fn measure(tasks: Tasks, run: impl Fn(Tasks)) -> Self {
        let mut ideal = f64::INFINITY;
        let mut real = f64::INFINITY;
        // In turn, so that a drift of the machine hits both.
        for _ in 0..TRIES {
            ideal = ideal.min(without_runtime(tasks));
            real = real.min(once(|| run(tasks)));
        }
        Self {
            grain: ideal * to_float(WORKERS) / to_float(tasks.count),
            efficiency: ideal / real,
        }
    }

    /// Where the efficiency is a half between this grain and a smaller one.
    fn crossing(self, smaller: Self) -> f64 {
        let share = (self.efficiency - EFFECTIVE) / (self.efficiency - smaller.efficiency);
        self.grain * (smaller.grain / self.grain).powf(share)
    }
}

/// The time that loops on all workers take for the tasks, in nanoseconds. Each clocks itself, so
/// that the start of the threads does not count.
fn without_runtime(tasks: Tasks) -> f64 {
    thread::scope(|scope| {
        let loops: Vec<_> = (0..WORKERS)
            .map(|_| {
                scope.spawn(|| {
                    let start = Instant::now();
                    for _ in 0..tasks.count.div_ceil(WORKERS) {
                        black_box(burn(black_box(tasks.rounds)));
                    }
                    nanoseconds(start.elapsed())
                })
            })
            .collect();
        let times = loops
            .into_iter()
            .map(|a_loop| a_loop.join().expect("no loop panics"));
        times.fold(0.0, f64::max)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crossing_lies_between_on_a_logarithmic_scale() {
        let larger = Point {
            grain: 400.0,
            efficiency: 0.6,
        };
        let smaller = Point {
            grain: 100.0,
            efficiency: 0.4,
        };
        assert!((larger.crossing(smaller) - 200.0).abs() < 1e-6);
    }

    #[test]
    fn a_cost_a_task_as_large_as_the_grain_is_found() {
        // One thread that needs as long again for each task as the task itself: with two workers
        // it is half as effective as can be only where the cost is nothing; so the grain found is
        // the largest. Without any cost and on two threads it is the smallest.
        let pace = Pace::measure();
        let alone = |tasks: Tasks| {
            for _ in 0..2 * tasks.count {
                black_box(burn(tasks.rounds));
            }
        };
        let found = metg(pace, |count| count, alone);
        assert!(found > 100_000.0, "{found} ns");
        let free = |tasks: Tasks| {
            without_runtime(tasks);
        };
        assert!(metg(pace, |count| count, free) < 100_000.0);
    }
}
