//! A `Shared`: one call, one value, any number of holders.

mod common;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use common::counters::Drops;
use common::futures::block_on;
use common::gate::Gate;
use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::{Lazy, Shared, Timeout, background, spawn};

#[background]
fn fails(page: u32) -> u32 {
    panic!("no page {page}")
}

/// A shared call that gives `value` when the gate is open.
fn gated<T: Send + 'static>(gate: &Gate, value: T) -> Shared<T> {
    let gate = gate.clone();
    Lazy::share(spawn(move || {
        gate.pass();
        value
    }))
}

#[test]
fn a_thousand_threads_that_wait_each_get_the_value() {
    const THREADS: usize = 1_000;

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let shared = gated(&gate, String::from("value"));
    let start = Arc::new(Barrier::new(THREADS + 1));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (shared, start) = (shared.clone(), start.clone());
            let wait = move || {
                start.wait();
                (shared.len(), (&raw const *shared).addr())
            };
            thread::Builder::new().stack_size(128 << 10).spawn(wait).unwrap()
        })
        .collect();
    start.wait();
    gate.open();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), (5, (&raw const *shared).addr()));
    }
}

#[test]
fn a_thousand_bodies_that_wait_each_get_the_value() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let shared = gated(&gate, 7);
    let sum = |shared: Shared<usize>| spawn(move || *shared);
    let calls: Vec<Lazy<usize>> = (0..1_000).map(|_| sum(shared.clone())).collect();
    gate.wait_for_arrivals(1);
    gate.open();
    assert_eq!(calls.into_iter().sum::<usize>(), 7_000);
}

#[test]
fn the_body_runs_once_and_the_value_is_not_cloned() {
    struct NotClone(AtomicUsize);

    let _watchdog = watchdog();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let shared = Lazy::share(spawn(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        NotClone(AtomicUsize::new(0))
    }));
    let holders: Vec<Shared<NotClone>> = (0..10).map(|_| shared.clone()).collect();
    for holder in &holders {
        holder.0.fetch_add(1, Ordering::SeqCst);
    }
    assert_eq!(shared.0.load(Ordering::SeqCst), 10);
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

#[test]
fn the_payload_reaches_the_first_use_and_the_message_every_other() {
    let _watchdog = watchdog();
    let (call, called) = (fails(7), line!());
    let first = Lazy::share(call);
    let second = first.clone();
    assert_eq!(caught(|| *first).payload.downcast_ref::<String>().unwrap(), "no page 7");
    for holder in [second, first] {
        let before = line!();
        let panic = caught(|| *holder);
        panic.assert_told_between(before, line!());
        let text = panic.text();
        for part in ["fails", "no page 7", "earlier use", &format!("{}:{called}:", file!())] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
}

#[test]
fn holders_on_many_threads_get_one_payload_between_them() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let passing = gate.clone();
    let shared = Lazy::share(spawn(move || -> u32 {
        passing.pass();
        std::panic::panic_any(7_u8)
    }));
    let (payloads, messages) = thread::scope(|scope| {
        let holders: Vec<_> = (0..8)
            .map(|_| {
                let shared = shared.clone();
                scope.spawn(move || caught(|| *shared).payload.is::<u8>())
            })
            .collect();
        gate.open();
        let got: Vec<bool> = holders.into_iter().map(|holder| holder.join().unwrap()).collect();
        got.into_iter().partition::<Vec<bool>, _>(|payload| *payload)
    });
    assert_eq!((payloads.len(), messages.len()), (1, 7));
}

#[test]
fn every_holder_gets_the_same_error() {
    let _watchdog = watchdog();
    let first = Lazy::share(fails(7));
    let second = first.clone();
    let [one, other] = [&first, &second].map(|holder| Shared::wait(holder).unwrap_err());
    assert!(std::ptr::eq(one, other));
    assert_eq!(one.message(), Some("no page 7"));
    assert!(Shared::peek(&second).unwrap().unwrap_err().is_panic());
}

#[test]
fn a_timeout_is_that_of_every_holder() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let late = gated(&gate, 7);
    let late = Shared::try_unwrap(late).unwrap();
    let late = Lazy::share(Lazy::with_timeout(late, Duration::from_millis(5)));
    for holder in [late.clone(), late] {
        assert!(holder == Timeout);
        assert!(Timeout == holder);
        assert_eq!(holder.to_string(), "Timeout");
        assert!(Shared::wait(&holder).unwrap_err().is_timeout());
    }
    assert!(Shared::ready(7) != Timeout);
}

