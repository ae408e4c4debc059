//! A system that refuses processes, threads or descriptors.

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

/// Makes the system refuse this process threads and processes.
fn refuse_processes() {
    allow_processes("1");
}

/// Limits the threads of all processes of this user.
fn allow_processes(threads: &str) {
    let this = std::process::id().to_string();
    let limit = format!("--nproc={threads}:{threads}");
    let limited = Command::new("prlimit").args([&limit, "--pid", &this]).status().unwrap();
    assert!(limited.success());
}

#[test]
fn call_without_any_process_is_an_error() {
    const TEST: &str = "call_without_any_process_is_an_error";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut as_user(61_871, TEST));
        return;
    }
    // Starts a thread that can run the call.
    Lazy::into_inner(spawn(|| ()));
    refuse_processes();
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_spawn_failure(), "{error}");
    let text = error.to_string();
    assert!(text.contains("::pid` (called at ") && text.contains("raise the limits"), "{text}");
}

#[test]
fn calls_share_the_children_that_there_are() {
    const TEST: &str = "calls_share_the_children_that_there_are";
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

/// Each child has a second thread, which the system may refuse after it gave a process.
#[test]
fn many_calls_run_in_few_processes() {
    const TEST: &str = "many_calls_run_in_few_processes";
    let _watchdog = watchdog();
    if !child::is_child() {
        // The program itself has up to twelve threads.
        // Each run has new users, because processes of an earlier run may still be ending.
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
fn child_without_a_thread_is_a_spawn_failure() {
    const TEST: &str = "child_without_a_thread_is_a_spawn_failure";
    if !child::is_child() {
        // In the other half the watchdog gets no thread either.
        let _watchdog = watchdog();
        child::succeeds(child::command(TEST).env("RUST_MIN_STACK", "100000000000000"));
        return;
    }
    // The variable is the default for threads of this program too.
    configure().stack_size(1 << 20).install().unwrap();
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_spawn_failure(), "{error}");
}

#[test]
fn many_calls_run_with_few_descriptors() {
    const TEST: &str = "many_calls_run_with_few_descriptors";
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
