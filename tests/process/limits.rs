//! The system gives no more processes, or no more descriptors.

mod common;

use std::process::Command;

use common::{as_user, child, watchdog};
use pybackground::{Lazy, background, configure, processes, spawn};

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

#[background(process)]
fn double(n: u32) -> u32 {
    2 * n
}

/// From here on, this process gets neither threads nor processes.
fn refuse_processes() {
    allow_processes("1");
}

/// From here on, the threads of all processes of this user are so many at most.
fn allow_processes(threads: &str) {
    let this = std::process::id().to_string();
    let limit = format!("--nproc={threads}:{threads}");
    let limited = Command::new("prlimit").args([&limit, "--pid", &this]).status().unwrap();
    assert!(limited.success());
}

#[test]
fn no_process_at_all_is_an_error_of_the_call() {
    const TEST: &str = "no_process_at_all_is_an_error_of_the_call";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut as_user(61_871, TEST));
        return;
    }
    // There is a thread to run the call.
    Lazy::into_inner(spawn(|| ()));
    refuse_processes();
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_spawn_failure(), "{error}");
    let told = error.to_string();
    assert!(told.contains("::pid` (called at ") && told.contains("raise the limits"), "{told}");
}

#[test]
fn those_that_there_are_do_when_there_are_no_more() {
    const TEST: &str = "those_that_there_are_do_when_there_are_no_more";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut as_user(61_872, TEST));
        return;
    }
    let first = Lazy::into_inner(pid());
    refuse_processes();
    let calls: Vec<_> = (0..100).map(|_| pid()).collect();
    assert!(calls.into_iter().all(|call| *call == first));
}

/// Each child has a thread besides, which the system may refuse where it gave a process.
#[test]
fn few_processes_are_enough_for_many_calls() {
    const TEST: &str = "few_processes_are_enough_for_many_calls";
    let _watchdog = watchdog();
    if !child::is_child() {
        // Up to twelve are the threads of the program itself.
        // Users that nobody has been: what a run before has left ends a moment after it.
        let users = 100_000 + 8 * std::process::id()..;
        for (user, processes) in users.zip([15, 16, 17, 18, 20]) {
            let mut command = as_user(user, TEST);
            command.env("TEST_PROCESSES", processes.to_string());
            child::succeeds(&mut command);
        }
        return;
    }
    processes().max(8).install().unwrap();
    configure().workers(2).max_threads(8).install().unwrap();
    allow_processes(&std::env::var("TEST_PROCESSES").unwrap());
    let calls: Vec<_> = (0..64).map(double).collect();
    for (n, call) in (0..64).zip(calls) {
        assert_eq!(Lazy::join(call).unwrap(), 2 * n);
    }
}

#[test]
fn a_thread_that_no_child_gets_is_told() {
    const TEST: &str = "a_thread_that_no_child_gets_is_told";
    if !child::is_child() {
        // In the other half not even the watchdog gets a thread.
        let _watchdog = watchdog();
        child::succeeds(child::command(TEST).env("RUST_MIN_STACK", "100000000000000"));
        return;
    }
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_spawn_failure(), "{error}");
}

#[test]
fn few_descriptors_are_enough_for_many_calls() {
    const TEST: &str = "few_descriptors_are_enough_for_many_calls";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::wrapped(&["prlimit", "--nofile=20:20"], TEST));
        return;
    }
    processes().max(100).install().unwrap();
    let calls: Vec<_> = (0..1000).map(double).collect();
    for (n, call) in (0..1000).zip(calls) {
        assert_eq!(Lazy::join(call).unwrap(), 2 * n);
    }
}
