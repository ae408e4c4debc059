//! A `Lazy` under the executors and combinators of the `futures` crate.

#[path = "../common/mod.rs"]
mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use common::gate::Gate;
use common::watchdog;
use futures::executor::{LocalPool, ThreadPool, block_on};
use futures::future::{Either, join_all, ready, select};
use futures::stream::{FuturesUnordered, StreamExt};
use futures::task::{LocalSpawnExt, SpawnExt};
use futures::{FutureExt, pin_mut};
use pybackground::{Lazy, Outcome, background, sleep, spawn};

#[background]
fn double(number: u64) -> u64 {
    2 * number
}

#[background]
async fn sum_of_doubles(numbers: Vec<u64>) -> u64 {
    let doubles: Vec<Lazy<u64>> = numbers.into_iter().map(double).collect();
    let mut sum = 0;
    for double in doubles {
        sum += double.await;
    }
    sum
}

#[test]
fn a_call_is_awaited_by_any_executor() {
    let _watchdog = watchdog();
    assert_eq!(block_on(double(1)), 2);

    let mut pool = LocalPool::new();
    let (send, receive) = mpsc::channel();
    for number in 0..100 {
        let send = send.clone();
        let task = async move { send.send(double(number).await).unwrap() };
        pool.spawner().spawn_local(task).unwrap();
    }
    drop(send);
    pool.run();
    assert_eq!(receive.iter().sum::<u64>(), 9_900);

    let pool = ThreadPool::builder().pool_size(2).create().unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|number| pool.spawn_with_handle(async move { double(number).await }).unwrap())
        .collect();
    assert_eq!(block_on(join_all(tasks)).into_iter().sum::<u64>(), 9_900);
}

#[test]
fn calls_are_joined_as_futures_are() {
    let _watchdog = watchdog();
    let (a, b, c) = block_on(async { futures::join!(double(1), double(2), ready(3)) });
    assert_eq!((a, b, c), (2, 4, 3));
    assert_eq!(block_on(join_all((0..10_000).map(double))).into_iter().sum::<u64>(), 99_990_000);

    let in_order_of_their_ends: FuturesUnordered<Lazy<u64>> = (0..1_000).map(double).collect();
    assert_eq!(block_on(in_order_of_their_ends.fold(0, async |sum, x| sum + x)), 999_000);
}

#[test]
fn a_background_body_awaits_other_calls() {
    let _watchdog = watchdog();
    assert_eq!(sum_of_doubles((0..1_000).collect()), 999_000);
    assert_eq!(block_on(sum_of_doubles((0..1_000).collect())), 999_000);
}

#[test]
fn values_that_are_there_are_awaited_at_once() {
    let _watchdog = watchdog();
    assert_eq!(Lazy::ready(7).now_or_never(), Some(7));
    let x = double(1);
    Lazy::wait(&x).unwrap();
    assert_eq!(x.now_or_never(), Some(2));
    let x = double(1);
    while !Lazy::is_ready(&x) {
        std::thread::yield_now();
    }
    assert_eq!(Lazy::outcome(x).now_or_never().unwrap().unwrap(), 2);
}

#[test]
fn an_await_that_loses_a_race_loses_nothing() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let held = gate.clone();
    let mut slow = spawn(move || {
        held.pass();
        "slow"
    });
    block_on(async {
        for number in 0..100 {
            let quick = double(number);
            match select(quick, &mut slow).await {
                Either::Left((doubled, _)) => assert_eq!(doubled, 2 * number),
                Either::Right(_) => unreachable!("the gate is closed"),
            }
        }
        gate.open();
        assert_eq!((&mut slow).await, "slow");
    });
}

#[test]
fn the_panic_of_a_body_goes_on_where_it_is_awaited() {
    let _watchdog = watchdog();
    let awaited = catch_unwind(|| block_on(spawn(|| -> u8 { std::panic::panic_any(42_u64) })));
    assert_eq!(awaited.unwrap_err().downcast_ref::<u64>(), Some(&42));
    let error = block_on(Lazy::outcome(spawn(|| -> u8 { panic!("boom") }))).unwrap_err();
    assert_eq!(error.message(), Some("boom"));

    let never =
        Lazy::with_timeout(spawn(|| sleep(Duration::from_secs(3600))), Duration::from_millis(1));
    assert!(block_on(Lazy::outcome(never)).unwrap_err().is_timeout());
}

#[test]
fn a_call_that_is_cancelled_wakes_who_awaits_it() {
    let _watchdog = watchdog();
    let endless = || Lazy::outcome(spawn(|| sleep(Duration::MAX)));
    let mut call = endless();
    block_on(async {
        assert!((&mut call).now_or_never().is_none());
        assert!(Lazy::cancel(&call));
        assert!(call.await.unwrap_err().is_cancelled());
    });
    // Dropping a future of this kind ends its call, as people are used to from futures.
    let gate = Gate::default();
    let held = gate.clone();
    let body = move || {
        held.pass();
        sleep(Duration::MAX);
        unreachable!("the call was cancelled");
    };
    let call = Lazy::cancel_on_drop(spawn(body));
    let waiting = async {
        gate.wait_for_arrivals(1);
        gate.open();
    };
    block_on(async {
        pin_mut!(waiting);
        let race = select(call, waiting).await;
        assert!(matches!(race, Either::Right(_)));
    });
    pybackground::wait_idle(Duration::MAX).unwrap();
    assert_eq!(block_on(Lazy::cancel_on_drop(double(1))), 2);
}

/// The message of the panic.
fn panic_of<R>(use_it: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(use_it)) else { panic!("there was no panic") };
    *payload.downcast::<String>().expect("the message is made for the call")
}

#[test]
fn a_value_that_was_awaited_is_gone_and_says_so() {
    let _watchdog = watchdog();
    let line = line!() + 1;
    let mut x = double(1);
    assert_eq!(block_on(&mut x), 2);
    let again = panic_of(|| (&mut x).now_or_never());
    assert!(again.contains(&format!("{}:{line}:", file!())), "{again}");
    assert!(panic_of(|| *x).contains("`.await`"));
    assert!(panic_of(|| Lazy::peek(&x).is_some()).contains("`.await`"));
    // What needs no value does nothing.
    assert!(!Lazy::cancel(&x));
    assert_eq!(Lazy::called_at(&x), None);
    let mut x = Lazy::with_timeout(x, Duration::ZERO);
    assert!(panic_of(|| (&mut x).now_or_never()).contains("`.await`"));
    assert!(panic_of(|| Lazy::join(x)).contains("`.await`"));

    let mut x = Lazy::ready(1);
    assert_eq!(block_on(&mut x), 1);
    assert!(panic_of(|| *x).contains("`Lazy::ready`"));
    drop(Lazy::detach(x));
}

#[test]
fn a_lazy_may_be_moved_between_polls_whatever_its_value() {
    fn is_unpin<F: Future + Unpin>() {}
    fn is_send<F: Future + Send + Sync>() {}
    is_unpin::<Lazy<std::marker::PhantomPinned>>();
    is_unpin::<Outcome<std::marker::PhantomPinned>>();
    is_send::<Lazy<u8>>();
    is_send::<Outcome<u8>>();
}
