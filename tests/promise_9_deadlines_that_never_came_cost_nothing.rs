//! Promise 9, for calls that have a timeout and end long before it: what is left of their deadlines
//! neither wakes a thread nor keeps one, nor the memory of the calls.
//!
//! One test, for it is the process that is looked at. Only Linux tells what is to be known.
#![cfg(target_os = "linux")]

mod common;

use std::time::Duration;

use common::system::runtime_threads;
use common::watchdog;
use pybackground::{background, configure};

#[test]
fn deadlines_that_never_came_cost_nothing() {
    let _watchdog = watchdog();
    configure().keep_alive(Duration::from_millis(50)).install().unwrap();
    for n in 0..10 {
        assert_eq!(background(|n: i32| n).timeout(3600.0)(n), n);
    }
    assert_ne!(runtime_threads().unwrap(), []);
    common::wait_until(|| runtime_threads().unwrap().is_empty());
}
