//! A report about the thread that causes it.

use std::time::{Duration, Instant};

use crate::stderr::OneReport;

/// How long a report may hold up the thread that it is about.
const PATIENCE: Duration = Duration::from_millis(100);

/// Gives a report once in this process. A program that ends at once has the time to print it.
pub(super) fn give(report: &OneReport, text: impl FnOnce() -> String + Send + 'static) {
    if let Some(is_written) = report.give(text) {
        is_written.wait(Some(Instant::now() + PATIENCE));
    }
}
