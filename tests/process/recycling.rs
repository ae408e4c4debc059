//! Children serve one call after the other, and are replaced when they should be.

mod common;

use std::fs;
use std::time::Duration;

use common::{Lifeline, child, children, descriptors, hold, wait_until, watchdog};
use pybackground::{Lazy, background, processes, shutdown, snapshot, spawn};
use serde_bytes::ByteBuf;

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

/// Leaks memory, and returns enough bytes to have the memory checked.
#[background(process)]
fn leak(bytes: usize) -> (u32, ByteBuf) {
    std::mem::forget(std::hint::black_box(vec![1_u8; bytes]));
    (std::process::id(), ByteBuf::from(vec![1; 2 << 20]))
}

/// Runs until the test hangs up.
#[background(process)]
fn wait(port: u16) {
    let _ = std::io::Read::read(&mut hold(port), &mut [0]);
}

#[background(process)]
fn panic() {
    panic!("its process is not used again")
}

/// Runs the other half of a test in a process of its own, which has settings of its own.
fn in_a_process_of_its_own(test: &str) -> bool {
    if child::is_child() {
        return true;
    }
    child::succeeds(&mut child::command(test));
    false
}

#[test]
fn child_is_replaced_after_recycle_after_calls() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("child_is_replaced_after_recycle_after_calls") {
        processes().recycle_after(3).install().unwrap();
        let pids: Vec<u32> = (0..6).map(|_| Lazy::into_inner(pid())).collect();
        assert!(pids[..3].iter().all(|pid| *pid == pids[0]), "{pids:?}");
        assert!(pids[3..].iter().all(|pid| *pid == pids[3]), "{pids:?}");
        assert_ne!(pids[0], pids[3]);
    }
}

#[test]
fn each_of_many_calls_has_a_process_of_its_own() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("each_of_many_calls_has_a_process_of_its_own") {
        processes().max(1).keep_alive(Duration::ZERO).install().unwrap();
        let mut pids: Vec<u32> = (0..20).map(|_| Lazy::into_inner(pid())).collect();
        pids.sort_unstable();
        pids.dedup();
        assert_eq!(pids.len(), 20);
        wait_until(|| children().is_empty());
    }
}

#[test]
fn child_that_has_grown_is_replaced() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("child_that_has_grown_is_replaced") {
        processes().recycle_above(128 << 20).install().unwrap();
        let small = Lazy::into_inner(leak(1)).0;
        assert_eq!(pid(), small);
        let grown = Lazy::into_inner(leak(192 << 20)).0;
        assert_eq!(grown, small);
        assert_ne!(pid(), grown);
    }
}

#[test]
fn child_that_has_panicked_is_replaced() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("child_that_has_panicked_is_replaced") {
        let first = Lazy::into_inner(pid());
        assert!(Lazy::join(panic()).unwrap_err().is_panic());
        assert_ne!(pid(), first);
    }
}

#[background(process, memory = "64MiB")]
fn allocate(bytes: usize) -> (u32, usize) {
    let allocated = std::hint::black_box(vec![1_u8; bytes]);
    (std::process::id(), allocated.len())
}

#[test]
fn memory_that_earlier_bodies_left_does_not_count() {
    const TAKEN: usize = 48 << 20;
    let _watchdog = watchdog();
    if in_a_process_of_its_own("memory_that_earlier_bodies_left_does_not_count") {
        let first = Lazy::into_inner(allocate(TAKEN)).0;
        // The child still serves a body that may take as much as earlier bodies left.
        assert_eq!(Lazy::into_inner(leak(32 << 20)).0, first);
        assert_eq!(Lazy::into_inner(allocate(TAKEN)), (first, TAKEN));
        assert_eq!(Lazy::into_inner(leak(64 << 20)).0, first);
        let (second, taken) = Lazy::into_inner(allocate(TAKEN));
        assert_eq!(taken, TAKEN);
        assert_ne!(second, first, "too much memory was left in it");
    }
}

/// Shuts down the runtime of its process.
#[background(process)]
fn shut_down() -> u32 {
    shutdown(Duration::from_secs(100)).unwrap();
    std::process::id()
}

