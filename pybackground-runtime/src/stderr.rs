//! Reports on the standard error that neither block nor panic the thread that causes them.
//!
//! The lock of `std::io::stderr` may be held by a body that waits, and the standard error may be a full
//! pipe, a full disk, or closed. So each report is written by a thread of its own, past that lock.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::panic::catch;
use crate::sync::{Latch, latch, thread};

/// Writing a report of many threads takes no more.
const STACK_SIZE: usize = 256 * 1024;

/// Whether a thread writes a report. While one is blocked, no other report is written.
static WRITING: AtomicBool = AtomicBool::new(false);

/// Writes what `text` returns from a thread of its own, and returns at once. The latch is open when
/// the text is written. Returns `None` if the report is dropped: another one is being written, or the system refuses the
/// thread.
pub(crate) fn report(text: impl FnOnce() -> Option<String> + Send + 'static) -> Option<Latch> {
    report_boxed(Box::new(text))
}

fn report_boxed(text: Box<dyn FnOnce() -> Option<String> + Send>) -> Option<Latch> {
    let (written, is_written) = latch();
    // ORDERING: nothing else is read on the strength of the flag.
    if WRITING.swap(true, Ordering::Relaxed) {
        return None;
    }
    let write = move || {
        let _written = written;
        catch(|| {
            if let Some(text) = text() {
                // There is nobody else to report a failure to.
                let _ = write(&text);
            }
        });
        WRITING.store(false, Ordering::Relaxed);
    };
    if thread::spawn("background-report".to_owned(), STACK_SIZE, write).is_err() {
        WRITING.store(false, Ordering::Relaxed);
        return None;
    }
    Some(is_written)
}

/// A report that is given once in a process.
pub(crate) struct OneReport {
    is_given: AtomicBool,
}

impl OneReport {
    pub(crate) const fn new() -> Self {
        Self { is_given: AtomicBool::new(false) }
    }

    #[cfg(all(feature = "tokio", debug_assertions))]
    pub(crate) fn is_given(&self) -> bool {
        // ORDERING: nothing else is read on the strength of the flag.
        self.is_given.load(Ordering::Relaxed)
    }

    /// Gives the report, as [`report`] does, unless it was given before. A report that is dropped was not given: its next cause
    /// gives it.
    pub(crate) fn give(&self, text: impl FnOnce() -> String + Send + 'static) -> Option<Latch> {
        // ORDERING: as above.
        if self.is_given.swap(true, Ordering::Relaxed) {
            return None;
        }
        let is_written = report(|| Some(text()));
        if is_written.is_none() {
            self.is_given.store(false, Ordering::Relaxed);
        }
        is_written
    }
}

/// Writes the text past the lock of `std`. Without a descriptor for that, the lock can block this thread, but no other.
#[cfg(unix)]
fn write(text: &str) -> io::Result<()> {
    use std::os::fd::AsFd;

    match io::stderr().as_fd().try_clone_to_owned() {
        Ok(stderr) => std::fs::File::from(stderr).write_all(text.as_bytes()),
        Err(_) => io::stderr().write_all(text.as_bytes()),
    }
}

/// Writes the text. The lock of `std` can block this thread, but no other.
#[cfg(not(unix))]
fn write(text: &str) -> io::Result<()> {
    io::stderr().write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begins a report that is being written until the opener is dropped. Reports of other tests may come before it.
    fn begin_report() -> impl Sized {
        loop {
            let (opener, latch) = latch();
            let wait = move || {
                latch.wait(None);
                None
            };
            if report(wait).is_some() {
                return opener;
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn report_that_was_dropped_is_given_by_its_next_cause() {
        let once = OneReport::new();
        let other = begin_report();
        assert!(once.give(String::new).is_none(), "another report is being written");
        assert!(!once.is_given.load(Ordering::Relaxed));
        drop(other);
        while once.give(String::new).is_none() {
            std::thread::yield_now();
        }
        let _other = begin_report();
        assert!(once.give(|| unreachable!("it was given")).is_none());
    }
}
