//! Cycles of waits through the locks of `pybackground::sync`, and what else a user relies on with these.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::sync::{Condvar, Mutex, PoisonError, RwLock, TryLockError};
use pybackground::{Lazy, Stack, background, scope, snapshot, spawn};

/// Waits until so many threads wait for a lock that was asked for in this line.
fn wait_for_lock_waits(line: u32, count: usize) {
    wait_until(|| {
        let report = snapshot();
        let waits = report.stacks.iter().filter_map(Stack::wait);
        let here = waits.filter(|wait| wait.function().is_none());
        here.filter(|wait| wait.waits_at().is_some_and(|at| at.line() == line)).count() == count
    });
}

/// Waits until a thread joins a call of a function with that name.
fn wait_for_join(function: &str) {
    wait_until(|| {
        let report = snapshot();
        let mut waits = report.stacks.iter().filter_map(Stack::wait);
        waits.any(|wait| wait.function().is_some_and(|name| name.ends_with(function)))
    });
}

#[track_caller]
fn has_parts(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    }
}

const LOCKS_TOTAL: u32 = line!() + 4;

#[background]
fn needs_lock(total: Arc<Mutex<i32>>) -> i32 {
    *total.lock().unwrap() + 1
}

#[test]
fn join_under_the_lock_that_the_body_waits_for_is_an_error() {
    let _watchdog = watchdog();
    let total = Arc::new(Mutex::new(1));
    let held = total.lock().unwrap();
    let x = needs_lock(total.clone());
    wait_for_lock_waits(LOCKS_TOTAL, 1);
    let error = Lazy::wait(&x).unwrap_err().clone();
    assert!(error.is_deadlock());
    has_parts(
        &error.to_string(),
        &[
            "locks::needs_lock` (called at tests/locks.rs:",
            &format!("waits at tests/locks.rs:{LOCKS_TOTAL}:"),
            "for a lock that the thread `join_under_the_lock_that_the_body_waits_for_is_an_error` holds",
            "break the cycle",
        ],
    );
    drop(held);
    assert_eq!(x, 2);
}

#[test]
fn lock_that_a_joining_body_holds_panics_at_the_users_line() {
    #[background]
    fn joins_with_lock(total: Arc<Mutex<i32>>, x: Lazy<String>, locked: Sender<()>) -> String {
        let _held = total.lock().unwrap();
        locked.send(()).unwrap();
        Lazy::into_inner(x)
    }

    #[background]
    fn locks_late(total: Arc<Mutex<i32>>, start: Sender<()>, go: Receiver<()>) -> String {
        start.send(()).unwrap();
        go.recv().unwrap();
        let panic = caught(|| drop(total.lock().unwrap()));
        panic.text().to_owned()
    }

    let _watchdog = watchdog();
    let line = line!() - 5;
    let total = Arc::new(Mutex::new(1));
    let ((go, may_lock), (locked, is_locked)) = (channel(), channel());
    let (start, started) = channel();
    let x = locks_late(total.clone(), start, may_lock);
    started.recv().unwrap();
    let holder = joins_with_lock(total.clone(), x, locked);
    is_locked.recv().unwrap();
    wait_for_join("locks_late");
    go.send(()).unwrap();
    let text = Lazy::into_inner(holder);
    has_parts(
        &text,
        &[
            "this lock would never have been acquired",
            &format!("waits at tests/locks.rs:{line}:"),
            "joins_with_lock` (called at tests/locks.rs:",
            " holds",
            "break the cycle",
        ],
    );
    // The lock was not poisoned by the attempt, and is free again.
    assert_eq!(*total.lock().unwrap(), 1);
}

#[test]
fn lock_that_the_thread_holds_itself_panics() {
    let _watchdog = watchdog();
    let total = Mutex::new(1);
    let held = total.lock().unwrap();
    let panic = caught(|| drop(total.lock()));
    has_parts(
        panic.text(),
        &["waits at tests/locks.rs:", "lock_that_the_thread_holds_itself_panics` holds"],
    );
    drop(held);
    assert_eq!(*total.lock().unwrap(), 1);
}