#[background(process)]
fn pid_by_way_of_a_thread() -> u32 {
    Lazy::into_inner(spawn(std::process::id))
}

#[test]
fn child_whose_runtime_was_shut_down_is_replaced() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("child_whose_runtime_was_shut_down_is_replaced") {
        let first = Lazy::into_inner(shut_down());
        assert_ne!(Lazy::join(pid_by_way_of_a_thread()).unwrap(), first);
    }
}

#[test]
fn idle_children_exit() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("idle_children_exit") {
        processes().keep_alive(Duration::from_millis(1)).install().unwrap();
        let before = descriptors();
        Lazy::into_inner(pid());
        wait_until(|| children().is_empty() && descriptors() == before);
        assert_ne!(pid(), 0);
    }
}

/// Returns how often the thread of that name has gone to sleep, if there is one.
fn sleeps_of_thread(name: &str) -> Option<u64> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
    let statuses = tasks.filter_map(|task| fs::read_to_string(task.path().join("status")).ok());
    let field = |status: &str, field: &str| {
        Some(status.lines().find_map(|line| line.strip_prefix(field))?.trim().to_owned())
    };
    statuses
        .filter(|status| field(status, "Name:").as_deref() == Some(name))
        .find_map(|status| field(&status, "voluntary_ctxt_switches:")?.parse().ok())
}

#[test]
fn keeper_of_children_sleeps_while_calls_are_made() {
    const CALLS: u64 = 1000;
    let _watchdog = watchdog();
    if in_a_process_of_its_own("keeper_of_children_sleeps_while_calls_are_made") {
        processes().keep_alive(Duration::from_secs(3600)).install().unwrap();
        Lazy::into_inner(pid());
        // The system keeps 15 characters of the name.
        let sleeps = || sleeps_of_thread("background-chil");
        wait_until(|| sleeps().is_some());
        let before = sleeps().unwrap();
        (0..CALLS).for_each(|_| assert_ne!(pid(), 0));
        let more = sleeps().unwrap() - before;
        assert!(more < CALLS / 10, "it was woken {more} times");
    }
}

#[test]
fn max_limits_the_children() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("max_limits_the_children") {
        processes().max(2).install().unwrap();
        let lifeline = Lifeline::new();
        let calls: Vec<_> = (0..6).map(|_| wait(lifeline.port())).collect();
        for _ in 0..3 {
            let held = [lifeline.held(), lifeline.held()];
            assert_eq!(children().len(), 2);
            // Calls that wait for a child hold no thread.
            assert!(snapshot().stacks.len() <= 2, "{}", snapshot());
            drop(held);
        }
        calls.into_iter().for_each(Lazy::into_inner);
    }
}

#[test]
fn keep_alive_of_zero_keeps_no_child() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("keep_alive_of_zero_keeps_no_child") {
        processes().keep_alive(Duration::ZERO).install().unwrap();
        let first = Lazy::into_inner(pid());
        wait_until(|| children().is_empty());
        assert_ne!(pid(), first);
    }
}

#[test]
fn min_idle_children_stay() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("min_idle_children_stay") {
        processes().keep_alive(Duration::ZERO).min_idle(1).install().unwrap();
        let calls = [pid(), pid()];
        let pids = calls.map(Lazy::into_inner);
        wait_until(|| children().len() == 1);
        let stayed = Lazy::into_inner(pid());
        assert!(pids.contains(&stayed));
    }
}

#[test]
fn next_call_replaces_an_idle_child_that_died() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("next_call_replaces_an_idle_child_that_died") {
        let first = Lazy::into_inner(pid());
        common::signal("KILL", first);
        // The process ends with its last thread, and the main thread may end earlier.
        wait_until(|| {
            let state = std::fs::read_to_string(format!("/proc/{first}/stat")).unwrap();
            let threads = std::fs::read_dir(format!("/proc/{first}/task")).unwrap();
            state.contains(") Z ") && threads.count() == 1
        });
        assert_ne!(pid(), first);
    }
}
