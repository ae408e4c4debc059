//! One call that several threads claim and close at once: the body runs at most once, there is one outcome, and
//! every waiter is woken.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use super::{Tally, check, set_deadline};
use crate::join;
use crate::options::Options;
use crate::runnable::Runnable;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::checker::thread;
use crate::task::{Closure, Handle, Job, Suspending};

/// A call whose body counts its runs: the job, and the handle of the `Lazy`.
fn call(runs: &Tally) -> (Arc<dyn Job>, Handle<u32>) {
    let runs = runs.clone();
    let task = Options::here().task(Closure(move || {
        runs.add();
        7
    }));
    (task.clone(), task.into())
}

#[test]
fn two_workers_claim_one_body() {
    check(|| {
        let runs = Tally::default();
        let (job, handle) = call(&runs);
        let other = thread::spawn({
            let job = job.clone();
            move || job.run()
        });
        let third = thread::spawn(move || job.run());
        assert_eq!(join::outcome(handle).unwrap(), 7);
        other.join().unwrap();
        third.join().unwrap();
        assert_eq!(runs.get(), 1);
    });
}

#[test]
fn a_worker_and_a_waiting_thread_claim_one_body() {
    check(|| {
        let runs = Tally::default();
        let (job, handle) = call(&runs);
        let worker = thread::spawn(move || job.run());
        let outcome = match handle.join_at_once() {
            Ok(outcome) => outcome,
            Err(started) => join::outcome(started),
        };
        assert_eq!(outcome.unwrap(), 7);
        worker.join().unwrap();
        assert_eq!(runs.get(), 1);
    });
}

#[test]
fn a_deadline_passes_while_a_worker_claims_and_another_thread_waits() {
    check(|| {
        let runs = Tally::default();
        let (job, handle) = call(&runs);
        let passes = set_deadline(&*job);
        let worker = thread::spawn({
            let job = job.clone();
            move || job.run()
        });
        let monitor = thread::spawn(move || job.expire(passes));
        match join::outcome(handle) {
            Ok(value) => assert_eq!((value, runs.get()), (7, 1)),
            Err(error) => assert!(error.is_timeout()),
        }
        worker.join().unwrap();
        monitor.join().unwrap();
        assert!(runs.get() <= 1);
    });
}

#[test]
fn a_call_is_refused_while_a_worker_claims_it() {
    check(|| {
        let runs = Tally::default();
        let (job, handle) = call(&runs);
        let worker = thread::spawn({
            let job = job.clone();
            move || job.run()
        });
        let refuser = thread::spawn(move || job.refuse("there is no thread"));
        match join::outcome(handle) {
            Ok(_) => assert_eq!(runs.get(), 1),
            Err(error) => assert!(error.is_refused() && runs.get() == 0),
        }
        worker.join().unwrap();
        refuser.join().unwrap();
    });
}

#[test]
fn two_threads_that_wait_are_both_woken() {
    check(|| {
        let runs = Tally::default();
        let (job, handle) = call(&runs);
        let waiting = thread::spawn({
            let handle = handle.clone();
            let end = Instant::now() + Duration::from_secs(3600);
            move || assert!(join::until(handle.call(), end).unwrap())
        });
        let worker = thread::spawn(move || job.run());
        assert_eq!(join::outcome(handle).unwrap(), 7);
        waiting.join().unwrap();
        worker.join().unwrap();
    });
}

struct Told {
    thread: thread::Thread,
    told: AtomicBool,
}

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.told.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// A waiter that registered before the call ended is woken.
#[test]
fn whoever_is_registered_is_woken() {
    check(|| {
        let (job, _handle) = call(&Tally::default());
        let worker = thread::spawn({
            let job = job.clone();
            move || job.run()
        });
        let told = Arc::new(Told { thread: thread::current(), told: AtomicBool::new(false) });
        if let Some(_registered) = job.register(Waker::from(told.clone())) {
            while !told.told.load(Ordering::Acquire) {
                thread::park();
            }
        }
        assert!(job.is_done());
        worker.join().unwrap();
    });
}

/// A future is enqueued again whether it is woken during its poll or after it.
#[test]
fn a_future_is_woken_while_it_is_polled() {
    check(|| {
        let mut wakers = Vec::new();
        let mut polls = 0;
        let future = std::future::poll_fn(move |context: &mut Context<'_>| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(7_u32);
            }
            let waker = context.waker().clone();
            wakers.push(thread::spawn(move || waker.wake()));
            Poll::Pending
        });
        let task = Options::here().task(Suspending::new(future));
        task.clone().run();
        assert_eq!(join::outcome(Handle::of(task)).unwrap(), 7);
    });
}
