//! Whether events are recorded now.

use std::sync::atomic::{AtomicU8, Ordering};

/// Nothing has read the variable yet.
const UNDECIDED: u8 = 0;
const OFF: u8 = 1;
const ON: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(UNDECIDED);

// ORDERING: `Relaxed` everywhere. A thread that misses the begin or the end of a recording records a call less
// or more; the buffers have locks and orderings of their own.

/// Whether events are recorded now; what `decide` returns if nothing has decided it yet.
#[inline]
pub(super) fn is_on_or(decide: impl FnOnce() -> bool) -> bool {
    match STATE.load(Ordering::Relaxed) {
        OFF => false,
        ON => true,
        _ => decide(),
    }
}

/// Whether events are recorded now.
#[inline]
pub(crate) fn is_on() -> bool {
    STATE.load(Ordering::Relaxed) == ON
}

/// Whether it is decided that no events are recorded now.
#[cfg(not(debug_assertions))]
#[inline]
pub(super) fn is_off() -> bool {
    STATE.load(Ordering::Relaxed) == OFF
}

/// Has threads record events from now on.
pub(super) fn start() {
    STATE.store(ON, Ordering::Relaxed);
}

/// Has threads record no more events.
pub(super) fn stop() {
    STATE.store(OFF, Ordering::Relaxed);
}
