//! A test that prints a value whose body prints too, under a harness that captures what is printed: a line on the standard
//! error says what may be wrong, past the capture. Once no other thread can go on, the test fails.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod common;

use std::fmt;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Sender, channel};

use common::{child, watchdog};
use pybackground::{Lazy, spawn};

/// Written into a message before a value: lets the body of the value print now that the lock is held.
struct Release(Sender<()>);

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.send(()).unwrap();
        f.write_str("printed: ")
    }
}

/// Hangs in the child: the thread of the test starts the body's thread, which shares the captured text.
#[test]
fn hanging_test_of_a_user() {
    if !child::is_child() {
        return;
    }
    let (release, may_print) = channel();
    let x: Lazy<u32> = spawn(move || {
        may_print.recv().unwrap();
        println!("from the body");
        1
    });
    println!("{}{x}", Release(release));
}

/// A program that runs the test above alone, and captures what it prints.
fn captured() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["hanging_test_of_a_user", "--exact"]).env(child::CHILD, "1");
    // A line is no report of a wait that takes long.
    command.env("PYBACKGROUND_REPORT_AFTER", "0");
    command
}

#[test]
fn test_that_hangs_in_a_format_says_so() {
    if child::is_child() {
        return;
    }
    let _watchdog = watchdog();
    let mut command = captured();
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.into_iter().find(|line| line.starts_with("pybackground:"));
    child.kill().unwrap();
    child.wait().unwrap();
    let line = line.expect("the child says something");
    for part in
        ["`printing_in_a_captured_test::", "A test captures what it prints", "println!(\"{}\", *x)"]
    {
        assert!(line.contains(part), "{part} is missing in: {line}");
    }
}

/// The harness itself waits without a time limit where it runs one test at a time, or after it has said that a test takes
/// long.
#[test]
fn test_that_hangs_in_a_format_fails_once_no_other_thread_can_go_on() {
    if child::is_child() {
        return;
    }
    let _watchdog = watchdog();
    let mut command = captured();
    let output = command.arg("--test-threads=1").env("PYBACKGROUND_KEEP_ALIVE", "0.01").output();
    let output = output.unwrap();
    let told = child::told(&output);
    assert_eq!(output.status.code(), Some(101), "{told}");
    for part in
        ["`printing_in_a_captured_test::", "so none can ever go on", "write `println!(\"{}\", *x)`"]
    {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }
}
