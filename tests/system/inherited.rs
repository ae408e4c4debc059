//! What a thread of the pool inherits from the thread that starts it, as the guide says, at the example of the
//! processors that it may use.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, thread};

use common::{child, wait_until, watchdog};
use pybackground::{Lazy, configure, spawn};

/// The processors that this thread may use, as the system writes them.
fn processors() -> String {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    line.unwrap().trim().to_owned()
}

/// Sets the processors that this thread may use, by a program of the system.
fn use_processors(list: &str) {
    let thread = fs::read_link("/proc/thread-self").unwrap();
    let mut taskset = Command::new("taskset");
    taskset.args(["-p", "-c", list]).arg(thread.file_name().unwrap()).stdout(Stdio::null());
    assert!(taskset.status().unwrap().success());
}

/// The first of them.
fn first_of(list: &str) -> &str {
    list.split([',', '-']).next().unwrap()
}

/// Makes a call on a thread that may use one processor, and returns the processors of its body.
fn of_body_called_on_one_processor() -> String {
    let call = || {
        use_processors(first_of(&processors()));
        Lazy::into_inner(spawn(processors))
    };
    thread::spawn(call).join().unwrap()
}

/// Runs `rest` in a process of its own, if the machine has what it takes to see a difference.
fn in_process(test: &str, rest: fn(&str)) {
    let all = processors();
    let has_taskset = || Command::new("taskset").arg("-V").stdout(Stdio::null()).status().is_ok();
    if first_of(&all) == all || !has_taskset() {
        println!("not tested: there is one processor, or no `taskset`");
    } else if child::is_child() {
        let _watchdog = watchdog();
        rest(&all);
    } else {
        child::succeeds(&mut child::command(test));
    }
}

#[test]
fn thread_inherits_from_the_caller_that_starts_it() {
    in_process("thread_inherits_from_the_caller_that_starts_it", |all| {
        configure().workers(1).install().unwrap();
        assert_eq!(of_body_called_on_one_processor(), first_of(all));
    });
}

#[test]
fn call_in_main_starts_the_pool_there() {
    in_process("call_in_main_starts_the_pool_there", |all| {
        configure().workers(1).keep_alive(Duration::MAX).install().unwrap();
        let worker = Lazy::into_inner(spawn(|| fs::read_link("/proc/thread-self").unwrap()));
        // The next call starts a thread of its own if this one is not ready for it.
        let status = Path::new("/proc").join(worker).join("status");
        wait_until(|| fs::read_to_string(&status).unwrap().contains("State:\tS"));
        assert_eq!(of_body_called_on_one_processor(), all);
    });
}

#[test]
fn hook_sets_what_each_thread_needs() {
    in_process("hook_sets_what_each_thread_needs", |all| {
        let of_main = all.to_owned();
        configure().on_thread_start(move || use_processors(&of_main)).install().unwrap();
        assert_eq!(of_body_called_on_one_processor(), all);
    });
}
