//! Waits that are about to end are no part of a deadlock, and a deadlock aborts no process.

mod common;

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use common::{wait_until, watchdog};
use pybackground::sync::{Mutex, PoisonError};
use pybackground::{
    Lazy, Limit, Shared, Stack, background, cancelled, checkpoint, scope, snapshot, spawn,
};

/// Waits until a thread joins a call of a function with that name.
fn wait_for_join(function: &str) {
    wait_until(|| {
        let report = snapshot();
        let mut waits = report.stacks.iter().filter_map(Stack::wait);
        waits.any(|wait| wait.function().is_some_and(|name| name.ends_with(function)))
    });
}

/// Waits until a thread waits for a lock that was asked for in this line.
fn wait_for_lock_wait(line: u32) {
    wait_until(|| {
        let report = snapshot();
        let waits = report.stacks.iter().filter_map(Stack::wait);
        let mut here = waits.filter(|wait| wait.function().is_none());
        here.any(|wait| wait.waits_at().is_some_and(|at| at.line() == line))
    });
}

static ONE_AT_A_TIME: Limit = Limit::new(1);

#[background(limit = ONE_AT_A_TIME)]
fn joins_under_lock(total: Arc<Mutex<()>>, last: Shared<bool>, locked: Sender<()>) {
    let _held = total.lock().unwrap();
    locked.send(()).unwrap();
    Shared::wait(&last).unwrap();
}

#[background(limit = ONE_AT_A_TIME)]
fn stops_and_locks(joins: Lazy<()>, total: Arc<Mutex<()>>, go: Receiver<()>) {
    go.recv().unwrap();
    assert!(Lazy::cancel(&joins));
    // The stopped body first needs the permit of this one, which it gets while this one waits for the lock.
    drop(total.lock().unwrap_or_else(PoisonError::into_inner));
}

#[background]
fn joins_what_stops(calls: Receiver<Lazy<()>>) -> bool {
    Lazy::join(calls.recv().unwrap()).is_ok()
}

#[test]
fn wait_of_a_stopped_body_is_no_part_of_a_cycle() {
    let _watchdog = watchdog();
    let ((lock, locked), (release, go), (send, calls)) = (channel(), channel(), channel());
    let total = Arc::new(Mutex::new(()));
    let last = Lazy::share(joins_what_stops(calls));
    let joins = joins_under_lock(total.clone(), last.clone(), lock);
    locked.recv().unwrap();
    wait_for_join("joins_what_stops");
    send.send(stops_and_locks(joins, total, go)).unwrap();
    wait_for_join("stops_and_locks");
    release.send(()).unwrap();
    assert!(*last);
}

const LOCKS_IN_DROP: u32 = line!() + 7;

/// Locks when it is dropped.
struct LocksInDrop(Arc<Mutex<()>>);

impl Drop for LocksInDrop {
    fn drop(&mut self) {
        drop(self.0.lock());
    }
}

#[background]
fn locks_while_it_panics(total: Arc<Mutex<()>>, start: Sender<()>, go: Receiver<()>) {
    start.send(()).unwrap();
    scope(|s| {
        s.launch(|| {
            let _locks = LocksInDrop(total);
            resume_unwind(Box::new("as a panic, without a message"));
        });
        go.recv().unwrap();
    });
}

#[test]
fn error_of_a_deadlock_goes_to_a_thread_that_does_not_panic() {
    let _watchdog = watchdog();
    let ((lock, locked), (release, go), (send, calls)) = (channel(), channel(), channel());
    let total = Arc::new(Mutex::new(()));
    let held = total.clone();
    let joins = spawn(move || {
        let _held = held.lock().unwrap();
        lock.send(()).unwrap();
        let call: Lazy<()> = calls.recv().unwrap();
        Lazy::join(call).unwrap_err().is_deadlock()
    });
    locked.recv().unwrap();
    let (start, started) = channel();
    let call = locks_while_it_panics(total, start, go);
    started.recv().unwrap();
    send.send(call).unwrap();
    wait_for_lock_wait(LOCKS_IN_DROP);
    wait_for_join("locks_while_it_panics");
    // The end of the scope closes the cycle, and cannot fail.
    release.send(()).unwrap();
    assert!(joins);
}

#[background]
fn runs_until_it_is_stopped(start: Sender<()>, stopped: Sender<()>) {
    start.send(()).unwrap();
    while !cancelled() {
        std::thread::yield_now();
    }
    stopped.send(()).unwrap();
    checkpoint();
}

#[test]
fn shared_call_stops_with_the_body_that_was_its_last_owner() {
    let _watchdog = watchdog();
    let ((start, started), (stop, stopped)) = (channel(), channel());
    let joins = spawn(move || {
        let call = Lazy::share(runs_until_it_is_stopped(start, stop));
        started.recv().unwrap();
        Lazy::into_inner(Shared::try_unwrap(call).unwrap());
    });
    wait_for_join("runs_until_it_is_stopped");
    assert!(Lazy::cancel(&joins));
    stopped.recv().unwrap();
}
