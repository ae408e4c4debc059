//! A `Lazy` that is polled while its call ends on another thread: a pending poll is followed by a wake-up of
//! the last waker, and no waker is kept after the call has ended.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::{check, set_deadline};
use crate::lazy::Lazy;
use crate::options::Options;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::checker::thread;
use crate::task::{Closure, Job};

fn call() -> (Arc<dyn Job>, Lazy<u32>) {
    let task = Options::here().task(Closure(|| 7));
    (task.clone(), Lazy::pending(task))
}

/// Unparks the thread that made it.
struct Alarm {
    thread: thread::Thread,
    rang: AtomicBool,
}

impl Alarm {
    fn new() -> Arc<Self> {
        Arc::new(Self { thread: thread::current(), rang: AtomicBool::new(false) })
    }

    /// Waits for this waker alone.
    fn wait(&self) {
        while !self.rang.load(Ordering::Acquire) {
            thread::park();
        }
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.rang.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

fn poll<F: Future + Unpin>(future: &mut F, alarm: &Arc<Alarm>) -> Poll<F::Output> {
    let waker = Waker::from(alarm.clone());
    Pin::new(future).poll(&mut Context::from_waker(&waker))
}

#[test]
fn a_call_ends_while_it_is_polled() {
    check(|| {
        let (job, mut lazy) = call();
        let worker = thread::spawn(move || job.run());
        let alarm = Alarm::new();
        let mut polled = poll(&mut lazy, &alarm);
        if polled.is_pending() {
            alarm.wait();
            polled = poll(&mut lazy, &alarm);
        }
        assert_eq!(polled, Poll::Ready(7));
        worker.join().unwrap();
    });
}

#[test]
fn the_waker_that_came_last_is_woken() {
    check(|| {
        let (job, mut lazy) = call();
        let worker = thread::spawn(move || job.run());
        let (first, last) = (Alarm::new(), Alarm::new());
        let mut polled = poll(&mut lazy, &first);
        if polled.is_pending() {
            polled = poll(&mut lazy, &last);
        }
        if polled.is_pending() {
            last.wait();
            polled = poll(&mut lazy, &last);
        }
        assert_eq!(polled, Poll::Ready(7));
        worker.join().unwrap();
    });
}

#[test]
fn a_lazy_is_dropped_while_its_call_ends() {
    check(|| {
        let (job, mut lazy) = call();
        let worker = thread::spawn(move || job.run());
        let alarm = Alarm::new();
        let _ = poll(&mut lazy, &alarm);
        drop(lazy);
        worker.join().unwrap();
        assert_eq!(Arc::strong_count(&alarm), 1, "nobody has the waker any more");
    });
}

/// One thread expires the call and leaves the waker to the thread that cleans up.
#[test]
fn a_deadline_passes_while_its_call_is_polled() {
    check(|| {
        let (job, lazy) = call();
        let passes = set_deadline(&*job);
        let monitor = thread::spawn(move || {
            job.expire(passes);
            job.run();
        });
        let mut outcome = Lazy::outcome(lazy);
        let alarm = Alarm::new();
        let mut polled = poll(&mut outcome, &alarm);
        if polled.is_pending() {
            alarm.wait();
            polled = poll(&mut outcome, &alarm);
        }
        assert!(matches!(polled, Poll::Ready(Err(error)) if error.is_timeout()));
        monitor.join().unwrap();
    });
}
