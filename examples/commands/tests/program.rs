//! The program as its user sees it.
#![cfg(unix)]

#[path = "../../../tests/common/mod.rs"]
mod common;

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};

use common::watchdog;

/// The arguments for background calls, and for threads.
const WAYS: [&[&str]; 2] = [&[], &["--threads"]];

/// Runs the program with these command lines, and that many seconds for each.
fn commands(way: &[&str], seconds: &str, lines: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_commands"))
        .args(way)
        .arg(seconds)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    program.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    program.wait_with_output().unwrap()
}

#[test]
fn outputs_come_in_the_order_of_the_commands() {
    let _watchdog = watchdog();
    for way in WAYS {
        let output = commands(way, "60", "echo one\necho two >&2\n\nfalse\nprintf three\n");
        let text = String::from_utf8(output.stdout).unwrap();
        let expected = "$ echo one\none\n$ echo two >&2\ntwo\n$ false\nfailed: exit status: 1\n";
        assert_eq!(text, format!("{expected}$ printf three\nthree"));
        assert!(!output.status.success());
        assert!(commands(way, "60", "true\n").status.success());
    }
}

#[test]
fn both_ways_are_timed_on_request() {
    let _watchdog = watchdog();
    let output = commands(&["--compare"], "60", "echo one\n");
    let text = String::from_utf8(output.stdout).unwrap();
    let ways = text.lines().map(|line| line.split_once(':').expect("a way and its time").0);
    assert!(ways.eq(["# by background calls", "# by 4 threads"]), "{text}");
    assert!(output.status.success());
}

#[test]
fn large_outputs_of_both_kinds_are_read() {
    let _watchdog = watchdog();
    let line = "yes 0123456 | head -c 1000000; yes 0123456 | head -c 1000000 >&2";
    for way in WAYS {
        let output = commands(way, "60", &format!("{line}\n"));
        assert_eq!(output.stdout.len(), 2_000_000 + line.len() + "$ \n".len());
    }
}

#[test]
fn command_that_is_too_slow_is_killed_with_what_it_started() {
    let _watchdog = watchdog();
    for way in WAYS {
        // On a busy machine the command may be killed before it has started anything.
        while !is_killed(way) {}
    }
}

/// The grandchild holds the pipe open, so the test reads to its end only when that is killed. Returns whether there was a
/// grandchild.
fn is_killed(way: &[&str]) -> bool {
    let fifo = std::env::temp_dir().join(format!("commands-{}", std::process::id()));
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // With both ends open here, neither side waits for the other.
    let both = File::options().read(true).write(true).open(&fifo).unwrap();
    let mut pipe = File::open(&fifo).unwrap();
    let held = format!("(echo begun; sleep 600) > {} & sleep 600\n", fifo.display());
    let output = commands(way, "0.2", &held);
    assert!(String::from_utf8(output.stdout).unwrap().ends_with("killed after 200ms\n"));
    assert!(!output.status.success());
    drop(both);
    // Ends when the grandchild does.
    let mut read = String::new();
    pipe.read_to_string(&mut read).unwrap();
    std::fs::remove_file(fifo).unwrap();
    read == "begun\n"
}
