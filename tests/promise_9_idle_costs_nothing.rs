//! Promise 9: idle costs nothing. No thread before the first call, none wakes up while nothing is
//! pending, and all of them leave after the keep-alive.
//!
//! One test, for it is the process that is looked at. Only Linux tells what is to be known.
#![cfg(target_os = "linux")]

mod common;

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use common::gate::Gate;
use common::system::{SystemThread, runtime_threads};
use common::watchdog;
use pybackground::{Lazy, Timeout, background, configure, snapshot, spawn};

/// Long enough to look at threads that idle.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// Shorter than the keep-alive, and many times any period that a runtime could tick with.
const IDLE: Duration = Duration::from_millis(200);

#[test]
fn idle_costs_nothing() {
    let _watchdog = watchdog();
    configure().keep_alive(KEEP_ALIVE).install().unwrap();
    assert_eq!(threads(), []);
    assert_eq!(snapshot().threads, 0);

    no_thread_wakes_up_while_nothing_is_pending();
    common::wait_until(|| threads().is_empty());
    assert_eq!(snapshot().threads, 0);

    // And again, after they have all left.
    burst();
    assert_ne!(threads(), []);
    common::wait_until(|| threads().is_empty());
}

/// Two looks that agree, with nothing pending between them. The threads may need a moment until the
/// last of them sleeps, and on a busy machine the first may leave before.
fn no_thread_wakes_up_while_nothing_is_pending() {
    common::wait_until(|| {
        burst();
        let mut before = threads();
        while !before.is_empty() {
            wait(IDLE);
            let after = threads();
            if before == after {
                return true;
            }
            before = after;
        }
        false
    });
}

/// Blocked bodies, more threads than workers, a deadline that came.
fn burst() {
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let held: Vec<Lazy<()>> = (0..50)
        .map(|_| {
            let gate = gate.clone();
            spawn(move || gate.pass())
        })
        .collect();
    gate.wait_for_arrivals(50);
    let late = background(|gate: Gate| gate.pass()).timeout(0.001)(gate.clone());
    assert!(late == Timeout);
    gate.open();
    held.into_iter().for_each(Lazy::into_inner);
}

fn threads() -> Vec<SystemThread> {
    runtime_threads().expect("Linux lists the threads of a process")
}

/// Lets time pass in which nothing happens: here that is what the test is about.
fn wait(time: Duration) {
    let (_silent, nothing) = channel::<()>();
    assert_eq!(nothing.recv_timeout(time), Err(RecvTimeoutError::Timeout));
}
