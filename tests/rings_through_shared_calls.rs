//! Rings of `async` bodies that await shared calls: an `.await` of the ring gets the error, and other holders the value.

mod common;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;
use std::time::Duration;

use common::watchdog;
use pybackground::{Error, Lazy, Shared, background, delay, spawn};

type Given = Receiver<Shared<u32>>;
type Told = Sender<Error>;

#[background]
async fn takes_outcome(given: Given, tell: Told) -> u32 {
    match Shared::outcome(given.recv().unwrap()).await {
        Ok(value) => *value + 1,
        Err(error) => {
            tell.send(error).unwrap();
            0
        }
    }
}

#[background]
async fn awaits(given: Given) -> u32 {
    *given.recv().unwrap().await + 1
}

#[test]
fn outcome_of_a_shared_call_that_closes_a_ring_is_a_deadlock() {
    let _watchdog = watchdog();
    for length in [1, 2, 3, 10].repeat(10) {
        let (senders, givens): (Vec<_>, Vec<_>) = (0..length).map(|_| channel()).unzip();
        let (tell, told) = channel();
        let calls: Vec<Shared<u32>> = givens
            .into_iter()
            .map(|given| Lazy::share(takes_outcome(given, tell.clone())))
            .collect();
        drop(tell);
        for (at, give) in senders.into_iter().enumerate() {
            give.send(calls[(at + 1) % length].clone()).unwrap();
        }
        let error = told.recv().unwrap();
        assert!(error.is_deadlock(), "{error}");
        assert_eq!(error.to_string().matches(" awaits `").count(), length, "{error}");
        let mut values: Vec<u32> = calls.iter().map(|call| **call).collect();
        values.sort_unstable();
        assert!(values.into_iter().eq(0..u32::try_from(length).unwrap()));
        assert!(told.recv().is_err(), "one of them has the error");
    }
}

/// The panic of one `.await` ends the call, and the other body awaits a call that has panicked.
#[test]
fn await_of_a_shared_call_that_closes_a_ring_panics_with_the_ring() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let ((give_first, first_given), (give_second, second_given)) = (channel(), channel());
        let [first, second] = [first_given, second_given].map(|given| Lazy::share(awaits(given)));
        give_first.send(second.clone()).unwrap();
        give_second.send(first.clone()).unwrap();
        for call in [first, second] {
            let error = Shared::wait(&call).unwrap_err();
            assert!(error.is_panic());
            assert!(error.to_string().contains(" awaits `rings_through_shared_calls::awaits`"));
        }
    }
}

/// Bodies outside of the ring await a call of the ring.
#[test]
fn other_holders_get_the_value() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let ((give, given), (tell, told)) = (channel(), channel());
        let in_ring = Lazy::share(takes_outcome(given, tell.clone()));
        let others: Vec<Lazy<u32>> = (0..20)
            .map(|_| {
                let (give, given) = channel();
                give.send(in_ring.clone()).unwrap();
                takes_outcome(given, tell.clone())
            })
            .collect();
        give.send(in_ring.clone()).unwrap();
        assert!(told.recv().unwrap().is_deadlock());
        assert!(others.into_iter().all(|other| other == 1));
        drop(tell);
        assert!(told.recv().is_err(), "one `.await` has the error");
    }
}

/// The shared call still has the waker of a body that has polled it once. So has the timer.
#[test]
fn ring_of_shared_calls_that_a_timer_ends_is_no_deadlock() {
    #[background]
    async fn polls_once_and_sleeps(given: Given) -> u32 {
        let mut other = Shared::outcome(given.recv().unwrap());
        let mut time = std::pin::pin!(delay(Duration::from_millis(20)));
        let mut is_first = true;
        poll_fn(|context| {
            if std::mem::take(&mut is_first) {
                assert!(Pin::new(&mut other).poll(context).is_pending());
            }
            time.as_mut().poll(context)
        })
        .await;
        spawn(|| 7).await
    }

    let _watchdog = watchdog();
    for _ in 0..10 {
        let ((give_first, first_given), (give_second, second_given)) = (channel(), channel());
        let first = Lazy::share(polls_once_and_sleeps(first_given));
        let second = Lazy::share(awaits(second_given));
        give_first.send(second.clone()).unwrap();
        give_second.send(first.clone()).unwrap();
        assert_eq!((*first, *second), (7, 8));
    }
}

/// A thread joins one of the two.
#[test]
fn ring_of_shared_calls_that_a_join_closes_is_a_deadlock_of_its_await() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let ((give, given), (tell, told)) = (channel(), channel());
        let awaiting = Lazy::share(takes_outcome(given, tell));
        let joined = awaiting.clone();
        let joins = Lazy::share(spawn(move || *joined + 1));
        give.send(joins.clone()).unwrap();
        let error = told.recv().unwrap();
        assert!(error.is_deadlock(), "{error}");
        assert_eq!((*awaiting, *joins), (0, 1));
    }
}

/// What the body of the first call of a ring finds pending, it may poll again.
#[test]
fn body_that_awaits_again_after_the_error_gets_it_again() {
    #[background]
    async fn awaits_twice(given: Given, tell: Told) -> u32 {
        let other = given.recv().unwrap();
        for _ in 0..2 {
            let mut outcome = Shared::outcome(other.clone());
            let error = poll_fn(|context| match Pin::new(&mut outcome).poll(context) {
                Poll::Ready(outcome) => Poll::Ready(outcome.unwrap_err()),
                Poll::Pending => Poll::Pending,
            });
            tell.send(error.await).unwrap();
        }
        5
    }

    let _watchdog = watchdog();
    for _ in 0..10 {
        let ((give, given), (tell, told)) = (channel(), channel());
        let call = Lazy::share(awaits_twice(given, tell));
        give.send(call.clone()).unwrap();
        assert!(told.iter().take(2).all(|error| error.is_deadlock()));
        assert_eq!(*call, 5);
    }
}
