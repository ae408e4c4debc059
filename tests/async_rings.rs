//! Async bodies that await each other: the `.await` that closes the ring gets the error, and nothing else does.

mod common;

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll};
use std::time::Duration;

use common::watchdog;
use pybackground::{Error, Lazy, background, delay, spawn};

/// What a body awaits, which it is given when all are made.
type Given = Receiver<Lazy<u32>>;
type Told = Sender<Result<u32, Error>>;

#[background]
async fn takes_outcome(given: Given, tell: Told) -> u32 {
    let other = given.recv().unwrap();
    let outcome = Lazy::outcome(other).await;
    tell.send(outcome.clone()).unwrap();
    outcome.unwrap_or(0) + 1
}

#[background]
async fn awaits(given: Given, tell: Told) -> u32 {
    let mut other = given.recv().unwrap();
    // A panic of the `.await` is told, and ends the body as any other.
    let value = poll_fn(|context| {
        let mut poll = || Pin::new(&mut other).poll(context);
        match std::panic::catch_unwind(AssertUnwindSafe(&mut poll)) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic.downcast_ref::<String>().unwrap().clone())),
        }
    })
    .await;
    match value {
        Ok(value) => {
            tell.send(Ok(value)).unwrap();
            value + 1
        }
        Err(text) => {
            assert!(text.contains(" awaits `async_rings::"), "{text}");
            let failed = spawn(|| -> u32 { panic!("the ring") });
            tell.send(Lazy::join(failed)).unwrap();
            1
        }
    }
}

#[background]
async fn joins_three(given: Given, tell: Told) -> u32 {
    let other = Lazy::outcome(given.recv().unwrap());
    let (beside, later) = (spawn(|| 1), spawn(|| std::thread::sleep(Duration::from_millis(20))));
    let (mut other, mut beside, mut later) = (other, beside, later);
    let (mut outcome, mut number, mut is_later) = (None, None, false);
    poll_fn(|context: &mut Context<'_>| {
        if outcome.is_none()
            && let Poll::Ready(ready) = Pin::new(&mut other).poll(context)
        {
            outcome = Some(ready);
        }
        if number.is_none()
            && let Poll::Ready(ready) = Pin::new(&mut beside).poll(context)
        {
            number = Some(ready);
        }
        is_later = is_later || Pin::new(&mut later).poll(context).is_ready();
        let all = outcome.is_some() && number.is_some() && is_later;
        if all { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    let outcome = outcome.unwrap();
    tell.send(outcome.clone()).unwrap();
    outcome.unwrap_or(0) + number.unwrap()
}

/// Makes a ring of so many bodies. Returns what each of them was told.
fn ring(length: usize, call: fn(Given, Told) -> Lazy<u32>) -> Vec<Result<u32, Error>> {
    let (senders, givens): (Vec<Sender<_>>, Vec<_>) = (0..length).map(|_| channel()).unzip();
    let (tell, told) = channel();
    let mut calls: Vec<Lazy<u32>> =
        givens.into_iter().map(|given| call(given, tell.clone())).collect();
    calls.rotate_left(1);
    for (give, call) in senders.into_iter().zip(calls) {
        give.send(call).unwrap();
    }
    told.iter().take(length).collect()
}

#[test]
fn outcome_that_closes_a_ring_is_a_deadlock() {
    let _watchdog = watchdog();
    for length in [1, 2, 3, 10] {
        for _ in 0..50 {
            let told = ring(length, |given, tell| takes_outcome(given, tell));
            let failed: Vec<&Error> = told.iter().filter_map(|told| told.as_ref().err()).collect();
            assert_eq!(failed.len(), 1);
            assert!(failed[0].is_deadlock());
            let text = failed[0].to_string();
            assert_eq!(text.matches("` (called at tests/async_rings.rs:").count(), 2 * length + 1);
            assert_eq!(text.matches(" awaits `").count(), length, "{text}");
        }
    }
}

#[test]
fn await_that_closes_a_ring_panics_with_the_ring() {
    let _watchdog = watchdog();
    for _ in 0..50 {
        let told = ring(2, |given, tell| awaits(given, tell));
        assert_eq!(told.iter().filter(|told| told.is_err()).count(), 1);
    }
}

#[test]
fn join_of_several_that_closes_a_ring_is_a_deadlock() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let told = ring(3, |given, tell| joins_three(given, tell));
        let failed: Vec<&Error> = told.iter().filter_map(|told| told.as_ref().err()).collect();
        assert_eq!(failed.len(), 1);
        assert!(failed[0].is_deadlock());
    }
}

/// The timer has a clone of the waker, so the body goes on.
#[test]
fn ring_that_a_timer_ends_is_no_deadlock() {
    #[background]
    async fn waits_for_either(given: Given, told: Sender<bool>) -> u32 {
        let mut other = Lazy::outcome(given.recv().unwrap());
        let mut time = std::pin::pin!(delay(Duration::from_millis(50)));
        let by_time = poll_fn(|context| {
            if let Poll::Ready(outcome) = Pin::new(&mut other).poll(context) {
                assert!(outcome.is_ok(), "{outcome:?}");
                return Poll::Ready(false);
            }
            time.as_mut().poll(context).map(|()| true)
        })
        .await;
        told.send(by_time).unwrap();
        7
    }

    let _watchdog = watchdog();
    for _ in 0..10 {
        let ((give_first, first_given), (give_second, second_given)) = (channel(), channel());
        let ((tell, told), (tell_outcome, outcome)) = (channel(), channel());
        let first = waits_for_either(first_given, tell);
        let second = takes_outcome(second_given, tell_outcome);
        give_first.send(second).unwrap();
        give_second.send(first).unwrap();
        assert!(told.recv().unwrap(), "the timer came first");
        assert_eq!(outcome.recv().unwrap().unwrap(), 7);
    }
}