#[test]
fn to_cancel_it_cancels_it_for_every_holder() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let shared = gated(&gate, 7);
    let other = shared.clone();
    assert!(Shared::cancel(&shared));
    assert!(!Shared::cancel(&other), "it is over");
    assert!(Shared::wait(&other).unwrap_err().is_cancelled());
}

#[test]
fn a_wait_can_end_before_the_call_does() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let shared = gated(&gate, 7);
    assert!(!Shared::is_ready(&shared) && Shared::peek(&shared).is_none());
    assert!(Shared::wait_timeout(&shared, Duration::from_millis(1)).is_none());
    gate.open();
    assert_eq!(Shared::wait(&shared.clone()).unwrap(), &7);
    assert_eq!(Shared::wait_timeout(&shared, Duration::ZERO).unwrap().unwrap(), &7);
    assert_eq!(Shared::peek(&shared).unwrap().unwrap(), &7);
}

#[test]
fn the_last_holder_gets_the_lazy_back() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let first = gated(&gate, String::from("owned"));
    let second = first.clone();
    let first = Shared::try_unwrap(first).unwrap_err();
    drop(second);
    let lazy = Shared::try_unwrap(first).unwrap();
    assert!(!Lazy::is_ready(&lazy), "nobody waited");
    gate.open();
    assert_eq!(Lazy::into_inner(lazy), "owned");
}

#[test]
fn dropped_clones_stop_nothing_and_the_value_goes_with_the_last() {
    let _watchdog = watchdog();
    let drops = Drops::default();
    let shared = Lazy::share(spawn({
        let token = drops.token();
        move || token
    }));
    let other = shared.clone();
    Shared::wait(&shared).unwrap();
    drop(shared);
    assert_eq!(drops.count(), 0);
    drop(other);
    assert_eq!(drops.count(), 1);

    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    drop(Lazy::share(spawn(move || counted.fetch_add(1, Ordering::SeqCst))));
    wait_until(|| runs.load(Ordering::SeqCst) == 1);
}

#[test]
fn a_call_that_waits_for_itself_through_a_clone_is_told() {
    let _watchdog = watchdog();
    let (give, come) = channel::<Shared<u32>>();
    let shared = Lazy::share(spawn(move || {
        let own = come.recv().unwrap();
        assert!(Shared::wait(&own).unwrap_err().is_deadlock());
        let text = caught(|| *own + 1).text().to_owned();
        assert!(text.contains("would never have ended"), "{text}");
        7
    }));
    give.send(shared.clone()).unwrap();
    assert_eq!(*shared, 7, "who is not of the ring has the value");
}

#[test]
fn a_ring_of_clones_has_exactly_one_deadlock() {
    const LENGTH: usize = 10;

    let _watchdog = watchdog();
    let gate = Gate::default();
    let (calls, givers): (Vec<_>, Vec<_>) = (0..LENGTH)
        .map(|_| {
            let (give, come) = channel::<Shared<usize>>();
            let gate = gate.clone();
            let call = spawn(move || {
                gate.pass();
                let next = come.recv().unwrap();
                usize::from(Shared::wait(&next).is_err_and(pybackground::Error::is_deadlock))
            });
            (Lazy::share(call), give)
        })
        .unzip();
    gate.wait_for_arrivals(LENGTH);
    gate.open();
    for (at, giver) in givers.iter().enumerate() {
        giver.send(calls[(at + 1) % LENGTH].clone()).unwrap();
    }
    assert_eq!(calls.into_iter().sum::<usize>(), 1);
}

#[test]
#[expect(clippy::mutable_key_type, reason = "the value that is hashed and compared never changes")]
fn it_is_compared_and_found_by_its_value() {
    let text = |text: &'static str| Lazy::share(spawn(move || String::from(text)));
    assert!(text("a") == text("a") && text("a") != text("b") && text("a") < text("b"));
    assert!(!Shared::ptr_eq(&text("a"), &text("a")));
    let key = text("a");
    let hashed = HashMap::from([(key.clone(), 1)]);
    assert_eq!((hashed.get("a"), hashed.get(&key)), (Some(&1), Some(&1)));
    let sorted = BTreeMap::from([(text("b"), 2), (text("a"), 1)]);
    assert_eq!(sorted.get("b"), Some(&2));
    assert_eq!(sorted.first_key_value().unwrap().0, "a");
    assert!(HashSet::from([Shared::ready(3)]).contains(&3));
}