/// A worker runs the call that it joins in place, on the thread that holds the lock.
#[test]
fn call_that_runs_in_place_below_the_lock_panics() {
    let _watchdog = watchdog();
    let outer = spawn(|| {
        let total = Arc::new(Mutex::new(1));
        let _held = total.lock().unwrap();
        let x = needs_lock(total.clone());
        match Lazy::join(x) {
            Ok(_) => panic!("the lock is held"),
            // The join failed, because another thread had the body; or the body panicked here or there.
            Err(error) => assert!(error.is_deadlock() || error.is_panic(), "{error}"),
        }
    });
    Lazy::into_inner(outer);
}

#[test]
fn two_locks_in_opposite_order_end_with_one_report() {
    let _watchdog = watchdog();
    let (first, second) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
    let (a, b) = (first.clone(), second.clone());
    let ((locked, is_locked), (go, may_go)) = (channel(), channel::<()>());
    let held = first.lock().unwrap();
    let line = line!() + 4;
    let x = spawn(move || {
        let _held = b.lock().unwrap();
        locked.send(()).unwrap();
        drop(a.lock().unwrap());
        may_go.recv().unwrap();
    });
    is_locked.recv().unwrap();
    wait_for_lock_waits(line, 1);
    let panic = caught(|| drop(second.lock()));
    has_parts(
        panic.text(),
        &[&format!("waits at tests/locks.rs:{line}:"), "the thread `two_locks_in"],
    );
    drop(held);
    go.send(()).unwrap();
    Lazy::into_inner(x);
}

#[test]
fn reader_may_read_again_while_a_writer_waits() {
    let _watchdog = watchdog();
    let lock = Arc::new(RwLock::new(1));
    let shared = lock.clone();
    let first = lock.read().unwrap();
    let line = line!() + 1;
    let x = spawn(move || *shared.write().unwrap() = 2);
    wait_for_lock_waits(line, 1);
    let second = lock.read().unwrap();
    assert_eq!(*first + *second, 2);
    drop((first, second));
    Lazy::into_inner(x);
    assert_eq!(*lock.read().unwrap(), 2);
}

#[test]
fn writer_waits_for_every_reader() {
    let _watchdog = watchdog();
    let lock = Arc::new(RwLock::new(1));
    let free = lock.clone();
    let (go, may_go) = channel::<()>();
    let (read, is_read) = channel();
    // A reader that goes on, beside this thread, which waits for the writer.
    let reader = spawn(move || {
        let value = free.read().unwrap();
        read.send(()).unwrap();
        may_go.recv().unwrap();
        *value
    });
    is_read.recv().unwrap();
    let shared = lock.clone();
    let held = lock.read().unwrap();
    let line = line!() + 1;
    let x = spawn(move || *shared.write().unwrap() = 2);
    wait_for_lock_waits(line, 1);
    assert!(Lazy::wait(&x).unwrap_err().is_deadlock());
    drop(held);
    go.send(()).unwrap();
    assert_eq!(reader, 1);
    assert!(Lazy::join(x).is_ok());
}

#[test]
fn write_below_the_own_read_panics() {
    let _watchdog = watchdog();
    let lock = RwLock::new(1);
    let held = lock.read().unwrap();
    assert!(caught(|| drop(lock.write())).text().contains("would never have been acquired"));
    assert!(matches!(lock.try_write(), Err(TryLockError::WouldBlock)));
    drop(held);
    let held = lock.write().unwrap();
    assert!(caught(|| drop(lock.read())).text().contains("would never have been acquired"));
    drop(held);
    *lock.write().unwrap() += 1;
    assert_eq!(*lock.read().unwrap(), 2);
}

/// The end of a scope cannot be given up, so the lock fails, although it came first.
#[test]
fn lock_held_at_the_end_of_a_scope_fails_in_the_closure() {
    let _watchdog = watchdog();
    let total = Mutex::new(1);
    let line = line!() + 7;
    let x = spawn(move || {
        let held = total.lock().unwrap();
        let (tell, told) = channel();
        let shared = &total;
        scope(|s| {
            let _closure = s.spawn(move || {
                let panic = caught(|| drop(shared.lock()));
                tell.send(panic.text().to_owned()).unwrap();
            });
            wait_for_lock_waits(line, 1);
        });
        drop(held);
        told.recv().unwrap()
    });
    let text = Lazy::into_inner(x);
    has_parts(
        &text,
        &["a closure of its scope at tests/locks.rs:", &format!("waits at tests/locks.rs:{line}:")],
    );
}

