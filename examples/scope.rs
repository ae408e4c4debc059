//! Closures that borrow: a plate is heated, in bands, and no band is copied.
//!
//! Each step reads the plate as it was and writes the next into bands that do not overlap, one closure
//! a band; the closures borrow both from `main`. Run with `cargo run --release --example scope`.

use std::time::{Duration, Instant};

use pybackground::{Lazy, scope};

/// The plate is square and held at 0 at its edges, and at 100 where the burner is.
const SIDE: usize = 1000;
const BURNER: std::ops::Range<usize> = SIDE * 2 / 5..SIDE * 3 / 5;
const STEPS: usize = 40;
const BANDS: usize = 8;

/// What a band comes to in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Report {
    warm: usize,
    largest_change: f32,
}

impl Report {
    const NOTHING: Self = Self { warm: 0, largest_change: 0.0 };

    fn and(self, other: Self) -> Self {
        Self {
            warm: self.warm + other.warm,
            largest_change: self.largest_change.max(other.largest_change),
        }
    }
}

/// Writes the rows from `first` on into `band`: each place becomes the mean of its neighbours.
fn heat(plate: &[f32], band: &mut [f32], first: usize) -> Report {
    let mut report = Report::NOTHING;
    for (y, row) in (first..).zip(band.chunks_mut(SIDE)) {
        for (x, place) in row.iter_mut().enumerate() {
            let at = y * SIDE + x;
            *place = if [x, y].iter().any(|edge| [0, SIDE - 1].contains(edge)) {
                0.0
            } else if BURNER.contains(&x) && BURNER.contains(&y) {
                100.0
            } else {
                (plate[at - 1] + plate[at + 1] + plate[at - SIDE] + plate[at + SIDE]) / 4.0
            };
            let change = (*place - plate[at]).abs();
            report = report.and(Report { warm: usize::from(*place > 0.5), largest_change: change });
        }
    }
    report
}

/// One step after the other, each by `step`, which writes the second plate from the first.
fn run(step: impl Fn(&[f32], &mut [f32]) -> Report) -> (Vec<Report>, Duration) {
    let start = Instant::now();
    let (mut plate, mut next) = (vec![0.0; SIDE * SIDE], vec![0.0; SIDE * SIDE]);
    let reports = (0..STEPS)
        .map(|_| {
            let report = step(&plate, &mut next);
            std::mem::swap(&mut plate, &mut next);
            report
        })
        .collect();
    (reports, start.elapsed())
}

fn in_bands(plate: &[f32], next: &mut [f32]) -> Report {
    let rows = SIDE / BANDS;
    scope(|s| {
        let bands = next.chunks_mut(rows * SIDE).enumerate();
        let reports: Vec<Lazy<Report>> =
            bands.map(|(n, band)| s.spawn(move || heat(plate, band, n * rows))).collect();
        reports.iter().fold(Report::NOTHING, |sum, report| sum.and(**report))
    })
}

fn main() {
    println!("a plate of {SIDE} × {SIDE} places, {STEPS} steps, {BANDS} bands");
    let (alone, time_alone) = run(|plate, next| heat(plate, next, 0));
    let (in_bands, time_in_bands) = run(in_bands);
    for step in [0, STEPS / 2, STEPS - 1] {
        let Report { warm, largest_change } = in_bands[step];
        println!(
            "step {:>2}: {warm} places are warm, the largest change is {largest_change:.3}",
            step + 1
        );
    }
    assert_eq!(alone, in_bands, "the bands come to the same as the whole");
    let (alone, in_bands) = (time_alone.as_secs_f64(), time_in_bands.as_secs_f64());
    println!("one after the other: {alone:.3} s, in bands: {in_bands:.3} s");
    println!("speed-up: {:.2}", alone / in_bands);
}
