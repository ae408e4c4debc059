//! A call in a process that was forked from the one whose threads run the calls is an error.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

use std::io::{Read, Write, pipe};
use std::time::Duration;

use common::{child, wait_until, watchdog};
use fork::{Fork, fork};
use pybackground::{Error, Lazy, as_completed, configure, snapshot, spawn, wait_idle};

/// Returns what `in_child` writes in a process that is forked here.
fn forked(in_child: impl FnOnce() -> String) -> String {
    let (mut reader, mut writer) = pipe().unwrap();
    match fork().expect("the system can fork") {
        Fork::Child => {
            writer.write_all(in_child().as_bytes()).unwrap();
            std::process::exit(0);
        }
        Fork::Parent(_) => {
            drop(writer);
            let mut text = String::new();
            reader.read_to_string(&mut text).unwrap();
            text
        }
    }
}

fn text_of<T>(outcome: Result<T, Error>) -> String {
    match outcome {
        Ok(_) => "a value".to_owned(),
        Err(error) => {
            assert!(error.is_refused());
            error.to_string()
        }
    }
}

const WHY: &str = "was refused and will not run: this process was forked, and the threads that run calls exist only in \
                   its parent; fork before the first call, or start another program instead of a fork";

#[test]
fn call_in_the_forked_process_is_an_error() {
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command("call_in_the_forked_process_is_an_error"));
        return;
    }
    assert_eq!(spawn(|| 1), 1);
    let waits = [
        forked(|| text_of(Lazy::join(spawn(|| 2)))),
        forked(|| text_of(Lazy::wait(&spawn(|| 2)).map_err(Error::clone))),
        forked(|| text_of(Lazy::wait_timeout(&spawn(|| 2), Duration::MAX).unwrap().cloned_error())),
        forked(|| text_of(as_completed([spawn(|| 2)]).next().unwrap().1)),
    ];
    for text in waits {
        assert!(text.ends_with(WHY) && text.contains("tests/system/fork.rs:"), "{text}");
    }
    let text = forked(|| {
        drop(Lazy::detach(spawn(|| 2)));
        wait_idle(Duration::MAX).unwrap_err().to_string()
    });
    assert!(text.contains("1 queued"), "{text}");
    assert_eq!(spawn(|| 3), 3, "the parent is as before");
}

trait ClonedError<T> {
    fn cloned_error(self) -> Result<T, Error>;
}

impl<T: Copy> ClonedError<T> for Result<&T, &Error> {
    fn cloned_error(self) -> Result<T, Error> {
        self.copied().map_err(Error::clone)
    }
}

/// As a daemon that forks when it starts.
#[test]
fn fork_while_there_is_no_thread_loses_nothing() {
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command("fork_while_there_is_no_thread_loses_nothing"));
        return;
    }
    configure().keep_alive(Duration::ZERO).install().unwrap();
    let call = || text_of(Lazy::join(spawn(|| 1)));
    assert_eq!(forked(call), "a value", "before the first call");
    assert_eq!(call(), "a value");
    wait_until(|| snapshot().threads == 0);
    assert_eq!(forked(call), "a value", "after the last thread");
}
