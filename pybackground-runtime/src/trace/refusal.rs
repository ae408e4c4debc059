//! Threads that the system refused.
//!
//! It refuses them to the monitor more often than to others, so this is only noted, and told by the next
//! thread that makes a call or runs a body.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::warn;

use super::hook;
use crate::sync::lock_leaf;

static NOTED: AtomicBool = AtomicBool::new(false);
static REFUSALS: Mutex<Refusals> = Mutex::new(Refusals { count: 0, last: None });

struct Refusals {
    count: u64,
    /// Why, as the system put it.
    last: Option<String>,
}

pub(crate) fn thread_was_refused(error: &io::Error) {
    let mut refusals = lock_leaf(&REFUSALS);
    refusals.count += 1;
    refusals.last = Some(error.to_string());
    // ORDERING: whoever sees this looks under the lock; who does not yet leaves it to the next.
    NOTED.store(true, Ordering::Relaxed);
}

/// Tells what was noted, if there is any.
#[inline]
pub(super) fn tell() {
    // ORDERING: see above.
    if NOTED.load(Ordering::Relaxed) {
        tell_noted();
    }
}

#[cold]
fn tell_noted() {
    if hook::is_inside() {
        return;
    }
    let (count, last) = {
        let mut refusals = lock_leaf(&REFUSALS);
        NOTED.store(false, Ordering::Relaxed);
        (std::mem::take(&mut refusals.count), refusals.last.take())
    };
    let Some(error) = last else { return };
    hook::tell(|| {
        warn!(
            target: "pybackground",
            parent: None,
            refusals = count,
            error,
            "the system gave no thread; the pool goes on with those it has"
        );
    });
}
