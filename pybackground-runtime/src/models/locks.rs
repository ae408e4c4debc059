//! Locks: one thread holds a lock at a time, no wake-up is lost, and a cycle of locks and joins fails once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Tally, check};
use crate::locks::Mutex;
#[cfg(pybackground_shuttle)]
use crate::locks::{Condvar, RwLock};
use crate::options::Options;
use crate::sync::checker::thread;
use crate::task::{Closure, Job};
use crate::{Lazy, runtime};

/// Locks `mutex` and does `inside` with the lock. Returns whether there was no deadlock.
fn locked(mutex: &Mutex<()>, inside: impl FnOnce()) -> bool {
    let lock = || mutex.lock().expect("no thread panics with the lock");
    let Ok(guard) = catch_unwind(AssertUnwindSafe(lock)) else { return false };
    inside();
    drop(guard);
    true
}

/// A call, and the job that a thread of the model runs.
fn call(body: impl FnOnce() + Send + 'static) -> (Lazy<()>, Arc<dyn Job>) {
    let task = Options::here().task(Closure(body));
    (Lazy::pending(task.clone()), task)
}

//   T1: lock ── +1 ── unlock
//   T2: lock ── +1 ── unlock        each waits for the other at most once, and both get the lock
#[test]
fn two_threads_take_turns() {
    check(|| {
        runtime::global();
        let (mutex, at_once) = (Arc::new(Mutex::new(())), Tally::default());
        let enter = move |mutex: &Mutex<()>, at_once: &Tally| {
            assert!(locked(mutex, || {
                at_once.add();
                thread::yield_now();
                assert_eq!(at_once.get(), 1);
                at_once.subtract();
            }));
        };
        let (shared, shared_at_once) = (mutex.clone(), at_once.clone());
        let other = thread::spawn(move || enter(&shared, &shared_at_once));
        enter(&mutex, &at_once);
        other.join().unwrap();
    });
}

//   T1: lock a ── join x ── unlock a
//   T2, body of x: lock a ── unlock a       the join or the lock fails, unless x has the lock first
#[test]
fn lock_and_join_have_one_deadlock_at_most() {
    check(|| {
        let (mutex, deadlocks) = (Arc::new(Mutex::new(())), Tally::default());
        let (shared, of_lock) = (mutex.clone(), deadlocks.clone());
        let (x, job) = call(move || {
            if !locked(&shared, || ()) {
                of_lock.add();
            }
        });
        let worker = thread::spawn(move || job.run());
        assert!(locked(&mutex, || {
            if let Err(error) = Lazy::join(x) {
                assert!(error.is_deadlock(), "{error}");
                deadlocks.add();
            }
        }));
        worker.join().unwrap();
        assert!(deadlocks.get() <= 1);
    });
}

//   T1: lock a ── lock b
//   T2: lock b ── lock a
#[test]
fn locks_in_opposite_order_have_one_deadlock_at_most() {
    check(|| {
        runtime::global();
        let locks = Arc::new((Mutex::new(()), Mutex::new(())));
        let deadlocks = Tally::default();
        let take = |first: &Mutex<()>, second: &Mutex<()>, deadlocks: &Tally| {
            assert!(locked(first, || {
                if !locked(second, || ()) {
                    deadlocks.add();
                }
            }));
        };
        let (shared, of_other) = (locks.clone(), deadlocks.clone());
        let other = thread::spawn(move || take(&shared.1, &shared.0, &of_other));
        take(&locks.0, &locks.1, &deadlocks);
        other.join().unwrap();
        assert!(deadlocks.get() <= 1);
    });
}

#[cfg(pybackground_shuttle)]
mod large {
    use super::{
        Arc, AssertUnwindSafe, Condvar, Lazy, Mutex, RwLock, Tally, call, catch_unwind, check,
        locked, runtime, thread,
    };

    #[test]
    fn three_threads_take_turns() {
        check(|| {
            runtime::global();
            let (mutex, at_once) = (Arc::new(Mutex::new(())), Tally::default());
            let threads: Vec<_> = (0..3)
                .map(|_| {
                    let (mutex, at_once) = (mutex.clone(), at_once.clone());
                    thread::spawn(move || {
                        for _ in 0..2 {
                            assert!(locked(&mutex, || {
                                at_once.add();
                                thread::yield_now();
                                assert_eq!(at_once.get(), 1);
                                at_once.subtract();
                            }));
                        }
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }

    //   T1: read ── join x ── unlock
    //   T2: read ── unlock
    //   T3, body of x: write ── unlock      only the wait for T1 is part of a cycle
    #[test]
    fn writer_and_the_joins_of_its_readers_have_one_deadlock_at_most() {
        check(|| {
            let (lock, deadlocks) = (Arc::new(RwLock::new(0)), Tally::default());
            let (shared, of_lock) = (lock.clone(), deadlocks.clone());
            let (x, job) = call(move || {
                let write = || *shared.write().expect("no thread panics with the lock") += 1;
                if catch_unwind(AssertUnwindSafe(write)).is_err() {
                    of_lock.add();
                }
            });
            let beside = lock.clone();
            let threads = [
                thread::spawn(move || job.run()),
                thread::spawn(move || drop(beside.read().expect("no thread panics with the lock"))),
            ];
            let held = lock.read().expect("no thread panics with the lock");
            if let Err(error) = Lazy::join(x) {
                assert!(error.is_deadlock(), "{error}");
                deadlocks.add();
            }
            drop(held);
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert!(deadlocks.get() <= 1);
        });
    }

    #[test]
    fn notification_reaches_a_thread_that_waits_for_it() {
        check(|| {
            runtime::global();
            let pair = Arc::new((Mutex::new(0), Condvar::new()));
            let waiters: Vec<_> = (0..2)
                .map(|_| {
                    let pair = pair.clone();
                    thread::spawn(move || {
                        let guard = pair.0.lock().expect("no thread panics with the lock");
                        let waited = pair.1.wait_while(guard, |tickets| *tickets == 0);
                        *waited.expect("no thread panics with the lock") -= 1;
                    })
                })
                .collect();
            for _ in 0..2 {
                *pair.0.lock().expect("no thread panics with the lock") += 1;
                pair.1.notify_one();
            }
            waiters.into_iter().for_each(|thread| thread.join().unwrap());
        });
    }

    #[test]
    fn ring_of_three_locks_has_one_deadlock_at_most() {
        check(|| {
            runtime::global();
            let locks: Arc<[Mutex<()>; 3]> = Arc::default();
            let deadlocks = Tally::default();
            let threads: Vec<_> = (0..3)
                .map(|at| {
                    let (locks, deadlocks) = (locks.clone(), deadlocks.clone());
                    thread::spawn(move || {
                        assert!(locked(&locks[at], || {
                            if !locked(&locks[(at + 1) % 3], || ()) {
                                deadlocks.add();
                            }
                        }));
                    })
                })
                .collect();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            assert!(deadlocks.get() <= 1);
        });
    }
}
