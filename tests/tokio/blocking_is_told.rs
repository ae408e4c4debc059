//! Debug builds warn, once, where the use of a `Lazy` blocks a thread that tokio runs tasks on, and
//! nowhere else. Each test is a process of its own.

#![cfg(debug_assertions)]

#[path = "../common/mod.rs"]
mod common;

use std::sync::mpsc;
use std::time::Duration;

use common::child::{command, is_child, succeeds};
use common::watchdog;
use pybackground::{Lazy, background, spawn};
use tokio::runtime::{Builder, Handle, Runtime};

const WARNING: &str = "blocks a thread that tokio runs tasks on";

fn many_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// A value that takes long enough for its user to block.
#[background]
fn slow_answer() -> u8 {
    std::thread::sleep(Duration::from_millis(50));
    42
}

/// What the process in which `body` runs prints.
fn printed_by(test: &str, body: impl FnOnce()) -> Option<String> {
    if is_child() {
        let _watchdog = watchdog();
        body();
        return None;
    }
    Some(succeeds(&mut command(test)))
}

#[test]
fn a_use_in_a_task_is_told_once() {
    let line = line!() + 5;
    let printed = printed_by("a_use_in_a_task_is_told_once", || {
        let tasks = many_threads();
        for _ in 0..3 {
            let task = tasks.spawn(async {
                assert_eq!(slow_answer(), 42);
                // It has all the steps that it had before.
                for _ in 0..100 {
                    assert!(tokio::task::coop::has_budget_remaining());
                    tokio::task::consume_budget().await;
                }
            });
            tasks.block_on(task).unwrap();
        }
    });
    let Some(printed) = printed else { return };
    assert_eq!(printed.matches(WARNING).count(), 1, "{printed}");
    let site = format!("{}:{line}:", file!());
    assert!(printed.contains(&site) && printed.contains("slow_answer"), "{printed}");
    assert!(printed.contains("`x.await`"), "{printed}");
}

#[test]
fn a_use_on_the_only_thread_of_a_runtime_is_told() {
    let printed = printed_by("a_use_on_the_only_thread_of_a_runtime_is_told", || {
        let runtime = Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(async { *slow_answer() }), 42);
    });
    let Some(printed) = printed else { return };
    assert_eq!(printed.matches(WARNING).count(), 1, "{printed}");
}

#[test]
fn a_use_where_tokio_lets_threads_block_is_not_told() {
    let printed = printed_by("a_use_where_tokio_lets_threads_block_is_not_told", || {
        let runtime = many_threads();
        assert_eq!(slow_answer(), 42);
        // A thread that runs no other task.
        runtime.block_on(async { assert_eq!(slow_answer(), 42) });
        let blocking = runtime.spawn_blocking(|| assert_eq!(slow_answer(), 42));
        runtime.block_on(blocking).unwrap();
        let task = runtime.spawn(async {
            tokio::task::block_in_place(|| {
                assert_eq!(slow_answer(), 42);
                Handle::current().block_on(async { assert_eq!(slow_answer(), 42) });
            });
            // A value that is there blocks nobody, nor does one that is awaited.
            let answer = slow_answer();
            assert_eq!(slow_answer().await, 42);
            while !Lazy::is_ready(&answer) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(answer, 42);
        });
        runtime.block_on(task).unwrap();
        // The threads of this library lend their place when they wait.
        let _entered = runtime.enter();
        let (send, receive) = mpsc::channel();
        drop(Lazy::detach(spawn(move || send.send(*slow_answer()).unwrap())));
        assert_eq!(receive.recv().unwrap(), 42);
        assert_eq!(waits_in_an_async_body(), 42);
    });
    let Some(printed) = printed else { return };
    assert!(!printed.contains(WARNING), "{printed}");
}

#[background]
async fn waits_in_an_async_body() -> u8 {
    tokio::time::sleep(Duration::from_millis(1)).await;
    *slow_answer()
}
