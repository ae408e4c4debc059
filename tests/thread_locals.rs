//! Calls that are made and joined while a thread ends, by the destructors of its thread-locals.

mod common;

use std::cell::RefCell;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use common::gate::Gate;
use common::{child, watchdog};
use pybackground::{Lazy, Timeout, background, configure, spawn};

/// Makes calls when it is dropped, and sends what they give.
struct CallsAtTheEnd(Sender<i32>);

impl Drop for CallsAtTheEnd {
    fn drop(&mut self) {
        let joined = Lazy::into_inner(spawn(|| 1));
        let nested = *spawn(|| spawn(|| 10) + spawn(|| 0));
        let timed = *background(|| 100).timeout(3600.0)();
        let gate = Gate::default();
        let pending = background(|gate: Gate| gate.pass()).timeout(0.001)(gate.clone());
        let late = if pending == Timeout { 1000 } else { 0 };
        gate.open();
        drop(spawn(|| 0));
        // Nobody may listen any more in a process that ends.
        let _ = self.0.send(joined + nested + timed + late);
    }
}

thread_local! {
    static EARLY: RefCell<Option<CallsAtTheEnd>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<CallsAtTheEnd>> = const { RefCell::new(None) };
}

fn short_keep_alive() {
    static CONFIGURED: std::sync::Once = std::sync::Once::new();
    CONFIGURED.call_once(|| configure().keep_alive(Duration::from_millis(5)).install().unwrap());
}

#[test]
fn calls_of_a_plain_thread_that_ends() {
    let _watchdog = watchdog();
    short_keep_alive();
    let (send, received) = channel();
    thread::spawn(move || {
        // Before and after the thread makes its first call, which sets up what the runtime keeps.
        EARLY.set(Some(CallsAtTheEnd(send.clone())));
        Lazy::into_inner(spawn(|| ()));
        LATE.set(Some(CallsAtTheEnd(send)));
    })
    .join()
    .unwrap();
    assert_eq!(received.iter().collect::<Vec<_>>(), [1111, 1111]);
}

#[test]
fn calls_of_a_runtime_thread_that_leaves() {
    let _watchdog = watchdog();
    short_keep_alive();
    let (send, received) = channel();
    for _ in 0..20 {
        let send = send.clone();
        Lazy::into_inner(spawn(move || {
            EARLY.set(Some(CallsAtTheEnd(send.clone())));
            Lazy::into_inner(spawn(|| ()));
            LATE.set(Some(CallsAtTheEnd(send)));
        }));
    }
    drop(send);
    let sums: Vec<i32> = received.iter().collect();
    assert_eq!(sums, [1111; 40]);
}

#[test]
fn calls_of_the_main_thread_when_the_process_ends() {
    if !child::is_child() {
        child::succeeds(&mut child::command("calls_of_the_main_thread_when_the_process_ends"));
        return;
    }
    let (send, _received) = channel();
    LATE.set(Some(CallsAtTheEnd(send.clone())));
    Lazy::into_inner(spawn(|| ()));
    EARLY.set(Some(CallsAtTheEnd(send)));
}

/// A `Lazy` that was still pending when its thread ended is dropped, or joined, by a thread-local.
#[test]
fn a_lazy_in_a_thread_local() {
    struct JoinsAtTheEnd(Option<Lazy<i32>>, Sender<i32>);

    impl Drop for JoinsAtTheEnd {
        fn drop(&mut self) {
            if let Some(lazy) = self.0.take() {
                self.1.send(Lazy::into_inner(lazy)).unwrap();
            }
        }
    }

    thread_local! {
        static KEPT: RefCell<Option<JoinsAtTheEnd>> = const { RefCell::new(None) };
        static DROPPED: RefCell<Option<Lazy<i32>>> = const { RefCell::new(None) };
    }

    let _watchdog = watchdog();
    short_keep_alive();
    let (send, received) = channel();
    let from_body = send.clone();
    thread::spawn(move || {
        KEPT.set(Some(JoinsAtTheEnd(Some(spawn(|| 7)), send)));
        DROPPED.set(Some(spawn(|| 8)));
    })
    .join()
    .unwrap();
    Lazy::into_inner(spawn(move || {
        KEPT.set(Some(JoinsAtTheEnd(Some(spawn(|| 7)), from_body)));
        DROPPED.set(Some(spawn(|| 8)));
    }));
    assert_eq!(received.iter().collect::<Vec<_>>(), [7, 7]);
}
