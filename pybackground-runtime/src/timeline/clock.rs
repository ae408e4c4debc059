//! The time of an event.
//!
//! # Unsafe code
//!
//! An `Instant` is read as fast, but to make a number of it takes as long again: another has to be subtracted from it.
//! The safe bindings of `rustix` end a program that runs under Valgrind, which hides the system's clock from it. So the C
//! library is called, as `Instant` does.

#![allow(unsafe_code, reason = "the C library is called; the block says why it is sound")]

/// Returns nanoseconds of a clock that never goes back.
#[cfg(unix)]
#[inline]
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the function writes to the structure, which lives until it returns. Every system has this clock; if one
    // did not, the structure would stay as it is.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    number(time.tv_sec) * 1_000_000_000 + number(time.tv_nsec)
}

/// Returns a part of the time, which counts from the start of the system and so is not negative.
#[cfg(unix)]
#[inline]
fn number(part: impl TryInto<u64>) -> u64 {
    part.try_into().unwrap_or_default()
}

/// Returns the nanoseconds since the first reading.
#[cfg(not(unix))]
#[inline]
pub(crate) fn now() -> u64 {
    use std::sync::OnceLock;
    use std::time::Instant;

    static START: OnceLock<Instant> = OnceLock::new();

    let since = START.get_or_init(Instant::now).elapsed();
    since.as_secs() * 1_000_000_000 + u64::from(since.subsec_nanos())
}
