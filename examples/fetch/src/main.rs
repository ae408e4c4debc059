//! Downloads pages at the same time, with a timeout a page.
//!
//! ```text
//! fetch [--timeout SECONDS] [URL..]
//! ```
//!
//! `cargo run --release -p fetch -- URL..` prints a line for each page as it comes: its status, how many
//! bytes it has and how long it took; then how long all of it took, beside the sum of the times. While
//! it works it shows how many pages have come, if standard error is a terminal.
//!
//! Without a `URL` it starts a small server of its own on this machine, with pages that are more or
//! less slow, one that is missing and one that is too slow for the timeout, and fetches these. So it
//! works offline.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | every page was fetched; always, without a `URL`: there the failures belong to the show |
//! | 1 | a page failed, timed out, or was answered with a status of 400 or more |
//! | 2 | there is no result: the command line is wrong, or the output cannot be written |
//!
//! The timeout is 10 seconds, and 1 second without a `URL`, unless `--timeout` says otherwise.
//! Redirections are followed. Proxies are taken from the environment, as by other programs.
//!
//! # How it is made
//!
//! | file | subject |
//! |---|---|
//! | `page` | the background call: one page, in time or not at all |
//! | `demonstration` | the server of its own, made of background calls as well |
//! | `table` | what is printed |
//! | `progress` | how many pages have come |
//! | `arguments` | the command line |

mod arguments;
mod demonstration;
mod page;
mod progress;
mod table;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use arguments::Request;
use demonstration::Demonstration;
use page::{Client, Proxies};
use progress::Progress;
use pybackground::as_completed;
use table::Totals;

const TIMEOUT: Duration = Duration::from_secs(10);
const TIMEOUT_OF_DEMONSTRATION: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            // The reader has seen enough, as `head` has.
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fetch: {error}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<ExitCode, Error> {
    let mut out = io::stdout().lock();
    match arguments::parse(lexopt::Parser::from_env()).map_err(Error::Arguments)? {
        Request::Help => {
            out.write_all(arguments::HELP.as_bytes()).map_err(Error::Output)?;
            Ok(ExitCode::SUCCESS)
        }
        Request::Demonstrate { timeout } => {
            let timeout = timeout.unwrap_or(TIMEOUT_OF_DEMONSTRATION);
            let demonstration = Demonstration::start(timeout).map_err(Error::Demonstration)?;
            let client = Client::new(timeout, Proxies::None);
            fetch_all(&client, &demonstration.urls, &mut out).map_err(Error::Output)?;
            Ok(ExitCode::SUCCESS)
        }
        Request::Fetch { urls, timeout } => {
            let client = Client::new(timeout.unwrap_or(TIMEOUT), Proxies::OfEnvironment);
            let totals = fetch_all(&client, &urls, &mut out).map_err(Error::Output)?;
            Ok(ExitCode::from(u8::from(totals.failures > 0)))
        }
    }
}

/// Fetches all pages at the same time and prints the table, a line as each page comes.
fn fetch_all(client: &Client, urls: &[String], out: &mut dyn Write) -> io::Result<Totals> {
    let start = Instant::now();
    // All calls are made before the first result is waited for: that is what makes them concurrent.
    let mut visits = as_completed(urls.iter().map(|url| page::visit(client, url)));
    let mut progress = Progress::on_terminal(urls.len());

    writeln!(out, "{}", table::HEADER)?;
    let mut totals = Totals::default();
    progress.show(visits.len())?;
    while let Some((number, outcome)) = visits.next() {
        let visit = page::visited(outcome, client.timeout());
        progress.clear()?;
        writeln!(out, "{}", table::row(&urls[number], &visit))?;
        totals.add(&visit);
        progress.show(visits.len())?;
    }
    progress.clear()?;
    totals.elapsed = start.elapsed();
    writeln!(out, "\n{totals}")?;
    Ok(totals)
}

/// Why there is no result.
#[derive(Debug)]
enum Error {
    Arguments(lexopt::Error),
    Demonstration(io::Error),
    Output(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arguments(error) => write!(f, "{error}; `fetch --help` tells what there is"),
            Self::Demonstration(error) => write!(
                f,
                "cannot start the server for the demonstration: {error}; name a URL to do without"
            ),
            Self::Output(error) => write!(f, "cannot write the result: {error}"),
        }
    }
}
