//! Threads that the system refused.
//!
//! Most refusals happen on the monitor, which runs no code of a subscriber. So they are noted, and
//! reported by the next thread that makes a call or runs a body.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;

use super::subscriber::{self, notify};
use crate::sync::lock_leaf;

static NOTED: AtomicBool = AtomicBool::new(false);
static REFUSALS: Mutex<Refusals> = Mutex::new(Refusals { count: 0, last: None });

struct Refusals {
    count: u64,
    /// The system's reason for the last one.
    last: Option<String>,
}

pub(crate) fn thread_refused(error: &io::Error) {
    let mut refusals = lock_leaf(&REFUSALS);
    refusals.count += 1;
    refusals.last = Some(error.to_string());
    // ORDERING: a reader that sees this takes the lock; one that misses it leaves the report to the next.
    NOTED.store(true, Ordering::Relaxed);
}

/// Reports the refusals that were noted, if there are any.
#[inline]
pub(super) fn report() {
    // ORDERING: see above.
    if NOTED.load(Ordering::Relaxed) {
        report_noted();
    }
}

#[cold]
fn report_noted() {
    if subscriber::is_inside() {
        return;
    }
    let (count, last) = {
        let mut refusals = lock_leaf(&REFUSALS);
        NOTED.store(false, Ordering::Relaxed);
        (std::mem::take(&mut refusals.count), refusals.last.take())
    };
    let Some(error) = last else { return };
    notify(|| {
        warn!(
            target: "pybackground",
            parent: None,
            refusals = count,
            error,
            "the system gave no thread; the pool goes on with those it has"
        );
    });
}
