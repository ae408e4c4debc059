//! Rows, contenders and bars; runs that alternate; the table.
//!
//! A program is a list of [`Row`]s given to [`main`]. Each sample of each contender is taken in a
//! process of its own, so that no pool's threads, memory or warmth are another's, and so that a
//! contender that hangs or dies costs a cell and not the table. The samples alternate (A B C A B C),
//! so that a drift of the machine hits all alike; what is shown is the median.
//!
//! | file | subject |
//! |---|---|
//! | `row` | what is measured and what is to be reached |
//! | `options` | the command line |
//! | `sample` | taking one sample, on both sides of the process boundary |
//! | `verdict` | medians, ratios, and whether the bars are met |
//! | `table` | cells into a table, for a terminal or as Markdown |
//! | `unit` | how a number is written |

mod options;
mod row;
mod sample;
mod table;
mod unit;
mod verdict;

use std::process::ExitCode;

pub use self::row::{
    Against, Bar, Contender, Extra, Kind, Reading, Row, Run, ours, peer, reference,
};
pub use self::unit::Unit;
use crate::work::Pace;
use options::{Asked, Options};
use verdict::{Cell, Verdicts};

/// Runs a benchmark program: `rows` are what it can measure, `runs` how often it does by default.
///
/// It succeeds whether or not bars are met: this is a measurement and not a test. It fails if the
/// command line is not understood or if pybackground itself panics, dies or hangs.
#[must_use]
pub fn main(rows: &[Row], runs: usize) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(sample) = sample::asked_for(&arguments) {
        return sample::take_here(rows, &sample);
    }
    match options::parse(&arguments, rows, runs) {
        Ok(Asked::ToMeasure(options)) => measure(rows, &options),
        Ok(Asked::ToTell(text)) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn measure(rows: &[Row], options: &Options) -> ExitCode {
    let pace = Pace::measure();
    let mut verdicts = Vec::new();
    for row in rows.iter().filter(|row| options.wants_row(row)) {
        let contenders: Vec<&Contender> =
            row.contenders.iter().filter(|contender| options.wants_contender(contender)).collect();
        let cells = alternate(row, &contenders, options.runs(), pace);
        verdicts.push(Verdicts::of(row, &cells));
    }
    println!("{}", table::machine(options.runs()));
    println!("{}", table::render(&verdicts, options.markdown()));
    if verdicts.iter().any(Verdicts::has_failure_of_ours) {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Takes the samples of a row in turn.
fn alternate<'a>(
    row: &Row,
    contenders: &[&'a Contender],
    runs: usize,
    pace: Pace,
) -> Vec<Cell<'a>> {
    let mut cells: Vec<Cell<'a>> =
        contenders.iter().map(|contender| Cell::new(contender)).collect();
    for run in 1..=runs {
        for cell in cells.iter_mut().filter(|cell| cell.goes_on()) {
            eprintln!("{}: {}, run {run} of {runs}", row.key, cell.name());
            cell.add(sample::take(row, cell.contender(), pace));
        }
    }
    cells
}
