//! The time, which few read and many look up.
//!
//! To read the system's clock for each body would cost as much as a short body does. So those who have
//! time read it and put it here: a thread that slept, the monitor while calls wait. A body that is
//! taken from a queue was either waited for or waiting, so that what it finds here is late by
//! milliseconds at most.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static START: OnceLock<Instant> = OnceLock::new();
static NOW: AtomicU64 = AtomicU64::new(0);

/// Reads the time, since the first reading, and puts it where others look.
pub(crate) fn read() -> Duration {
    let time = START.get_or_init(Instant::now).elapsed();
    // ORDERING: a time for reports.
    NOW.fetch_max(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    time
}

/// The time that was read last.
#[inline]
pub(super) fn look() -> Duration {
    Duration::from_micros(NOW.load(Ordering::Relaxed))
}
