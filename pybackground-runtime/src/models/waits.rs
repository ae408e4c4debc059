//! Waits that depend on each other: exactly one wait of a cycle fails, and no waiting body misses a
//! cancellation.

use std::sync::{Arc, Mutex};

use super::{Tally, check};
use crate::options::Options;
use crate::sync::checker::thread;
use crate::sync::lock_leaf;
use crate::task::{Closure, Job};
use crate::{Lazy, cancelled};

/// A call that waits for the call it is given, and the thread of its body.
struct Member {
    hands: Arc<Mutex<Option<Lazy<()>>>>,
    job: Arc<dyn Job>,
    lazy: Lazy<()>,
}

fn member(deadlocks: &Tally, ends: &Tally) -> Member {
    let hands: Arc<Mutex<Option<Lazy<()>>>> = Arc::default();
    let (held, deadlocks, ends) = (hands.clone(), deadlocks.clone(), ends.clone());
    let body = move || {
        let other = lock_leaf(&held).take().expect("it was put there before");
        if let Err(error) = Lazy::join(other) {
            assert!(error.is_deadlock(), "{error}");
            deadlocks.add();
        }
        ends.add();
    };
    let task = Options::here().task(Closure(body));
    Member { hands, job: task.clone(), lazy: Lazy::pending(task) }
}

/// Each member waits for the next, on a thread of its own.
fn ring(length: usize) {
    let (deadlocks, ends) = (Tally::default(), Tally::default());
    let members: Vec<Member> = (0..length).map(|_| member(&deadlocks, &ends)).collect();
    let hands: Vec<_> = members.iter().map(|member| member.hands.clone()).collect();
    let mut jobs = Vec::new();
    for (at, Member { job, lazy, .. }) in members.into_iter().enumerate() {
        *lock_leaf(&hands[(at + length - 1) % length]) = Some(lazy);
        jobs.push(job);
    }
    let threads: Vec<_> = jobs.into_iter().map(|job| thread::spawn(move || job.run())).collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!((deadlocks.get(), ends.get()), (1, length));
}

/// Not for shuttle, which expects threads that race.
#[cfg(pybackground_loom)]
#[test]
fn a_call_that_waits_for_itself_is_a_deadlock() {
    check(|| ring(1));
}

#[test]
fn a_ring_of_two_has_one_deadlock() {
    check(|| ring(2));
}

/// The body is cancelled before, at the start of, or during its wait.
#[test]
fn a_body_that_is_cancelled_does_not_wait_for_ever() {
    check(|| {
        let never = Options::here().task(Closure(|| ()));
        let endless = Lazy::pending(never);
        let body = move || {
            let error = Lazy::join(endless).unwrap_err();
            assert!(error.is_cancelled() && cancelled());
        };
        let task = Options::here().task(Closure(body));
        let job: Arc<dyn Job> = task.clone();
        let lazy = Lazy::pending(task);
        let worker = thread::spawn(move || job.run());
        Lazy::cancel(&lazy);
        worker.join().unwrap();
        assert!(Lazy::join(lazy).unwrap_err().is_cancelled());
    });
}

#[cfg(pybackground_shuttle)]
mod large {
    use std::future::pending;

    use super::{
        Arc, Closure, Job, Lazy, Mutex, Options, cancelled, check, lock_leaf, ring, thread,
    };
    use crate::task::Suspending;

    /// A chain is no cycle, although each of its threads waits.
    #[test]
    fn a_chain_has_no_deadlock() {
        check(|| {
            let last = Options::here().task(Closure(|| 1));
            let job: Arc<dyn Job> = last.clone();
            let lazy = Lazy::pending(last);
            let first = Options::here().task(Closure(move || Lazy::into_inner(lazy) + 1));
            let first_job: Arc<dyn Job> = first.clone();
            let lazy = Lazy::pending(first);
            let threads = [first_job, job].map(|job| thread::spawn(move || job.run()));
            assert_eq!(lazy, 2);
            for thread in threads {
                thread.join().unwrap();
            }
        });
    }

    /// The future is cancelled before its poll, during it, while it is stored, or after. The call that it made
    /// has not started then, is about to wait, or waits.
    #[test]
    fn what_a_future_made_stops_with_it_when_it_is_cancelled() {
        check(|| {
            let hands: Arc<Mutex<Option<Arc<dyn Job>>>> = Arc::default();
            let made = hands.clone();
            let never = Options::here().task(Closure(|| ()));
            let endless = Lazy::pending(never);
            let maker = Options::here().task(Suspending::new(async move {
                let child = move || {
                    assert!(Lazy::join(endless).unwrap_err().is_cancelled() && cancelled());
                };
                *lock_leaf(&made) = Some(Options::here().task(Closure(child)));
                pending::<()>().await;
            }));
            let job: Arc<dyn Job> = maker.clone();
            let lazy = Lazy::pending(maker);
            let worker = thread::spawn(move || {
                job.run();
                let child = lock_leaf(&hands).take();
                if let Some(child) = child {
                    child.run();
                }
            });
            Lazy::cancel(&lazy);
            worker.join().unwrap();
            assert!(Lazy::join(lazy).unwrap_err().is_cancelled());
        });
    }

    #[test]
    fn a_ring_of_five_has_one_deadlock() {
        check(|| ring(5));
    }

    #[test]
    fn two_rings_at_once_have_one_deadlock_each() {
        check(|| {
            let other = thread::spawn(|| ring(3));
            ring(2);
            other.join().unwrap();
        });
    }
}
