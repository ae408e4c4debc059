//! A call that is over kills its process, and all that the process started.

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
fn an_endless_loop_and_what_it_started_are_killed_at_the_deadline() {
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
fn a_timeout_of_the_attribute_is_one() {
    let _watchdog = watchdog();
    assert!(sleep_for_an_hour() == Timeout);
}

#[test]
fn a_cancelled_call_is_killed() {
    let _watchdog = watchdog();
    let lifeline = Lifeline::new();
    let call = spin(lifeline.port());
    let held = lifeline.held();
    assert!(Lazy::cancel(&call));
    held.wait_for_end();
    assert!(Lazy::join(call).unwrap_err().is_cancelled());
}

#[test]
fn a_body_that_was_killed_did_not_run_on() {
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command("a_body_that_was_killed_did_not_run_on"));
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
fn a_call_stops_with_the_one_that_made_it() {
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
fn processes_of_processes_are_killed_as_well() {
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
fn a_large_argument_crosses_both_ways() {
    let _watchdog = watchdog();
    let sent = ByteBuf::from(vec![7; LARGE]);
    assert_eq!(Lazy::into_inner(echo(sent.clone())), sent);
}