/// A thread without a body holds the lock. At the end of the scope it only waits, or runs the closure itself.
#[test]
fn lock_that_a_thread_without_a_body_holds_at_the_end_of_a_scope_fails_in_the_closure() {
    let _watchdog = watchdog();
    for round in 0..100 {
        let total = Mutex::new(1);
        let held = total.lock().unwrap();
        let ((start, started), (tell, told)) = (channel(), channel());
        scope(|s| {
            let shared = &total;
            s.launch(move || {
                start.send(()).unwrap();
                let panic = caught(|| drop(shared.lock()));
                tell.send(panic.text().to_owned()).unwrap();
            });
            if round % 2 == 0 {
                // By another thread.
                started.recv().unwrap();
            }
        });
        drop(held);
        let holder = "for a lock that ";
        has_parts(&told.recv().unwrap(), &[holder, "closure", "break the cycle"]);
    }
}

#[test]
fn lock_taken_again_after_a_notification_can_close_a_cycle() {
    let _watchdog = watchdog();
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let shared = pair.clone();
    let (start, started) = channel();
    let x = spawn(move || {
        let (is_open, opened) = &*shared;
        let guard = is_open.lock().unwrap();
        start.send(()).unwrap();
        let result = catch_unwind(AssertUnwindSafe(|| drop(opened.wait(guard))));
        result.is_err()
    });
    started.recv().unwrap();
    let held = pair.0.lock().unwrap();
    pair.1.notify_one();
    // Either this join or the body's lock closes the cycle.
    match Lazy::wait(&x).map_err(Clone::clone) {
        Ok(body_panicked) => assert!(*body_panicked),
        Err(error) => assert!(error.is_deadlock(), "{error}"),
    }
    drop(held);
    assert!(Lazy::join(x).is_ok());
}

#[test]
fn notifications_wake_one_or_all_and_limits_of_time_are_told() {
    let _watchdog = watchdog();
    let pair = Arc::new((Mutex::new(0), Condvar::new()));
    let waiters: Vec<Lazy<()>> = (0..8)
        .map(|_| {
            let pair = pair.clone();
            spawn(move || {
                let guard = pair.0.lock().unwrap();
                *pair.1.wait_while(guard, |tickets| *tickets == 0).unwrap() -= 1;
                pair.1.notify_one();
            })
        })
        .collect();
    *pair.0.lock().unwrap() = 4;
    pair.1.notify_all();
    wait_until(|| *pair.0.lock().unwrap() == 0);
    *pair.0.lock().unwrap() = 4;
    pair.1.notify_one();
    waiters.into_iter().for_each(Lazy::into_inner);
    let guard = pair.0.lock().unwrap();
    let (guard, result) = pair.1.wait_timeout(guard, Duration::from_millis(5)).unwrap();
    assert!(result.timed_out() && *guard == 0);
    let short = Duration::from_millis(5);
    let (guard, result) = pair.1.wait_timeout_while(guard, short, |tickets| *tickets == 0).unwrap();
    assert!(result.timed_out());
    let (_guard, result) = pair.1.wait_timeout_while(guard, short, |tickets| *tickets > 0).unwrap();
    assert!(!result.timed_out());
}

#[test]
fn panic_with_the_lock_poisons_it_as_with_std() {
    let _watchdog = watchdog();
    let (mutex, lock) = (Arc::new(Mutex::new(1)), Arc::new(RwLock::new(1)));
    let (shared_mutex, shared_lock) = (mutex.clone(), lock.clone());
    let x: Lazy<()> = spawn(move || {
        let _held = (shared_mutex.lock().unwrap(), shared_lock.write().unwrap());
        panic!("with the locks");
    });
    assert!(Lazy::join(x).unwrap_err().is_panic());
    assert!(mutex.is_poisoned() && lock.is_poisoned());
    assert_eq!(*mutex.lock().unwrap_err().into_inner(), 1);
    assert!(matches!(mutex.try_lock(), Err(TryLockError::Poisoned(_))));
    assert_eq!(*lock.read().unwrap_err().into_inner(), 1);
    assert!(lock.write().is_err() && lock.try_read().is_err() && lock.try_write().is_err());
    mutex.clear_poison();
    lock.clear_poison();
    assert!(mutex.lock().is_ok() && lock.write().is_ok());
    let mutex = Arc::into_inner(mutex).unwrap();
    assert_eq!(format!("{mutex:?}"), format!("{:?}", std::sync::Mutex::new(1)));
    assert_eq!(mutex.into_inner().unwrap(), 1);
}

