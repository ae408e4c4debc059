//! The command line.

use super::row::{Contender, Row};

const HELP: &str = "\
Options:
  --rows KEY[,KEY]   only these rows
  --only NAME        only contenders whose name contains this
  --runs N           samples of each contender; the median is shown
  --markdown         the table as Markdown
  --list             the keys of the rows
  --help             this";

/// What to measure.
#[derive(Debug)]
pub(super) struct Options {
    rows: Option<Vec<String>>,
    only: Option<String>,
    runs: usize,
    markdown: bool,
}

/// What the command line asks for.
#[derive(Debug)]
pub(super) enum Asked {
    ToMeasure(Options),
    ToTell(String),
}

impl Options {
    pub(super) fn wants_row(&self, row: &Row) -> bool {
        let keys = self.rows.as_ref();
        keys.is_none_or(|keys| keys.iter().any(|key| key == row.key))
    }

    pub(super) fn wants_contender(&self, contender: &Contender) -> bool {
        let part = self.only.as_ref();
        part.is_none_or(|part| contender.name.contains(part))
    }

    pub(super) fn runs(&self) -> usize {
        self.runs
    }

    pub(super) fn markdown(&self) -> bool {
        self.markdown
    }
}

pub(super) fn parse(arguments: &[String], rows: &[Row], runs: usize) -> Result<Asked, String> {
    let mut options = Options { rows: None, only: None, runs, markdown: false };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments.next().cloned().ok_or_else(|| format!("{argument} needs a value\n\n{HELP}"))
        };
        match argument.as_str() {
            "--rows" => options.rows = Some(known_keys(&value()?, rows)?),
            "--only" => options.only = Some(value()?),
            "--runs" => options.runs = number_of_runs(&value()?)?,
            "--markdown" => options.markdown = true,
            "--list" => return Ok(Asked::ToTell(list(rows))),
            "--help" => return Ok(Asked::ToTell(HELP.to_owned())),
            // What `cargo bench` adds.
            "--bench" => {}
            _ => return Err(format!("there is no option {argument}\n\n{HELP}")),
        }
    }
    Ok(Asked::ToMeasure(options))
}

fn known_keys(keys: &str, rows: &[Row]) -> Result<Vec<String>, String> {
    keys.split(',')
        .map(|key| match rows.iter().find(|row| row.key == key) {
            Some(row) => Ok(row.key.to_owned()),
            None => Err(format!("there is no row {key}; the rows are\n{}", list(rows))),
        })
        .collect()
}

fn number_of_runs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(runs) if runs > 0 => Ok(runs),
        _ => Err(format!("--runs is {text}; it has to be 1 or more")),
    }
}

fn list(rows: &[Row]) -> String {
    let lines: Vec<String> =
        rows.iter().map(|row| format!("  {:<14} {}", row.key, row.title)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::row::{Against, Kind, Reading, Run, ours};
    use super::super::unit::Unit;
    use super::*;

    const ROWS: &[Row] = &[row("fib"), row("sleep")];

    const fn row(key: &'static str) -> Row {
        Row {
            key,
            title: "work",
            unit: Unit::Nanoseconds,
            extras: &[],
            against: Against::BestPeer,
            bars: &[],
            contenders: &[],
        }
    }

    fn options(line: &str) -> Result<Options, String> {
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        match parse(&arguments, ROWS, 5)? {
            Asked::ToMeasure(options) => Ok(options),
            Asked::ToTell(text) => Err(text),
        }
    }

    #[test]
    fn everything_is_measured_by_default() {
        let options = options("").unwrap();
        assert!(ROWS.iter().all(|row| options.wants_row(row)));
        assert!(options.wants_contender(&ours("x", |_| Reading::from(1.0))));
        assert_eq!(options.runs(), 5);
    }

    #[test]
    fn rows_and_contenders_can_be_picked() {
        let options = options("--rows sleep --only tokio --runs 3 --markdown").unwrap();
        assert!(!options.wants_row(&ROWS[0]));
        assert!(options.wants_row(&ROWS[1]));
        let tokio = Contender {
            name: "tokio::spawn",
            kind: Kind::Peer,
            run: Run::Here(|_| Reading::from(1.0)),
        };
        assert!(options.wants_contender(&tokio));
        assert!(!options.wants_contender(&ours("x", |_| Reading::from(1.0))));
        assert_eq!(options.runs(), 3);
        assert!(options.markdown());
    }

    #[test]
    fn what_is_not_understood_is_named() {
        for (line, message) in [
            ("--rows fob", "there is no row fob"),
            ("--runs 0", "--runs is 0"),
            ("--runs", "--runs needs a value"),
            ("--fast", "there is no option --fast"),
        ] {
            let error = options(line).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
