//! pybackground.

use std::time::{Duration, Instant};

use pybackground::{Lazy, background, processes};
use pybackground_benches::harness::Reading;
use pybackground_benches::measure::{nanoseconds, once, per_unit};
use pybackground_benches::work::Pace;

use crate::LIMIT;
use crate::gone::wait_until_gone;

const WARM_UP: u32 = 100;
const BATCH: u32 = 100;

#[background(process)]
fn double(n: u32) -> u32 {
    2 * n
}

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

#[background(process, timeout = LIMIT)]
fn endless() {
    loop {
        std::hint::spin_loop();
    }
}

pub(crate) fn cold(_: Pace) -> Reading {
    processes().keep_alive(Duration::ZERO).install().expect("there was no call yet");
    // The threads of this process are there.
    assert_eq!(double(1), 2);
    once(|| assert_eq!(double(2), 4)).into()
}

pub(crate) fn warm(_: Pace) -> Reading {
    let calls = |times| (0..times).for_each(|n| assert_eq!(double(n), 2 * n));
    calls(WARM_UP);
    per_unit(BATCH as usize, || calls(BATCH)).into()
}

pub(crate) fn kill(_: Pace) -> Reading {
    let pid = Lazy::into_inner(pid());
    let start = Instant::now();
    assert!(Lazy::join(endless()).is_err_and(|error| error.is_timeout()));
    wait_until_gone(pid);
    nanoseconds(start.elapsed().saturating_sub(LIMIT)).into()
}
