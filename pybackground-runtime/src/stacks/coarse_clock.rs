//! The time of the last reading.
//!
//! Reading the system's clock for each body would cost as much as a short body. So threads that have time
//! read it and store it here: a worker that slept, the monitor while calls wait. When a body starts, its
//! call was waited for or was waiting, so the stored time is late by milliseconds at most.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static START: OnceLock<Instant> = OnceLock::new();
static NOW: AtomicU64 = AtomicU64::new(0);

/// Reads the clock, stores the time since the first reading, and returns it.
pub(crate) fn read() -> Duration {
    let time = START.get_or_init(Instant::now).elapsed();
    // ORDERING: `Relaxed`, a time for reports.
    NOW.fetch_max(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    time
}

/// Returns the stored time.
#[inline]
pub(super) fn look() -> Duration {
    Duration::from_micros(NOW.load(Ordering::Relaxed))
}
