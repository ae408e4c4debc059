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
/// the text is written, or is not going to be.
pub(crate) fn report(text: impl FnOnce() -> Option<String> + Send + 'static) -> Latch {
    let (written, is_written) = latch();
    // ORDERING: nothing else is read on the strength of the flag.
    if WRITING.swap(true, Ordering::Relaxed) {
        return is_written;
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
    }
    is_written
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
