//! Two builds of a program at one server: a function that is the same in both is served by the workers of both, and one
//! whose types changed by those of its own build only.

mod common;

use std::path::Path;
use std::process::Command;

use common::nats::Server;
use common::watchdog;

const BEFORE: &str = env!("CARGO_BIN_EXE_shop-before");
const AFTER: &str = env!("CARGO_BIN_EXE_shop-after");

/// Runs a build as a caller, which waits so long for a worker, in seconds. Returns what it prints.
fn call(program: &str, server: &Server, unserved_after: &str) -> String {
    let mut command = Command::new(program);
    command.env("PYBACKGROUND_REMOTE", server.url());
    command.env("PYBACKGROUND_REMOTE_UNSERVED_AFTER", unserved_after);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The workers are those of one build; a caller of the other finds what it shares with them.
fn worker_of_the_other_build_serves_what_is_the_same(worker: &str, caller: &str) {
    let _watchdog = watchdog();
    let Some(server) = Server::start() else { return };
    let _worker = server.worker_of(Path::new(worker), &[]);
    let said = call(caller, &server, "0.1");
    assert!(said.contains("double: 42\n"), "{said}");
    assert!(said.contains("amount: unserved: "), "{said}");
    assert!(said.contains("workers offer another form of `shop::amount`"), "{said}");
}

#[test]
fn old_worker_serves_what_is_the_same_in_a_new_caller() {
    worker_of_the_other_build_serves_what_is_the_same(BEFORE, AFTER);
}

#[test]
fn new_worker_serves_what_is_the_same_in_an_old_caller() {
    worker_of_the_other_build_serves_what_is_the_same(AFTER, BEFORE);
}

#[test]
fn each_build_gets_its_own_values_when_workers_of_both_serve() {
    let _watchdog = watchdog();
    let Some(server) = Server::start() else { return };
    let _workers = [BEFORE, AFTER].map(|build| server.worker_of(Path::new(build), &[]));
    for caller in [BEFORE, AFTER] {
        assert_eq!(call(caller, &server, "60"), "double: 42\namount: 99\n");
    }
}
