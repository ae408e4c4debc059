//! The time of an event.

use std::sync::OnceLock;
use std::time::Instant;

/// Returns the nanoseconds since the first reading.
#[inline]
pub(crate) fn now() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();

    let since = START.get_or_init(Instant::now).elapsed();
    since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
}