/// A lock in a destructor cannot panic while the thread does. Another wait of the cycle fails in its place.
#[test]
fn lock_in_a_destructor_of_a_panicking_thread_fails_another() {
    struct Counts(Arc<Mutex<i32>>);

    impl Drop for Counts {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }

    let _watchdog = watchdog();
    let total = Arc::new(Mutex::new(0));
    let (held, (go, may_panic)) = (total.lock().unwrap(), channel::<()>());
    let counted = Counts(total.clone());
    let x: Lazy<()> = spawn(move || {
        let _counted = counted;
        may_panic.recv().unwrap();
        panic!("of the body");
    });
    let waker = std::thread::spawn({
        let look = || {
            wait_until(|| {
                let report = snapshot();
                let mut waits = report.stacks.iter().filter_map(Stack::wait);
                waits.any(|wait| {
                    wait.function().is_some_and(|name| {
                        name.ends_with("lock_in_a_destructor_of_a_panicking_thread_fails_another")
                    })
                })
            });
        };
        move || {
            look();
            go.send(()).unwrap();
        }
    });
    assert!(Lazy::wait(&x).unwrap_err().is_deadlock());
    drop(held);
    assert!(Lazy::join(x).unwrap_err().is_panic());
    assert_eq!(*total.lock().unwrap_or_else(PoisonError::into_inner), 1);
    waker.join().unwrap();
}

/// Much contention, chains of waits under locks and no cycle: nothing fails and nothing is lost.
#[test]
fn contention_without_a_cycle_is_silent() {
    let _watchdog = watchdog();
    let total = Arc::new(Mutex::new(0_u64));
    let table = Arc::new(RwLock::new(vec![0_u64; 4]));
    let calls: Vec<Lazy<u64>> = (0..64)
        .map(|number| {
            let (total, table) = (total.clone(), table.clone());
            spawn(move || {
                let mut sum = 0;
                for step in 0..200 {
                    *total.lock().unwrap() += 1;
                    if (number + step) % 4 == 0 {
                        table.write().unwrap()[number % 4] += 1;
                    } else {
                        let again = table.read().unwrap();
                        sum += again.len() as u64 + table.read().unwrap().len() as u64;
                    }
                }
                // A join below a lock that the call does not need.
                let _held = (step_of(number) == 0).then(|| table.read().unwrap());
                sum + Lazy::into_inner(spawn(|| 1))
            })
        })
        .collect();
    let sum: u64 = calls.into_iter().map(Lazy::into_inner).sum();
    assert_eq!(*total.lock().unwrap(), 64 * 200);
    assert_eq!(table.read().unwrap().iter().sum::<u64>(), 64 * 50);
    assert_eq!(sum, 64 * (150 * 8 + 1));
}

fn step_of(number: usize) -> usize {
    number % 8
}

#[test]
fn waits_for_locks_and_notifications_show_in_a_snapshot() {
    let _watchdog = watchdog();
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let shared = pair.clone();
    let line = line!() + 2;
    let waits = spawn(move || {
        drop(shared.1.wait_while(shared.0.lock().unwrap(), |is_open| !*is_open));
    });
    wait_for_lock_waits(line, 1);
    let text = snapshot().to_string();
    assert!(
        text.contains(&format!("waits for a notification at tests/locks.rs:{line}:")),
        "{text}"
    );
    let held = pair.0.lock().unwrap();
    let x = needs_lock(Arc::new(Mutex::new(1)));
    assert_eq!(x, 2);
    drop(held);
    *pair.0.lock().unwrap() = true;
    pair.1.notify_all();
    Lazy::into_inner(waits);
}
