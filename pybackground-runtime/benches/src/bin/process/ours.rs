//! pybackground.

use std::time::{Duration, Instant};

use pybackground::{Lazy, background, processes};
use pybackground_benches::harness::Reading;
use pybackground_benches::measure::{nanoseconds, once};
use pybackground_benches::work::Pace;
use serde_bytes::ByteBuf;

use crate::gone::wait_until_gone;
use crate::warm::distribution;
use crate::{LIMIT, MANY};

#[background(process)]
fn double(n: u32) -> u32 {
    2 * n
}

#[background(process)]
fn same(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

/// The type says that it is bytes, which are then copied as such.
#[background(process)]
fn same_bytes(bytes: ByteBuf) -> ByteBuf {
    bytes
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
    distribution(|n| assert_eq!(double(n), 2 * n))
}

pub(crate) fn echo(_: Pace) -> Reading {
    assert_eq!(double(1), 2);
    let bytes = vec![7; MANY];
    once(|| assert_eq!(same(bytes).len(), MANY)).into()
}

pub(crate) fn echo_bytes(_: Pace) -> Reading {
    assert_eq!(double(1), 2);
    let bytes = ByteBuf::from(vec![7; MANY]);
    once(|| assert_eq!(same_bytes(bytes).len(), MANY)).into()
}

pub(crate) fn kill(_: Pace) -> Reading {
    let pid = Lazy::into_inner(pid());
    let start = Instant::now();
    assert!(Lazy::join(endless()).is_err_and(|error| error.is_timeout()));
    wait_until_gone(pid);
    nanoseconds(start.elapsed().saturating_sub(LIMIT)).into()
}
