//! A stop kills the process of the body, and all that the process started.

mod common;

use std::time::Duration;

use common::{Lifeline, child, hold_with_sleeper, watchdog};
use pybackground::{Lazy, Timeout, background, cancelled, snapshot, spawn};
use serde_bytes::ByteBuf;

#[background(process)]
fn spin(port: u16) {
    let _held = hold_with_sleeper(port);
    loop {
        std::hint::spin_loop();
    }
}

#[test]
fn deadline_kills_an_endless_loop_and_what_it_started() {
    let _watchdog = watchdog();
    let lifeline = Lifeline::new();
    let call = spin(lifeline.port());
    let held = lifeline.held();
    let call = Lazy::with_timeout(call, Duration::from_millis(1));
    let error = Lazy::wait(&call).unwrap_err();
    assert!(error.is_timeout() && !error.body_runs_on());
    assert!(error.to_string().ends_with("its process is killed, and all that it started"));
    assert!(call == Timeout);
    held.wait_for_end();
}

#[background(process, timeout = "1ms")]
fn sleep_for_an_hour() {
    std::thread::sleep(Duration::from_secs(3600));
}

#[test]
fn timeout_of_the_attribute_kills() {
    let _watchdog = watchdog();
    assert!(sleep_for_an_hour() == Timeout);
}

#[background(process, run_timeout = "1ms")]
fn run_for_an_hour() {
    std::thread::sleep(Duration::from_secs(3600));
}

#[test]
fn timeout_of_the_run_kills() {
    let _watchdog = watchdog();
    let error = Lazy::join(run_for_an_hour()).unwrap_err();
    let told = "timed out 1ms after it started: its process is killed, and all that it started";
    assert!(error.to_string().ends_with(told), "{error}");
}

#[test]
fn cancellation_kills() {
    let _watchdog = watchdog();
    let lifeline = Lifeline::new();
    let call = spin(lifeline.port());
    let held = lifeline.held();
    assert!(Lazy::cancel(&call));
    held.wait_for_end();
    assert!(Lazy::join(call).unwrap_err().is_cancelled());
}

#[test]
fn killed_body_is_no_overrun() {
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command("killed_body_is_no_overrun"));
        return;
    }
    let lifeline = Lifeline::new();
    let call = spin(lifeline.port());
    let held = lifeline.held();
    assert!(Lazy::cancel(&call));
    let report = snapshot();
    assert_eq!((report.overrunning.len(), report.overruns), (0, 0), "{report}");
    held.wait_for_end();
}

#[test]
fn call_stops_with_its_parent() {
    let _watchdog = watchdog();
    let lifeline = Lifeline::new();
    let port = lifeline.port();
    let outer = spawn(move || {
        let error = Lazy::join(spin(port)).unwrap_err();
        (error.is_cancelled(), cancelled())
    });
    let held = lifeline.held();
    Lazy::cancel(&outer);
    held.wait_for_end();
}

#[background(process)]
fn spin_in_a_child_of_a_child(port: u16) {
    Lazy::into_inner(spin(port));
}

#[test]
fn cancellation_kills_grandchildren() {
    let _watchdog = watchdog();
    let lifeline = Lifeline::new();
    let call = spin_in_a_child_of_a_child(lifeline.port());
    let held = lifeline.held();
    Lazy::cancel(&call);
    held.wait_for_end();
}

#[background(process)]
fn echo(bytes: ByteBuf) -> ByteBuf {
    bytes
}

const LARGE: usize = 64 << 20;

#[test]
fn large_value_travels_both_ways() {
    let _watchdog = watchdog();
    let sent = ByteBuf::from(vec![7; LARGE]);
    assert_eq!(Lazy::into_inner(echo(sent.clone())), sent);
}
