//! Cells into a table, for a terminal or as Markdown.

use super::sample::Miss;
use super::unit::ratio;
use super::verdict::{Verdict, Verdicts};

const HEADER: [&str; COLUMNS] =
    ["work", "who", "figure", "range", "ratio", "to reach", "met", "also"];
const COLUMNS: usize = 8;

type Line = [String; COLUMNS];

/// What the figures depend on besides the code.
pub(super) fn machine(runs: usize) -> String {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let (system, kind) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{processors} processors, {system} {kind}; medians of {runs}\n")
}

pub(super) fn render(rows: &[Verdicts<'_>], markdown: bool) -> String {
    let mut lines: Vec<Line> = vec![HEADER.map(str::to_owned)];
    for row in rows {
        for (index, verdict) in row.lines.iter().enumerate() {
            // The work is said once; what follows is the same.
            let title = if index == 0 { row.row.title } else { "" };
            lines.push(line(row, verdict, title));
        }
    }
    if markdown { as_markdown(&lines) } else { as_text(&lines) }
}

fn line(row: &Verdicts<'_>, verdict: &Verdict<'_>, title: &str) -> Line {
    let (figure, also) = match &verdict.reading {
        Ok(reading) => {
            let extras = row.row.extras.iter().zip(&reading.extras);
            let extras = extras
                .map(|(extra, number)| format!("{} {}", extra.label, extra.unit.show(*number)));
            (row.row.unit.show(reading.figure), extras.collect())
        }
        Err(Miss::Skipped(why)) => ("skipped".to_owned(), vec![why.clone()]),
        Err(Miss::Failed(why)) => ("failed".to_owned(), vec![why.clone()]),
    };
    let bars = verdict.bars.iter();
    let met = bars.clone().map(|(_, met)| match met {
        Some(true) => "yes",
        Some(false) => "no",
        None => "?",
    });
    [
        title.to_owned(),
        verdict.contender.name.to_owned(),
        figure,
        verdict.range.map(|range| row.row.unit.show_range(range)).unwrap_or_default(),
        verdict.ratio.map(ratio).unwrap_or_default(),
        bars.map(|(words, _)| words.as_str()).collect::<Vec<_>>().join(", "),
        met.collect::<Vec<_>>().join(", "),
        also.join(", "),
    ]
}

fn as_markdown(lines: &[Line]) -> String {
    let row = |cells: &Line| {
        format!("| {} |", cells.each_ref().map(|cell| cell.replace('|', "\\|")).join(" | "))
    };
    let mut text: Vec<String> = lines.iter().map(row).collect();
    text.insert(1, "|---|---|--:|--:|--:|---|---|---|".to_owned());
    text.join("\n")
}

fn as_text(lines: &[Line]) -> String {
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let text = lines.iter().map(|line| {
        let cells =
            line.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
                2..=4 => format!("{cell:>width$}"),
                _ => format!("{cell:<width$}"),
            });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    });
    text.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::row::{
        Against, Bar, Contender, Extra, Reading, Row, Run, ours, peer, reference,
    };
    use super::super::sample::Sample;
    use super::super::unit::Unit;
    use super::super::verdict::Cell;
    use super::*;

    const CONTENDERS: &[Contender] = &[
        ours("pybackground", |_| Reading::from(0.0)),
        peer("slow", |_| Reading::from(0.0)),
        peer("fast", |_| Reading::from(0.0)),
        reference("go", Run::Go("fib")),
    ];

    const ROW: Row = Row {
        key: "fib",
        title: "recursive fib",
        unit: Unit::Nanoseconds,
        extras: &[Extra { label: "threads", unit: Unit::Count }],
        against: Against::BestPeer,
        bars: &[Bar::Ratio(0.5), Bar::ExtraAtMost(0, 2.0)],
        contenders: CONTENDERS,
    };

    fn reading(figure: f64, threads: f64) -> Reading {
        let extras = vec![threads];
        Reading { figure, extras }
    }

    fn verdicts(samples: &[Vec<Sample>]) -> Verdicts<'static> {
        let cells = CONTENDERS.iter().zip(samples).map(|(contender, samples)| {
            let mut cell = Cell::new(contender);
            samples.iter().cloned().for_each(|sample| cell.add(sample));
            cell
        });
        Verdicts::of(&ROW, &cells.collect::<Vec<_>>())
    }

    #[test]
    fn a_row_shows_medians_against_the_best_peer_and_judges_only_ours() {
        let verdicts = verdicts(&[
            vec![Ok(reading(40.0, 3.0)), Ok(reading(38.0, 3.0)), Ok(reading(90.0, 3.0))],
            vec![Ok(reading(400.0, 2.0))],
            vec![Ok(reading(100.0, 2.0))],
            vec![Err(Miss::Skipped("go is not installed".to_owned()))],
        ]);
        assert!(!verdicts.has_failure_of_ours());
        let text = render(&[verdicts], true);
        assert_eq!(
            text.lines().skip(2).collect::<Vec<_>>(),
            [
                "| recursive fib | pybackground | 40.0 ns | 38.0 to 90.0 | 0.40 | ≤ 0.50 × the best peer, threads ≤ 2 | yes, no | threads 3 |",
                "|  | slow | 400 ns |  | 4.00 |  |  | threads 2 |",
                "|  | fast | 100 ns |  | 1.00 |  |  | threads 2 |",
                "|  | go | skipped |  |  |  |  | go is not installed |",
            ]
        );
    }

    #[test]
    fn a_contender_that_fails_once_has_failed() {
        let failed = Err(Miss::Failed("it panicked".to_owned()));
        let ours = verdicts(&[vec![Ok(reading(40.0, 3.0)), failed.clone()]]);
        assert!(ours.has_failure_of_ours());
        assert!(render(&[ours], false).contains("failed"));
        let theirs = verdicts(&[vec![Ok(reading(40.0, 3.0))], vec![failed]]);
        assert!(!theirs.has_failure_of_ours());
        let text = render(&[theirs], true);
        assert!(text.contains("≤ 0.50 × the best peer, threads ≤ 2 | ?, no"), "{text}");
    }

    #[test]
    fn sizes_are_compared_with_the_size_before() {
        let row = Row { against: Against::Before, bars: &[Bar::Ratio(2.0)], extras: &[], ..ROW };
        let cells = [10.0, 15.0, 60.0].map(|figure| {
            let mut cell = Cell::new(&CONTENDERS[0]);
            cell.add(Ok(Reading::from(figure)));
            cell
        });
        let verdicts = Verdicts::of(&row, &cells);
        let ratios: Vec<_> = verdicts.lines.iter().map(|line| line.ratio).collect();
        assert_eq!(ratios, [None, Some(1.5), Some(4.0)]);
        let met: Vec<Vec<_>> = verdicts
            .lines
            .iter()
            .map(|line| line.bars.iter().map(|(_, met)| *met).collect())
            .collect();
        assert_eq!(met, [vec![], vec![Some(true)], vec![Some(false)]]);
    }
}
