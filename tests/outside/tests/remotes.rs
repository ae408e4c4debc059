//! The feature `remote`: without a server, bodies run in processes of this machine, and the engine for others is there.

use std::process::{Command, id};

use pybackground::{Lazy, background, snapshot};

#[background(remote, retry = 1)]
fn elsewhere(text: &str) -> (u32, usize) {
    (id(), text.len())
}

#[test]
fn body_runs_in_another_process_without_a_server() {
    let (process, length) = Lazy::into_inner(elsewhere("word"));
    assert_ne!(process, id());
    assert_eq!(length, 4);
    assert_eq!(snapshot().remote, None, "no engine was asked");
}

#[test]
fn program_has_the_engine_and_can_be_a_worker() {
    let mut worker = Command::new(std::env::current_exe().unwrap());
    let output = worker.env("PYBACKGROUND_WORKER", "ftp://box").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("pybackground: PYBACKGROUND_WORKER: "), "{said}");
    assert!(said.contains("nats://host:port"), "{said}");
}
