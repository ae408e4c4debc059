//! A child that dies before the body begins: the call goes to another child. After that it is a crash.

mod common;

use std::fs;
use std::io::Write;
use std::time::Duration;

use common::{child, children, signal, wait_until, watchdog};
use pybackground::{Lazy, Timeout, background, processes, snapshot};
use serde_bytes::ByteBuf;

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

/// Counts the starts of the body in a file.
#[background(process)]
fn start(starts: &str, aborts: bool) -> u32 {
    let mut file = fs::File::options().append(true).create(true).open(starts).unwrap();
    writeln!(file, "start").unwrap();
    if aborts {
        std::process::abort();
    }
    std::process::id()
}

#[background(process)]
fn length(bytes: ByteBuf) -> usize {
    bytes.len()
}

/// Stops the idle child, so that the next call is handed to it and does not begin.
fn stop_idle_child() -> u32 {
    let stopped = Lazy::into_inner(pid());
    signal("STOP", stopped);
    wait_until(|| fs::read_to_string(format!("/proc/{stopped}/stat")).unwrap().contains(") T "));
    stopped
}

/// Waits until the call of this function is on a thread.
fn wait_until_handed_over() {
    wait_until(|| !snapshot().stacks.is_empty());
}

fn in_a_process_of_its_own(test: &str) -> bool {
    if child::is_child() {
        return true;
    }
    child::succeeds(&mut child::command(test));
    false
}

#[test]
fn call_whose_child_dies_before_the_body_begins_runs_in_another() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("call_whose_child_dies_before_the_body_begins_runs_in_another") {
        let starts = std::env::temp_dir().join(format!("starts-{}", std::process::id()));
        for _ in 0..10 {
            let stopped = stop_idle_child();
            let call = start(starts.to_str().unwrap(), false);
            wait_until_handed_over();
            signal("KILL", stopped);
            assert_ne!(call, stopped);
        }
        assert_eq!(fs::read_to_string(&starts).unwrap().lines().count(), 10);
        fs::remove_file(&starts).unwrap();
    }
}

#[test]
fn large_call_whose_child_dies_while_it_is_sent_runs_in_another() {
    const LARGE: usize = 16 << 20;
    let _watchdog = watchdog();
    if in_a_process_of_its_own("large_call_whose_child_dies_while_it_is_sent_runs_in_another") {
        let stopped = stop_idle_child();
        let call = length(ByteBuf::from(vec![7; LARGE]));
        wait_until_handed_over();
        signal("KILL", stopped);
        assert_eq!(call, LARGE);
    }
}

#[test]
fn call_whose_body_has_begun_is_not_repeated() {
    let _watchdog = watchdog();
    let starts = std::env::temp_dir().join(format!("begun-{}", std::process::id()));
    let error = Lazy::join(start(starts.to_str().unwrap(), true)).unwrap_err();
    assert!(error.is_crash(), "{error}");
    assert_eq!(fs::read_to_string(&starts).unwrap(), "start\n");
    fs::remove_file(&starts).unwrap();
}

#[test]
fn deadline_passes_while_the_call_is_handed_over() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("deadline_passes_while_the_call_is_handed_over") {
        stop_idle_child();
        let call = Lazy::with_timeout(pid(), Duration::from_millis(10));
        assert!(call == Timeout);
        wait_until(|| children().is_empty());
    }
}

#[test]
fn call_that_no_child_survives_is_an_error() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("call_that_no_child_survives_is_an_error") {
        processes().max(1).install().unwrap();
        let mut stopped = stop_idle_child();
        let call = pid();
        wait_until_handed_over();
        // Each child is killed as soon as it is seen. One may be quicker, and give a value.
        let outcome = loop {
            signal("KILL", stopped);
            match next_child(stopped, &call) {
                Some(child) => stopped = child,
                None => break Lazy::join(call),
            }
        };
        match outcome {
            Ok(pid) => assert_ne!(pid, 0),
            Err(error) => assert!(error.is_spawn_failure() && !error.is_crash(), "{error}"),
        }
    }
}

/// Waits for the child that replaces another; `None` if the call has ended.
fn next_child(before: u32, call: &Lazy<u32>) -> Option<u32> {
    loop {
        if Lazy::is_ready(call) {
            return None;
        }
        if let Some(child) = children().into_iter().find(|child| *child != before) {
            return Some(child);
        }
    }
}
