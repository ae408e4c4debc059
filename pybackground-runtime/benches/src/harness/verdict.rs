//! Medians, ratios, and whether the bars are met.

use super::row::{Against, Bar, Contender, Kind, Reading, Row};
use super::sample::{Miss, Sample};
use super::unit::ratio;
use crate::measure::median;

/// The samples of one contender.
#[derive(Debug)]
pub(super) struct Cell<'a> {
    contender: &'a Contender,
    readings: Vec<Reading>,
    /// Why there are no more.
    ended: Option<Miss>,
}

/// All contenders of a row, and how they compare.
#[derive(Debug)]
pub(super) struct Verdicts<'a> {
    pub(super) row: &'a Row,
    pub(super) lines: Vec<Verdict<'a>>,
}

/// How one contender compares.
#[derive(Debug)]
pub(super) struct Verdict<'a> {
    pub(super) contender: &'a Contender,
    /// The median reading, or why there is none.
    pub(super) reading: Sample,
    /// The least and the most of the figures, if there are several.
    pub(super) range: Option<(f64, f64)>,
    pub(super) ratio: Option<f64>,
    /// Each bar in words and whether it is met; `None` if that cannot be told.
    pub(super) bars: Vec<(String, Option<bool>)>,
}

impl<'a> Cell<'a> {
    pub(super) fn new(contender: &'a Contender) -> Self {
        Self { contender, readings: Vec::new(), ended: None }
    }

    pub(super) fn contender(&self) -> &'a Contender {
        self.contender
    }

    pub(super) fn name(&self) -> &'static str {
        self.contender.name
    }

    pub(super) fn goes_on(&self) -> bool {
        self.ended.is_none()
    }

    pub(super) fn add(&mut self, sample: Sample) {
        match sample {
            Ok(reading) => self.readings.push(reading),
            Err(miss) => self.ended = Some(miss),
        }
    }

    fn median(&self) -> Sample {
        if let Some(miss) = &self.ended {
            return Err(miss.clone());
        }
        let figures = self.readings.iter().map(|reading| reading.figure);
        let extras = self.readings.first().map_or(0, |first| first.extras.len());
        Ok(Reading {
            figure: median(figures.collect()),
            extras: (0..extras)
                .map(|index| median(self.readings.iter().map(|r| r.extras[index]).collect()))
                .collect(),
        })
    }

    fn range(&self) -> Option<(f64, f64)> {
        if self.ended.is_some() || self.readings.len() < 2 {
            return None;
        }
        let figures = self.readings.iter().map(|reading| reading.figure);
        let least = figures.clone().fold(f64::INFINITY, f64::min);
        let most = figures.fold(f64::NEG_INFINITY, f64::max);
        Some((least, most))
    }
}

impl<'a> Verdicts<'a> {
    pub(super) fn of(row: &'a Row, cells: &[Cell<'a>]) -> Self {
        let medians: Vec<_> = cells.iter().map(Cell::median).collect();
        let figures: Vec<Option<f64>> = medians
            .iter()
            .map(|median| median.as_ref().ok().map(|reading| reading.figure))
            .collect();
        let lines = cells.iter().zip(medians).enumerate();
        let lines = lines.map(|(index, (cell, reading))| {
            let base = base(row.against, cells, &figures, index);
            let ratio = match (&reading, base) {
                (Ok(reading), Some(base)) => Some(reading.figure / base),
                _ => None,
            };
            let bars = row.bars.iter().filter(|bar| applies(**bar, row, cell.contender, index));
            let bars = bars.map(|bar| judge(row, *bar, &reading, ratio)).collect();
            Verdict { contender: cell.contender, range: cell.range(), reading, ratio, bars }
        });
        Self { row, lines: lines.collect() }
    }

    /// Whether pybackground panicked, died or hung.
    pub(super) fn has_failure_of_ours(&self) -> bool {
        self.lines.iter().any(|line| {
            line.contender.kind == Kind::Ours && matches!(line.reading, Err(Miss::Failed(_)))
        })
    }
}

/// The figure that the one at `index` is compared with.
fn base(
    against: Against,
    cells: &[Cell<'_>],
    figures: &[Option<f64>],
    index: usize,
) -> Option<f64> {
    match against {
        Against::BestPeer => cells
            .iter()
            .zip(figures)
            .filter(|(cell, _)| cell.contender.kind == Kind::Peer)
            .filter_map(|(_, figure)| *figure)
            .min_by(f64::total_cmp),
        Against::Contender(name) => {
            let position = cells.iter().position(|cell| cell.name() == name)?;
            figures[position]
        }
        Against::Before => figures[index.checked_sub(1)?],
        Against::Nothing => None,
    }
}

/// Whether a bar is for the contender at `index`: it is for us, and not for the first of several
/// sizes if it compares each with the one before.
fn applies(bar: Bar, row: &Row, contender: &Contender, index: usize) -> bool {
    let is_first_size =
        matches!((bar, row.against), (Bar::Ratio(_), Against::Before)) && index == 0;
    contender.kind == Kind::Ours && !is_first_size
}

fn judge(row: &Row, bar: Bar, reading: &Sample, to_base: Option<f64>) -> (String, Option<bool>) {
    let reading = reading.as_ref().ok();
    let extra = |index: usize| reading.map(|reading| reading.extras[index]);
    let in_words = |index: usize, sign: &str, limit: f64| {
        let extra = &row.extras[index];
        format!("{} {sign} {}", extra.label, extra.unit.show(limit))
    };
    match bar {
        Bar::Ratio(most) => {
            let to = match row.against {
                Against::BestPeer => "the best peer",
                Against::Contender(name) => name,
                Against::Before => "the row before",
                Against::Nothing => "nothing",
            };
            (format!("≤ {} × {to}", ratio(most)), to_base.map(|ratio| ratio <= most))
        }
        Bar::Figure(most) => {
            (format!("≤ {}", row.unit.show(most)), reading.map(|reading| reading.figure <= most))
        }
        Bar::ExtraAtMost(index, most) => {
            (in_words(index, "≤", most), extra(index).map(|extra| extra <= most))
        }
        Bar::ExtraAtLeast(index, least) => {
            (in_words(index, "≥", least), extra(index).map(|extra| extra >= least))
        }
    }
}
