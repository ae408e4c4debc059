//! The search for the smallest grain that is still effective.
//!
//! The efficiency at a grain is the time that plain loops on as many threads as there are workers
//! take for the tasks, without a runtime, over the time that the runtime takes for the same tasks.
//! It falls as the grain does; where it crosses a half is the result, between two grains on a
//! logarithmic scale.

use std::hint::black_box;
use std::iter;
use std::thread;
use std::time::{Duration, Instant};

use pybackground_benches::harness::{Extra, Reading, Unit};
use pybackground_benches::measure::{nanoseconds, once, to_float};
use pybackground_benches::work::{Pace, burn};

/// How many workers each runtime is given.
pub(crate) const WORKERS: usize = 2;

const EFFECTIVE: f64 = 0.5;

/// One worker alone, were a task to cost nothing, is half as effective as two. At three quarters
/// there is no doubt that both take part.
const BEYOND_ONE_WORKER: f64 = 0.75;

/// What [`metg`] tells besides its figure.
pub(crate) const EXTRAS: &[Extra] = &[Extra { label: "at 75 %", unit: Unit::Nanoseconds }];

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
/// effective, and beside it the one at which it is well so. `round_up` tells which numbers of tasks
/// it can run.
pub(crate) fn metg(pace: Pace, round_up: fn(usize) -> usize, run: impl Fn(Tasks)) -> Reading {
    let all = pace.rounds(WORK);
    let points = sweep(pace.rounds(LARGEST), |rounds| {
        let fitting = usize::try_from(all / rounds).expect("fewer tasks than addresses");
        let count = round_up(fitting.max(FEWEST));
        Point::measure(Tasks { count, rounds }, &run)
    });
    Reading {
        figure: crossing(&points, EFFECTIVE),
        extras: vec![crossing(&points, BEYOND_ONE_WORKER)],
    }
}

/// Halves the rounds until they are no longer effective, or one.
fn sweep(largest: u64, measure: impl Fn(u64) -> Point) -> Vec<Point> {
    let halves =
        iter::successors(Some(largest), |rounds| Some(rounds / 2).filter(|half| *half > 0));
    let mut points = Vec::new();
    for rounds in halves {
        let point = measure(rounds);
        points.push(point);
        if point.efficiency < EFFECTIVE {
            break;
        }
    }
    points
}

/// The grain at which the efficiency falls below `level`; the end of the range if it is beyond.
fn crossing(points: &[Point], level: f64) -> f64 {
    match points.iter().position(|point| point.efficiency < level) {
        None => points[points.len() - 1].grain,
        Some(0) => points[0].grain,
        Some(below) => points[below - 1].crossing(points[below], level),
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
        Self { grain: ideal * to_float(WORKERS) / to_float(tasks.count), efficiency: ideal / real }
    }

    /// Where the efficiency is at `level` between this grain and a smaller one.
    fn crossing(self, smaller: Self, level: f64) -> f64 {
        let share = (self.efficiency - level) / (self.efficiency - smaller.efficiency);
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
        let times = loops.into_iter().map(|a_loop| a_loop.join().expect("no loop panics"));
        times.fold(0.0, f64::max)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crossing_lies_between_on_a_logarithmic_scale() {
        let larger = Point { grain: 400.0, efficiency: 0.6 };
        let smaller = Point { grain: 100.0, efficiency: 0.4 };
        assert!((larger.crossing(smaller, 0.5) - 200.0).abs() < 1e-6);
    }

    /// A runtime that costs so many nanoseconds a task, on a machine of a round a nanosecond.
    fn costing(cost: f64) -> impl Fn(u64) -> Point {
        move |rounds| {
            let grain = to_float(usize::try_from(rounds).unwrap());
            let efficiency = grain / (grain + cost);
            Point { grain, efficiency }
        }
    }

    #[test]
    fn the_result_is_what_a_task_costs() {
        for cost in [3.0, 1_000.0, 300_000.0] {
            let points = sweep(1_000_000, costing(cost));
            // The efficiency is a half where a task takes what it costs, and three quarters where
            // it takes three times as much.
            for (level, expected) in [(0.5, cost), (0.75, 3.0 * cost)] {
                let found = crossing(&points, level);
                assert!((found / expected - 1.0).abs() < 0.05, "{found} instead of {expected}");
            }
        }
    }

    #[test]
    fn beyond_the_range_it_is_the_end_of_the_range() {
        let free = crossing(&sweep(1_000_000, costing(0.0)), 0.5);
        assert!((free - 1.0).abs() < 1e-9, "{free}");
        let hopeless = crossing(&sweep(1_000_000, costing(1e9)), 0.5);
        assert!((hopeless - 1e6).abs() < 1e-9, "{hopeless}");
    }
}
