//! After a shutdown in time, every thread of the runtime has ended, with the destructors of its
//! thread-locals.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, Timeout, background, configure, shutdown, snapshot};

const THREADS: usize = 20;

static DROPPED: AtomicUsize = AtomicUsize::new(0);

struct Counted;

impl Drop for Counted {
    fn drop(&mut self) {
        // Another thread's destructors take longer than those of the pool itself.
        std::thread::yield_now();
        DROPPED.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static COUNTED: Counted = const { Counted };
}

#[background]
fn uses_a_thread_local(gate: Gate) {
    COUNTED.with(|_| gate.pass());
}

#[test]
fn shutdown_waits_for_destructors_of_thread_locals() {
    let _watchdog = watchdog();
    configure().keep_alive(Duration::MAX).install().unwrap();
    let gate = Gate::default();
    let calls: Vec<Lazy<()>> = (0..THREADS).map(|_| uses_a_thread_local(gate.clone())).collect();
    gate.wait_for_arrivals(THREADS);
    gate.open();
    calls.into_iter().for_each(Lazy::into_inner);
    // The monitor has run too, and would stay for ever.
    let late = background(|gate: Gate| gate.pass()).timeout(0.001);
    let gate = Gate::default();
    assert!(late(gate.clone()) == Timeout);
    gate.open();
    shutdown(Duration::from_secs(100)).unwrap();
    assert_eq!(DROPPED.load(Ordering::SeqCst), THREADS);
    assert_eq!(snapshot().threads, 0);
    no_thread_is_left();
}

/// Waits until the system has forgotten the threads, which it may do a moment after they ended.
#[cfg(target_os = "linux")]
fn no_thread_is_left() {
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm"));
    let is_left = || {
        let mut tasks = std::fs::read_dir("/proc/self/task").unwrap();
        tasks.any(|task| name(task.unwrap()).is_ok_and(|name| name.starts_with("background")))
    };
    while is_left() {
        std::thread::yield_now();
    }
}

#[cfg(not(target_os = "linux"))]
fn no_thread_is_left() {
    // A thread cannot be asked for by its name.
}
