//! Parses files with a parser that cannot be trusted, and survives it: each call has a process of its own, two seconds
//! and 128 MiB.
//!
//! ```text
//! cargo run --release -p isolate -- FILE..    summaries of bencoded files, such as `.torrent`
//! cargo run --release -p isolate -- --demo    the same of valid and hostile inputs
//! ```
//!
//! The parser is in `bencode.rs`.

mod bencode;
mod demo;

use std::fmt;
use std::process::ExitCode;

use pybackground::{Error, Lazy, background};
use serde::{Deserialize, Serialize};

use bencode::Value;

/// The summary of an input.
#[derive(Serialize, Deserialize)]
struct Summary {
    values: usize,
    depth: usize,
    text: usize,
    largest: i64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { values, depth, text, largest } = self;
        write!(f, "{values} values, {depth} deep, {text} bytes of text, at most {largest}")
    }
}

impl Summary {
    fn of(value: &Value) -> Self {
        let alone = Self { values: 1, depth: 1, text: 0, largest: 0 };
        let inner: Vec<&Value> = match value {
            Value::Integer(number) => return Self { largest: *number, ..alone },
            Value::Text(text) => return Self { text: text.len(), ..alone },
            Value::List(values) => values.iter().collect(),
            Value::Dictionary(entries) => entries.iter().map(|(_, value)| value).collect(),
        };
        inner.into_iter().map(Self::of).fold(alone, |sum, one| Self {
            values: sum.values + one.values,
            depth: sum.depth.max(1 + one.depth),
            text: sum.text + one.text,
            largest: sum.largest.max(one.largest),
        })
    }
}

#[background(process, timeout = "2s", memory = "128MiB")]
fn summarize(input: &[u8]) -> Summary {
    Summary::of(&bencode::parse(input))
}

/// Describes the outcome of a call.
fn describe(outcome: Result<Summary, Error>) -> String {
    match outcome {
        Ok(summary) => summary.to_string(),
        Err(error) => match (error.crash(), error.message()) {
            (Some(crash), _) => format!("CRASHED  {crash}"),
            (None, Some(message)) => {
                format!("PANICKED {message}, at {}", error.panicked_at().unwrap_or("?"))
            }
            (None, None) if error.is_timeout() => "KILLED   after 2 s".to_owned(),
            (None, None) => format!("FAILED   {error}"),
        },
    }
}

fn inputs() -> Result<Vec<(String, Vec<u8>)>, String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [] => Err("which files? (or `--demo`)".to_owned()),
        [demo] if demo == "--demo" => Ok(demo::inputs()),
        files => files
            .iter()
            .map(|file| {
                let read = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
                Ok((file.clone(), read))
            })
            .collect(),
    }
}

fn main() -> ExitCode {
    let inputs = match inputs() {
        Ok(inputs) => inputs,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    // All at once: no call affects another.
    let calls: Vec<_> = inputs.iter().map(|(name, input)| (name, summarize(input))).collect();
    for (name, call) in calls {
        println!("{name:<20} {}", describe(Lazy::join(call)));
    }
    println!("and this program is well");
    ExitCode::SUCCESS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crash_of_the_parser_does_not_end_the_caller() {
        let deep = summarize(&vec![b'l'; 1 << 20]);
        assert!(Lazy::join(deep).err().is_some_and(|error| error.is_crash()));
        let negative = summarize(b"-1:");
        assert!(Lazy::join(negative).err().is_some_and(|error| error.is_panic()));
        assert_eq!(summarize(b"li1ei9ee").largest, 9);
    }
}
