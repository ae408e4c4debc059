//! Ten thousand calls that end in every way leave no descriptor and no process.

mod common;

use std::time::Duration;

use common::{children, descriptors, watchdog};
use pybackground::{Lazy, background, shutdown, spawn};

#[background(process)]
fn double(n: u32) -> u32 {
    2 * n
}

#[background(process)]
fn exit(n: u32) {
    std::process::exit(n.cast_signed())
}

#[background(process)]
fn park() {
    loop {
        std::thread::park();
    }
}

/// Makes a call that ends in one of many ways.
fn call(n: u32) {
    match n % 100 {
        0 => assert!(Lazy::join(exit(n % 7)).unwrap_err().is_crash()),
        1 => {
            let call = Lazy::with_timeout(park(), Duration::from_micros(u64::from(n % 3_000)));
            assert!(Lazy::join(call).unwrap_err().is_timeout());
        }
        2..6 => {
            // The kill races the value.
            let call = double(n);
            let time = Duration::from_micros(u64::from(n % 100));
            let ready = Lazy::wait_timeout(&call, time).is_some();
            let cancelled = Lazy::cancel(&call);
            assert!(!(ready && cancelled));
            match Lazy::join(call) {
                Ok(value) => assert!(!cancelled && value == 2 * n),
                Err(error) => assert!(cancelled && error.is_cancelled(), "{error}"),
            }
        }
        6 => {
            let call = Lazy::with_timeout(double(n), Duration::from_micros(u64::from(n % 100)));
            match Lazy::join(call) {
                Ok(value) => assert_eq!(value, 2 * n),
                Err(error) => assert!(error.is_timeout(), "{error}"),
            }
        }
        _ => assert_eq!(double(n), 2 * n),
    }
}

#[test]
fn ten_thousand_calls_leave_no_process_and_no_descriptor() {
    const THREADS: u32 = 4;
    let _watchdog = watchdog();
    Lazy::into_inner(spawn(|| ()));
    let before = descriptors();
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || (0..10_000).filter(|n| n % THREADS == thread).for_each(call));
        }
    });
    shutdown(Duration::from_secs(60)).unwrap();
    assert_eq!(children(), [0_u32; 0]);
    assert_eq!(descriptors(), before);
}
