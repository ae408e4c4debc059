//! Memory for the stacks of a few threads, and then for none: calls go on on the threads there are.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

use std::fs;
use std::process::Command;

use common::{child, system, watchdog};
use pybackground::{Lazy, configure, spawn};

/// How many bytes the stack of a thread takes: so many that what remains when there is no room for a
/// further one is enough for all else. A thread that starts with less than `std` needs for itself ends the
/// process.
const STACK: usize = 64 << 20;

const STACKS: &str = "PYBACKGROUND_TEST_STACKS";

/// What the process has mapped, in bytes.
fn mapped() -> usize {
    const PAGE: usize = 4096;
    let pages = fs::read_to_string("/proc/self/statm").unwrap();
    PAGE * pages.split_whitespace().next().unwrap().parse::<usize>().unwrap()
}

fn may_map(bytes: usize) {
    let (limit, this) = (format!("--as={bytes}:{bytes}"), std::process::id().to_string());
    let limited = Command::new("prlimit").args([&limit, "--pid", &this]).status().unwrap();
    assert!(limited.success());
}

#[test]
fn every_call_completes_or_is_refused() {
    const ROUNDS: usize = 20;
    const CALLS: usize = 50;

    let _watchdog = watchdog();
    let Ok(stacks) = std::env::var(STACKS) else {
        for stacks in 0..=4 {
            let mut command = child::command("every_call_completes_or_is_refused");
            // Each further arena of the allocator would take as much as a stack.
            command.env(STACKS, stacks.to_string()).env("MALLOC_ARENA_MAX", "1");
            child::succeeds(&mut command);
        }
        return;
    };
    let stacks: usize = stacks.parse().unwrap();
    // Calls inside of calls run in place, on the reserve, where no further thread is given.
    configure().stack_size(STACK).stack_reserve(STACK).install().unwrap();
    may_map(mapped() + stacks * 2 * STACK + STACK / 2);
    let (mut ended, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        let calls: Vec<Lazy<usize>> = (0..CALLS)
            .map(|n| {
                spawn(move || {
                    std::thread::yield_now();
                    *spawn(move || n) + 1
                })
            })
            .collect();
        for (n, call) in calls.into_iter().enumerate() {
            match Lazy::join(call) {
                Ok(sum) => {
                    assert_eq!(sum, n + 1);
                    ended += 1;
                }
                Err(error) => {
                    assert!(error.is_refused(), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert_eq!(ended + refused, ROUNDS * CALLS);
    assert_eq!(refused == 0, stacks > 0, "{refused} refused");
    let mut threads = system::runtime_threads().unwrap();
    // The system cuts names off. The monitor has a small stack of its own.
    threads.retain(|thread| thread.name != "background-moni");
    assert!(threads.len() <= stacks, "{threads:?}");
}
