//! Rings of `async` calls that the search of the last wait cannot be certain of: it is repeated until it is.

mod common;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Waker;
use std::time::Duration;

use common::{wait_until, watchdog};
use pybackground::{Error, Lazy, background, wait_idle};

type Told = Sender<Error>;

/// A call that the body awaits, unlike a parameter that is a `Lazy`.
struct Before(Lazy<u64>);

fn tell_error(outcome: Result<u64, Error>, tell: &Told) -> u64 {
    outcome.unwrap_or_else(|error| {
        tell.send(error).unwrap();
        0
    })
}

#[background]
async fn first(given: Receiver<Lazy<u64>>, tell: Told) -> u64 {
    let last = given.recv().unwrap();
    tell_error(Lazy::outcome(last).await, &tell)
}

#[background]
async fn first_of_two(given: Receiver<Lazy<u64>>, tell: Told) -> u64 {
    let second = given.recv().unwrap();
    tell_error(Lazy::outcome(second).await, &tell)
}

#[background]
async fn link(before: Before, tell: Told) -> u64 {
    tell_error(Lazy::outcome(before.0).await, &tell) + 1
}

/// Also hands out its waker.
#[background]
async fn hands_out_its_waker(before: Before, wakers: Sender<Waker>, tell: Told) -> u64 {
    let mut before = Lazy::outcome(before.0);
    let outcome = poll_fn(|context| {
        let _ = wakers.send(context.waker().clone());
        Pin::new(&mut before).poll(context)
    });
    tell_error(outcome.await, &tell)
}

fn is_suspended(function: &str) -> bool {
    let left = wait_idle(Duration::ZERO).err();
    left.is_some_and(|left| left.suspended.iter().any(|call| call.function.ends_with(function)))
}

/// While another thread has a waker, the body may go on. It drops the waker without a use.
#[test]
fn ring_that_a_waker_has_hidden_is_a_deadlock() {
    let _watchdog = watchdog();
    for _ in 0..10 {
        let ((give, given), (tell, told), (hand, wakers)) = (channel(), channel(), channel());
        let before = Before(first_of_two(given, tell.clone()));
        give.send(hands_out_its_waker(before, hand, tell)).unwrap();
        wait_until(|| is_suspended("first_of_two") && is_suspended("hands_out_its_waker"));
        drop(wakers);
        let error = told.recv().unwrap();
        assert!(error.is_deadlock(), "{error}");
        assert_eq!(error.to_string().matches(" awaits `").count(), 2, "{error}");
        wait_until(|| !is_suspended("first_of_two") && !is_suspended("hands_out_its_waker"));
    }
}

/// Whichever of the bodies is suspended last.
#[test]
fn ring_of_thousands_is_a_deadlock() {
    const LINKS: u64 = 5_000;

    let _watchdog = watchdog();
    let ((give, given), (tell, told)) = (channel(), channel());
    let first = first(given, tell.clone());
    let last = (0..LINKS).fold(first, |before, _| link(Before(before), tell.clone()));
    drop(tell);
    give.send(last).unwrap();
    let error = told.recv().unwrap();
    assert!(error.is_deadlock(), "{error}");
    let calls = error.to_string().matches(" awaits `").count();
    assert_eq!(calls as u64, LINKS + 1);
    assert!(told.recv().is_err(), "one `.await` has the error");
}
