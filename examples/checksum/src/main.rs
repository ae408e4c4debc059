//! Hashes every file below a folder, one background call a file.
//!
//! ```text
//! checksum [--list] [--compare] [DIR]
//! ```
//!
//! `cargo run --release -p checksum -- DIR` reads every regular file below `DIR` (by default the
//! folder it is run in), prints the groups of files whose contents are the same and how many bytes
//! the copies waste, and the totals. While it works it shows a progress bar, if standard error is a
//! terminal.
//!
//! | option | does |
//! |---|---|
//! | `--list` | also prints the BLAKE3 hash of each file, sorted by name |
//! | `--compare` | also hashes the files one after the other, and prints both times and the speed-up |
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | every file was read |
//! | 1 | some file or folder could not be read; each is named on standard error |
//! | 2 | there is no result: `DIR` is no folder that can be read, the command line is wrong, or the output cannot be written |
//!
//! Symbolic links below `DIR` are not followed. Hard links are names of one file and waste nothing,
//! and nor do empty files. A name that is not plain text is printed quoted and escaped.
//!
//! `--compare` reads the files twice more, for by then the system's cache has what fits of them, and
//! neither way has to wait for the disk on the other's behalf.
//!
//! # How it is made
//!
//! | file | subject |
//! |---|---|
//! | `hash` | the background call, and the same work without it |
//! | `walk` | finding the files |
//! | `duplicates` | which files are the same |
//! | `compare` | the same work in both ways, timed |
//! | `report` | what is printed |
//! | `progress` | how far it is |
//! | `name` | how a file's name is printed |
//! | `arguments` | the command line |

mod arguments;
mod compare;
mod duplicates;
mod hash;
mod name;
mod progress;
mod report;
mod walk;

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use arguments::{Options, Request};
use compare::Comparison;
use report::Report;
use walk::RootError;

fn main() -> ExitCode {
    match run() {
        Ok(Completeness::EverythingRead) => ExitCode::SUCCESS,
        Ok(Completeness::SomeUnreadable) => ExitCode::from(1),
        Err(error) => {
            eprintln!("checksum: {error}");
            ExitCode::from(2)
        }
    }
}

enum Completeness {
    EverythingRead,
    SomeUnreadable,
}

fn run() -> Result<Completeness, Error> {
    match arguments::parse(lexopt::Parser::from_env()).map_err(Error::Arguments)? {
        Request::Run(options) => check(&options),
        Request::Help => {
            print(|out| out.write_all(arguments::HELP.as_bytes()))?;
            Ok(Completeness::EverythingRead)
        }
    }
}

fn check(options: &Options) -> Result<Completeness, Error> {
    let found = walk::walk(&options.root).map_err(Error::Root)?;
    let mut unreadable = found.unreadable;

    let progress = progress::bar(found.bytes);
    let outcomes = hash::in_background(found.files, &progress);
    progress.finish_and_clear();

    let mut files = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        match outcome {
            Ok(file) => files.push(file),
            Err(failure) => unreadable.push(failure),
        }
    }

    let comparison =
        options.compare.then(|| Comparison::measure(&files, || progress::bar(found.bytes)));

    unreadable.sort_by(|a, b| a.path.cmp(&b.path));
    for failure in &unreadable {
        eprintln!("checksum: {failure}");
    }
    let report =
        Report { files: &files, unreadable: unreadable.len(), list: options.list, comparison };
    print(|out| report.write(out))?;
    Ok(if unreadable.is_empty() {
        Completeness::EverythingRead
    } else {
        Completeness::SomeUnreadable
    })
}

/// Writes to standard output; that its reader has seen enough, as `head` has, is no error.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Output(error)),
        _ => Ok(()),
    }
}

/// Why there is no result.
#[derive(Debug)]
enum Error {
    Arguments(lexopt::Error),
    Root(RootError),
    Output(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(error) => write!(f, "{error}; `checksum --help` tells what there is"),
            Self::Root(error) => error.fmt(f),
            Self::Output(error) => write!(f, "cannot write the result: {error}"),
        }
    }
}
