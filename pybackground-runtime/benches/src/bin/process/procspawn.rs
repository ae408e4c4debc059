//! The crate procspawn.

use std::time::Instant;

use procspawn::Pool;
use pybackground_benches::harness::Reading;
use pybackground_benches::measure::{nanoseconds, once};
use pybackground_benches::work::Pace;
use serde_bytes::ByteBuf;

use crate::gone::wait_until_gone;
use crate::warm::distribution;
use crate::{LIMIT, MANY};

fn double(n: u32) -> u32 {
    2 * n
}

fn same(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

fn same_bytes(bytes: ByteBuf) -> ByteBuf {
    bytes
}

fn pid((): ()) -> u32 {
    std::process::id()
}

fn endless((): ()) {
    loop {
        std::hint::spin_loop();
    }
}

pub(crate) fn cold(_: Pace) -> Reading {
    let call = || procspawn::spawn(2, double).join().expect("it returns");
    assert_eq!(call(), 4);
    once(|| assert_eq!(call(), 4)).into()
}

pub(crate) fn warm(_: Pace) -> Reading {
    let pool = Pool::new(1).expect("there is a process");
    let call = |n| pool.spawn(n, double).join().expect("it returns");
    distribution(|n| assert_eq!(call(n), 2 * n))
}

pub(crate) fn echo(_: Pace) -> Reading {
    let pool = Pool::new(1).expect("there is a process");
    pool.spawn(1, double).join().expect("it returns");
    let bytes = vec![7; MANY];
    let call = || pool.spawn(bytes, same).join().expect("it returns");
    once(|| assert_eq!(call().len(), MANY)).into()
}

pub(crate) fn echo_bytes(_: Pace) -> Reading {
    let pool = Pool::new(1).expect("there is a process");
    pool.spawn(1, double).join().expect("it returns");
    let bytes = ByteBuf::from(vec![7; MANY]);
    let call = || pool.spawn(bytes, same_bytes).join().expect("it returns");
    once(|| assert_eq!(call().len(), MANY)).into()
}

pub(crate) fn kill(_: Pace) -> Reading {
    let pool = Pool::new(1).expect("there is a process");
    let pid = pool.spawn((), pid).join().expect("it returns");
    let start = Instant::now();
    let mut call = pool.spawn((), endless);
    assert!(call.join_timeout(LIMIT).is_err());
    let _ = call.kill();
    wait_until_gone(pid);
    nanoseconds(start.elapsed().saturating_sub(LIMIT)).into()
}
