//! `wait_idle` and `shutdown` while calls move from one place to another. For shuttle only: the places are
//! behind locks that the checkers do not see, and `chaos` delays a thread between two of them.

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use super::{is_idle, shutdown};
use crate::config::model::set;
use crate::dispatch::{dispatch, dispatch_async};
use crate::models::{Tally, check, polled};
use crate::options::Options;
use crate::sync::chaos;
use crate::sync::checker::sync::mpsc;
use crate::sync::checker::thread;
use crate::task::Limit;
use crate::task::{Closure, Job};
use crate::{Lazy, configure, runtime, spawn};

/// A limit for one execution; a limit lives as long as the program.
fn limit(slots: usize) -> &'static Limit {
    Box::leak(Box::new(Limit::new(slots)))
}

/// As `wait_idle`, which waits by the clock.
fn wait_until_idle() {
    while !is_idle(runtime::global()) {
        thread::yield_now();
    }
}

/// Another thread takes a call from its limit, and makes one as well.
#[test]
fn a_call_on_its_way_from_a_limit_to_the_queues_is_not_overlooked() {
    set(configure().workers(1));
    check(|| {
        let (limit, ended) = (limit(2), Tally::default());
        let other = thread::spawn(move || {
            drop(Lazy::detach(dispatch(Options::here().limit(limit), || ())));
        });
        let count = ended.clone();
        drop(Lazy::detach(dispatch(Options::here().limit(limit), move || count.add())));
        wait_until_idle();
        assert_eq!(ended.get(), 1);
        other.join().unwrap();
    });
}

/// A body that waits is in no queue, nor is it when it goes on.
#[test]
fn a_body_that_is_about_to_go_on_is_not_overlooked() {
    set(configure().workers(2));
    check(|| {
        let ended = Tally::default();
        let count = ended.clone();
        drop(Lazy::detach(spawn(move || {
            Lazy::into_inner(dispatch_async(Options::here(), async {}));
            count.add();
        })));
        wait_until_idle();
        assert_eq!(ended.get(), 1);
    });
}

/// A future moves from its thread to the suspended calls, by its waker to the queue, and to a thread again.
#[test]
fn a_future_between_two_polls_is_not_overlooked() {
    set(configure().workers(1));
    check(|| {
        let polls = Tally::default();
        drop(Lazy::detach(dispatch_async(Options::here(), polled(3, &polls))));
        wait_until_idle();
        assert_eq!(polls.get(), 3);
    });
}

/// The input ends on an outside thread, which enqueues the call that waits for it.
#[test]
fn a_call_on_its_way_from_its_input_to_the_queues_is_not_overlooked() {
    set(configure().workers(1));
    check(|| {
        let input = Options::here().task(Closure(|| 1));
        let job: Arc<dyn Job> = input.clone();
        let call = Lazy::map(Lazy::pending(input), |value| value + 1);
        let other = thread::spawn(move || job.run());
        wait_until_idle();
        assert!(Lazy::is_ready(&call));
        assert_eq!(call, 2);
        other.join().unwrap();
    });
}

/// Shuts down while another thread makes calls. Each call ends, and none starts after the shutdown.
fn shut_down_during(calls: fn(&Tally)) {
    set(configure().workers(1));
    check(move || {
        let over = Tally::default();
        let is_over = over.clone();
        let caller = thread::spawn(move || calls(&is_over));
        let _ = shutdown(Duration::ZERO);
        over.add();
        caller.join().unwrap();
    });
}

/// Whether the runtime was shut down when the body started.
fn begins_late(over: &Tally) -> impl FnOnce() -> bool + Send + use<> {
    let over = over.clone();
    move || over.get() > 0
}

fn comes_to_its_end(call: Lazy<bool>) {
    match Lazy::join(call) {
        Ok(began_late) => assert!(!began_late),
        Err(error) => assert!(error.is_refused() || error.is_cancelled(), "{error}"),
    }
}

#[test]
fn a_call_that_comes_with_a_shutdown_does_not_begin_after_it() {
    shut_down_during(|over| comes_to_its_end(spawn(begins_late(over))));
}

/// The holder of the permit does not release it before.
#[test]
fn a_call_that_a_limit_holds_does_not_outlast_a_shutdown() {
    shut_down_during(|over| {
        let limited = Options::here().limit(limit(1));
        let (_go, wait) = mpsc::channel::<()>();
        let _first = dispatch(limited, move || wait.recv());
        comes_to_its_end(dispatch(limited, begins_late(over)));
    });
}

/// The input does not end before.
#[test]
fn a_call_that_waits_for_its_input_does_not_outlast_a_shutdown() {
    shut_down_during(|over| {
        let begins_late = begins_late(over);
        let (_go, wait) = mpsc::channel::<()>();
        let input = spawn(move || wait.recv().is_ok());
        comes_to_its_end(Lazy::map(input, |_| begins_late()));
    });
}

#[test]
fn a_future_that_nobody_wakes_does_not_outlast_a_shutdown() {
    shut_down_during(|_| {
        comes_to_its_end(dispatch_async(
            Options::here(),
            std::future::poll_fn(|_| {
                chaos();
                Poll::Pending
            }),
        ));
    });
}

#[test]
fn a_future_that_is_woken_does_not_go_on_after_a_shutdown() {
    shut_down_during(|over| {
        let over = over.clone();
        let mut future = Box::pin(polled(2, &Tally::default()));
        comes_to_its_end(dispatch_async(
            Options::here(),
            std::future::poll_fn(move |context| {
                let goes_on_late = over.get() > 0;
                future.as_mut().poll(context).map(|()| goes_on_late)
            }),
        ));
    });
}

/// Calls made by a body after it was stopped do not start either.
#[test]
fn a_body_that_makes_calls_during_a_shutdown_comes_to_its_end() {
    shut_down_during(|over| {
        let begins_late = begins_late(over);
        comes_to_its_end(spawn(move || Lazy::join(spawn(begins_late)).unwrap_or(false)));
    });
}
