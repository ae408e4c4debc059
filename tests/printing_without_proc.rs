//! A value that is printed while its body prints too, where the system does not say what threads are blocked in: a line on
//! the standard error says what may be wrong.
#![cfg(target_os = "linux")]

mod common;

use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio, id};
use std::sync::mpsc::{Sender, channel};

use common::{child, watchdog};
use pybackground::{Lazy, configure, spawn};

/// Written into a message before a value: lets the body of the value print now that the lock is held.
struct Release(Sender<()>);

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.send(()).unwrap();
        f.write_str("printed: ")
    }
}

/// Without a descriptor, `/proc` cannot be read. The process never ends by itself.
fn prints_without_descriptors() {
    configure().workers(1).install().unwrap();
    // The thread is there before the descriptors are gone.
    Lazy::into_inner(spawn(|| ()));
    let (release, may_print) = channel();
    let x = spawn(move || {
        may_print.recv().unwrap();
        println!("from the body");
        1
    });
    // No thread gets one any more, not even one that another thread closes. Where there is no `prlimit`, all are opened.
    let mut prlimit = Command::new("prlimit");
    let _limited = prlimit.args(["--nofile=0:0", "--pid"]).arg(id().to_string()).status();
    let mut files = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        files.push(file);
    }
    println!("{}{x}", Release(release));
}

#[test]
fn line_says_what_may_be_wrong() {
    if child::is_child() {
        return prints_without_descriptors();
    }
    let _watchdog = watchdog();
    let mut command = child::command("line_says_what_may_be_wrong");
    // The line is no report of a wait that takes long.
    command.env("PYBACKGROUND_REPORT_AFTER", "0");
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.into_iter().find(|line| line.starts_with("pybackground:"));
    child.kill().unwrap();
    child.wait().unwrap();
    let line = line.expect("the child says something");
    for part in [" (called at tests/printing_without_proc.rs:", "println!(\"{}\", *x)"] {
        assert!(line.contains(part), "{part} is missing in: {line}");
    }
}
