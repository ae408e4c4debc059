//! What is printed.

use std::fmt;
use std::time::Duration;

use crate::page::{Outcome, Visit};

pub(crate) const HEADER: &str = "status        bytes         time  page";

/// The sum of a run.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) pages: usize,
    /// How many pages were not fetched.
    pub(crate) failures: usize,
    /// The times of the pages, added up.
    pub(crate) sum: Duration,
    /// How long the run took.
    pub(crate) elapsed: Duration,
}

/// The line of one page, below [`HEADER`].
pub(crate) fn row(url: &str, visit: &Visit) -> String {
    let time = visit.time.as_secs_f64();
    let line = |status: &str, bytes: &str| format!("{status:<8}{bytes:>11}{time:>11.3} s  {url}");
    match &visit.outcome {
        Outcome::Answered { status, bytes } => line(&status.to_string(), &bytes.to_string()),
        Outcome::TimedOut => line("timeout", "-"),
        Outcome::Failed(why) => format!("{} ({why})", line("failed", "-")),
    }
}

impl Totals {
    pub(crate) fn add(&mut self, visit: &Visit) {
        self.pages += 1;
        self.failures += usize::from(!is_success(&visit.outcome));
        self.sum += visit.time;
    }
}

fn is_success(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Answered { status, .. } if *status < 400)
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "pages:            {}", self.pages)?;
        writeln!(f, "not fetched:      {}", self.failures)?;
        writeln!(f, "total time:       {:.3} s", self.elapsed.as_secs_f64())?;
        write!(f, "sum of the times: {:.3} s", self.sum.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(outcome: Outcome, milliseconds: u64) -> Visit {
        Visit { outcome, time: Duration::from_millis(milliseconds) }
    }

    fn visits() -> [Visit; 4] {
        let (found, missing) = (200, 404);
        [
            visit(Outcome::Answered { status: found, bytes: 5_000_000_000 }, 1250),
            visit(Outcome::Answered { status: missing, bytes: 0 }, 5),
            visit(Outcome::TimedOut, 86_400_000),
            visit(Outcome::Failed("no such host".to_owned()), 20),
        ]
    }

    #[test]
    fn the_columns_are_below_their_names() {
        let table = visits().map(|visit| row("http://a/", &visit)).join("\n");
        let expected = "\
status        bytes         time  page
200      5000000000      1.250 s  http://a/
404               0      0.005 s  http://a/
timeout           -  86400.000 s  http://a/
failed            -      0.020 s  http://a/ (no such host)";
        assert_eq!(format!("{HEADER}\n{table}"), expected);
    }

    #[test]
    fn totals_count_what_was_not_fetched_and_add_up_the_times() {
        let mut totals = Totals::default();
        for visit in &visits() {
            totals.add(visit);
        }
        totals.elapsed = Duration::from_millis(86_400_001);
        let expected = "\
pages:            4
not fetched:      3
total time:       86400.001 s
sum of the times: 86401.275 s";
        assert_eq!(totals.to_string(), expected);
    }
}
