//! Futures that wait to be woken: they run on no thread, and yet are not at their end.

use std::sync::atomic::{AtomicUsize, Ordering};

static SUSPENDED: AtomicUsize = AtomicUsize::new(0);

/// Counts a future for as long as it is suspended.
pub(crate) struct Suspended(());

impl Suspended {
    pub(crate) fn new() -> Self {
        SUSPENDED.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        SUSPENDED.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How many there are.
pub(crate) fn suspended() -> usize {
    SUSPENDED.load(Ordering::SeqCst)
}
