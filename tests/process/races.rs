//! A kill races the end of the body: each call has one outcome, which is its own, and all waiters get the same.
//!
//! ```text
//! call      ──── start ──── body ──┬── value ──>
//! stop      ───────── after ───────┴── kill ──>
//! waiters   ─── wait ──────────────────── one or the other ──>
//! ```
//!
//! A test adapts the time before the stop to earlier calls, so the two keep meeting on a machine of any speed.

mod common;

use std::thread;
use std::time::{Duration, Instant};

use common::watchdog;
use pybackground::{Error, Lazy, background};
use serde_bytes::ByteBuf;

#[background(process)]
fn double(n: u32) -> u32 {
    2 * n
}

#[background(process)]
fn echo(bytes: ByteBuf) -> ByteBuf {
    bytes
}

/// Calls `round` with a time that approaches the duration of a call, until each side has won `wins` times, or for ten
/// seconds on a busy machine. `round` returns whether the body won.
fn race(wins: u32, mut round: impl FnMut(u32, Duration) -> bool) {
    const LONGEST: Duration = Duration::from_secs(10);
    let start = Instant::now();
    let (mut values, mut kills) = (0, 0);
    let mut after = Duration::from_micros(100);
    for n in 1.. {
        if round(n, after) {
            values += 1;
            after = after * 15 / 16;
        } else {
            kills += 1;
            after = after * 17 / 16 + Duration::from_nanos(500);
        }
        if (values >= wins && kills >= wins) || start.elapsed() > LONGEST {
            return;
        }
    }
}

/// Parking would take too long.
fn spin(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[track_caller]
fn value_or(outcome: Result<&u32, &Error>, n: u32, stopped: fn(&Error) -> bool) -> bool {
    match outcome {
        Ok(value) => assert_eq!(*value, 2 * n, "the value of another call"),
        Err(error) => assert!(stopped(error), "neither: {error}"),
    }
    outcome.is_ok()
}

#[test]
fn cancellation_or_value_wins() {
    let _watchdog = watchdog();
    race(800, |n, after| {
        let call = double(n);
        let (first, second) = thread::scope(|scope| {
            let wait = || value_or(Lazy::wait(&call), n, Error::is_cancelled);
            let waiters = (scope.spawn(wait), scope.spawn(wait));
            spin(after);
            let cancelled = Lazy::cancel(&call);
            assert_eq!(wait(), !cancelled);
            (waiters.0.join().unwrap(), waiters.1.join().unwrap())
        });
        let own = Lazy::join(call).is_ok();
        assert_eq!((first, second), (own, own));
        own
    });
    assert_eq!(double(7), 14);
}

#[test]
fn deadline_or_value_wins() {
    let _watchdog = watchdog();
    race(1000, |n, after| {
        let call = Lazy::with_timeout(double(n), after);
        let own = value_or(Lazy::wait(&call), n, Error::is_timeout);
        assert_eq!(Lazy::join(call).is_ok(), own);
        own
    });
    assert_eq!(double(7), 14);
}

/// Such a call spends most of its time in sending and receiving.
#[test]
fn deadline_or_large_value_wins() {
    const LARGE: usize = 1 << 20;
    let _watchdog = watchdog();
    race(30, |n, after| {
        let sent = ByteBuf::from(vec![n.to_le_bytes()[0]; LARGE]);
        match Lazy::join(Lazy::with_timeout(echo(sent.clone()), after)) {
            Ok(value) => {
                assert!(value == sent, "the value of another call");
                true
            }
            Err(error) => {
                assert!(error.is_timeout(), "neither: {error}");
                false
            }
        }
    });
    assert_eq!(double(7), 14);
}