#[test]
fn chains_and_trees_of_awaits_are_silent() {
    #[background]
    async fn tree(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let (left, right) = (tree(depth - 1), tree(depth - 1));
        left.await + right.await
    }

    let _watchdog = watchdog();
    for _ in 0..5 {
        assert_eq!(tree(8), 256);
    }
}

/// A suspended body keeps its permit, so it waits for itself if it awaits a call that needs the permit.
#[test]
fn await_of_a_call_that_needs_the_own_permit_is_a_deadlock() {
    #[background(limit = 1)]
    async fn one_at_a_time(depth: u32) -> Result<u32, Error> {
        if depth == 0 {
            return Ok(0);
        }
        Lazy::outcome(one_at_a_time(depth - 1)).await?.map(|depth| depth + 1)
    }

    #[background(limit = 2)]
    async fn two_at_a_time(depth: u32) -> Result<u32, Error> {
        if depth == 0 {
            return Ok(0);
        }
        Lazy::outcome(two_at_a_time(depth - 1)).await?.map(|depth| depth + 1)
    }

    // With a limit of its own: what a deadlock has left of the calls above still runs, and takes permits.
    #[background(limit = 2)]
    async fn two_are_enough(depth: u32) -> Result<u32, Error> {
        if depth == 0 {
            return Ok(0);
        }
        Lazy::outcome(two_are_enough(depth - 1)).await?.map(|depth| depth + 1)
    }

    let _watchdog = watchdog();
    for _ in 0..20 {
        let error = Lazy::into_inner(one_at_a_time(1)).unwrap_err();
        assert!(error.is_deadlock());
        let text = error.to_string();
        assert!(text.contains(" waits for a permit of its limit, which `async_rings::"), "{text}");
        assert_eq!(Lazy::into_inner(two_are_enough(1)).unwrap(), 1);
        assert!(Lazy::into_inner(two_at_a_time(3)).unwrap_err().is_deadlock());
    }
}

/// A limit that is full of bodies which go on is no deadlock.
#[test]
fn calls_that_wait_for_a_permit_of_others_are_silent() {
    #[background(limit = 2)]
    async fn slow(time: u64) -> u64 {
        delay(Duration::from_millis(time)).await;
        time
    }

    #[background]
    async fn sum(calls: Vec<Lazy<u64>>) -> u64 {
        let mut sum = 0;
        for call in calls {
            sum += call.await;
        }
        sum
    }

    let _watchdog = watchdog();
    let calls = (1..=10).map(|time| slow(time)).collect();
    assert_eq!(sum(calls), 55);
}

#[background]
fn joins(given: Given, tell: Told) -> u32 {
    let outcome = Lazy::join(given.recv().unwrap());
    tell.send(outcome.clone()).unwrap();
    outcome.unwrap_or(0) + 1
}

/// As `ring`, of `length` bodies of which those at `awaiting` await and the others join.
fn mixed_ring(length: usize, awaiting: &[usize]) -> Vec<Result<u32, Error>> {
    let (senders, givens): (Vec<Sender<_>>, Vec<_>) = (0..length).map(|_| channel()).unzip();
    let (tell, told) = channel();
    let call = |(at, given)| {
        if awaiting.contains(&at) {
            takes_outcome(given, tell.clone())
        } else {
            joins(given, tell.clone())
        }
    };
    let mut calls: Vec<Lazy<u32>> = givens.into_iter().enumerate().map(call).collect();
    calls.rotate_left(1);
    for (give, call) in senders.into_iter().zip(calls) {
        give.send(call).unwrap();
    }
    told.iter().take(length).collect()
}

#[test]
fn ring_of_joins_and_awaits_is_a_deadlock_of_an_await() {
    let _watchdog = watchdog();
    for (length, awaiting) in
        [(2, &[0][..]), (2, &[1]), (3, &[0]), (3, &[1]), (3, &[0, 2]), (6, &[1, 4]), (6, &[3])]
    {
        for _ in 0..10 {
            let told = mixed_ring(length, awaiting);
            let failed: Vec<&Error> = told.iter().filter_map(|told| told.as_ref().err()).collect();
            assert_eq!(failed.len(), 1, "{failed:?}");
            assert!(failed[0].is_deadlock());
            let text = failed[0].to_string();
            assert_eq!(text.matches(" awaits `").count(), awaiting.len(), "{text}");
            // A body that runs the next one in place is on the same thread.
            let joins = text.matches(" waits for `").count();
            assert!((1..=length - awaiting.len()).contains(&joins), "{text}");
        }
    }
}

/// Chains of joins and awaits end, whatever is last in them.
#[test]
fn chains_of_joins_and_awaits_are_silent() {
    let _watchdog = watchdog();
    for length in [2, 3, 6] {
        for first_awaits in [false, true] {
            let (tell, told) = channel();
            let mut next = spawn(|| {
                std::thread::sleep(Duration::from_millis(5));
                0
            });
            for at in 0..length {
                let (give, given) = channel();
                give.send(next).unwrap();
                next = if (at % 2 == 0) == first_awaits {
                    takes_outcome(given, tell.clone())
                } else {
                    joins(given, tell.clone())
                };
            }
            assert_eq!(next, u32::try_from(length).unwrap());
            assert!(told.iter().take(length).all(|told| told.is_ok()));
        }
    }
}