/// What a call borrows is cloned for it, which for a `Shared` is another holder.
#[test]
fn it_is_lent_to_a_call_like_any_argument() {
    #[background]
    fn length(text: &Shared<String>) -> usize {
        text.len()
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let text = gated(&gate, String::from("text"));
    let lengths = [length(&text), length(&text)];
    gate.open();
    assert_eq!(lengths.map(Lazy::into_inner), [4, 4]);
}

#[test]
fn it_is_made_from_a_value_and_from_a_lazy() {
    let ready: Shared<i32> = 7.into();
    let called: Shared<i32> = spawn(|| 7).into();
    assert_eq!(ready, called);
    assert_eq!((Shared::function(&ready), Shared::called_at(&ready)), (None, None));
    assert!(Shared::function(&called).is_some());
    assert_eq!(Shared::called_at(&called).unwrap().file(), file!());
    assert_eq!(Shared::<Vec<u8>>::default(), [] as [u8; 0]);
}

/// What follows `x.` is the value's, but for `clone`.
#[test]
fn methods_are_those_of_the_value() {
    let shared = Lazy::share(spawn(|| vec!["a", "b"]));
    assert_eq!(shared.join("-"), "a-b");
    let other: Shared<Vec<&str>> = shared.clone();
    let copy: Vec<&str> = Vec::clone(&other);
    assert!(Shared::ptr_eq(&shared, &other));
    assert_eq!(copy, *shared);
}

#[test]
fn exactly_one_of_the_last_holders_receives_the_value() {
    const HOLDERS: usize = 8;

    let _watchdog = watchdog();
    for _ in 0..100 {
        let gate = Gate::default();
        let shared = gated(&gate, String::from("owned"));
        // The test's own clone is gone before a holder asks: were it the last one, nobody would be given the value.
        let start = Arc::new(Barrier::new(HOLDERS + 1));
        let holders: Vec<_> = (0..HOLDERS)
            .map(|_| {
                let (shared, start) = (shared.clone(), start.clone());
                thread::spawn(move || {
                    start.wait();
                    Shared::into_inner(shared)
                })
            })
            .collect();
        drop(shared);
        start.wait();
        gate.open();
        let values = holders.into_iter().filter_map(|holder| holder.join().unwrap());
        assert_eq!(values.collect::<Vec<_>>(), ["owned"]);
    }
    let failed = Lazy::share(fails(7));
    assert_eq!(Shared::into_inner(failed.clone()), None);
    assert_eq!(caught(|| Shared::into_inner(failed)).text(), "no page 7");
}

#[test]
fn timeout_given_by_a_holder_is_that_of_all() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let first = gated(&gate, 7);
    let second = Shared::with_timeout(first.clone(), Duration::from_millis(5));
    assert!(first == Timeout && second == Timeout);
}

/// Each of several tasks awaits a clone; some are polled by wakers that are thrown away before.
#[test]
fn every_holder_may_await_the_value() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let shared = gated(&gate, 7_u64);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let mut shared = shared.clone();
            thread::spawn(move || {
                let polled = block_on(async {
                    poll_fn(|cx| Poll::Ready(Pin::new(&mut shared).poll(cx).is_pending())).await
                });
                (polled, *block_on(shared))
            })
        })
        .collect();
    let bodies: Vec<_> = (0..20).map(|_| doubles(shared.clone())).collect();
    wait_until(|| pybackground::snapshot().suspended >= 20);
    gate.open();
    assert!(tasks.into_iter().all(|task| task.join().unwrap().1 == 7));
    assert_eq!(bodies.into_iter().sum::<u64>(), 20 * 14);
    assert_eq!(*block_on(shared), 7);
}

#[background]
async fn doubles(shared: Shared<u64>) -> u64 {
    2 * *shared.await
}

#[test]
fn awaited_error_is_that_of_every_holder() {
    let _watchdog = watchdog();
    let shared = Lazy::share(fails(7));
    for holder in [shared.clone(), shared.clone()] {
        let error = block_on(Shared::outcome(holder)).unwrap_err();
        assert_eq!(error.message(), Some("no page 7"));
    }
    assert_eq!(caught(|| block_on(shared.clone())).text(), "no page 7");
    assert!(caught(|| block_on(shared)).text().contains("earlier use"));
}

#[test]
fn cancelled_and_late_calls_wake_those_who_await_them() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let shared = gated(&gate, 7_u64);
    let waits = outcome_is_error(shared.clone());
    wait_until(|| pybackground::snapshot().suspended > 0);
    assert!(Shared::cancel(&shared));
    assert!(*waits);
    let late = Shared::with_timeout(gated(&gate, 7_u64), Duration::from_millis(5));
    assert!(*outcome_is_error(late));
}

#[background]
async fn outcome_is_error(shared: Shared<u64>) -> bool {
    Shared::outcome(shared).await.is_err()
}
