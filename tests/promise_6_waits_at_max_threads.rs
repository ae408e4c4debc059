//! Bodies that wait for calls never keep these from a thread, however few threads there may be. Each
//! test is a process of its own, with few threads.

mod common;

use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use common::futures::yield_now;
use common::gate::Gate;
use common::{child, wait_until, watchdog};
use pybackground::{Lazy, background, configure, delay, scope, snapshot, spawn};

/// Too short for the awaited call to be started in, on a busy machine.
const MOMENT: Duration = Duration::from_micros(20);

/// Runs the rest of the test in a child with so many threads.
macro_rules! with_threads {
    ($threads:literal, $test:expr) => {
        if !child::is_child() {
            child::succeeds(&mut child::command($test));
            return;
        }
        let _watchdog = watchdog();
        configure().max_threads($threads).install().unwrap();
    };
}

/// Bodies that look for a call again and again, which is made when all of them are queued before it.
fn pollers(count: usize) {
    let awaited: Arc<OnceLock<Lazy<u32>>> = Arc::default();
    let gate = Gate::default();
    let bodies: Vec<Lazy<u32>> = (0..count)
        .map(|_| {
            let (awaited, gate) = (awaited.clone(), gate.clone());
            spawn(move || {
                gate.pass();
                let awaited = awaited.get().expect("it is called before the gate opens");
                loop {
                    if let Some(value) = Lazy::wait_timeout(awaited, MOMENT) {
                        return *value.unwrap();
                    }
                }
            })
        })
        .collect();
    assert!(awaited.set(spawn(|| 1)).is_ok());
    gate.open();
    assert_eq!(bodies.into_iter().map(Lazy::into_inner).sum::<u32>() as usize, count);
}

#[test]
fn pollers_on_one_thread() {
    with_threads!(1, "pollers_on_one_thread");
    pollers(16);
}

#[test]
fn pollers_on_four_threads() {
    with_threads!(4, "pollers_on_four_threads");
    pollers(24);
}

/// Calls with a deadline are not run by the thread that waits for them.
#[test]
fn a_chain_of_waits_longer_than_there_are_threads() {
    #[background(timeout = "1000s")]
    fn depth(n: u32) -> u32 {
        if n == 0 { 0 } else { *depth(n - 1) + 1 }
    }

    with_threads!(2, "a_chain_of_waits_longer_than_there_are_threads");
    assert_eq!(depth(100), 100);
}

/// Whoever helps out the body that waits has two to poll, and the one that is waited for wakes itself for ever.
#[test]
fn an_async_body_that_wakes_itself_until_another_has_run() {
    #[background]
    async fn looks_for(found: Arc<OnceLock<u32>>) -> u32 {
        loop {
            match found.get() {
                Some(number) => return *number,
                None => yield_now().await,
            }
        }
    }
    #[background]
    async fn finds(found: Arc<OnceLock<u32>>, begun: Gate) {
        begun.pass();
        delay(Duration::from_millis(1)).await;
        found.set(7).unwrap();
    }

    with_threads!(1, "an_async_body_that_wakes_itself_until_another_has_run");
    let (found, begun) = (Arc::default(), Gate::default());
    let finds = finds(Arc::clone(&found), begun.clone());
    let looks = spawn(move || *looks_for(found));
    begun.open();
    assert_eq!(looks, 7);
    Lazy::into_inner(finds);
}

/// Whoever helps out the body that waits is kept busy by what that waits for.
#[test]
fn an_async_body_that_wakes_itself_until_a_call_that_is_to_begin_has_ended() {
    #[background]
    async fn looks_at(call: Lazy<u32>) -> u32 {
        while !Lazy::is_ready(&call) {
            yield_now().await;
        }
        call.await
    }

    const TEST: &str = "an_async_body_that_wakes_itself_until_a_call_that_is_to_begin_has_ended";
    with_threads!(1, TEST);
    let (send, receive) = channel();
    let looks = spawn(move || *looks_at(receive.recv().unwrap()));
    send.send(spawn(|| 7)).unwrap();
    assert_eq!(looks, 7);
}

/// The closures of a scope are nothing that a thread of the pool could run.
#[test]
fn a_body_that_waits_for_a_closure_of_its_scope() {
    with_threads!(1, "a_body_that_waits_for_a_closure_of_its_scope");
    let gate = Gate::default();
    let sum = {
        let gate = gate.clone();
        spawn(move || {
            gate.pass();
            let numbers = [1, 2, 3, 4];
            scope(|s| {
                let calls = numbers.each_ref().map(|n| s.spawn(move || *double(*n)));
                calls.into_iter().rev().map(|call| *call).sum::<u32>()
            })
        })
    };
    let others = [(); 5].map(|()| spawn(|| 1));
    gate.open();
    assert_eq!(sum, 20);
    assert_eq!(others.into_iter().map(Lazy::into_inner).sum::<u32>(), 5);
}

#[background]
fn double(n: u32) -> u32 {
    2 * n
}

/// What was counted for the waits is taken back: later bodies get no more threads than the limit.
#[test]
fn the_limit_holds_when_nobody_waits_any_more() {
    #[background]
    async fn pending() {
        std::future::pending::<()>().await;
    }

    if !child::is_child() {
        child::succeeds(&mut child::command("the_limit_holds_when_nobody_waits_any_more"));
        return;
    }
    let _watchdog = watchdog();
    configure().max_threads(2).keep_alive(Duration::from_millis(1)).install().unwrap();
    let never = Arc::new(pending());
    let gate = Gate::default();
    let given_up = [(); 2].map(|()| {
        let (never, gate) = (never.clone(), gate.clone());
        spawn(move || {
            assert!(Lazy::wait_timeout(&never, MOMENT).is_none());
            gate.pass();
        })
    });
    gate.wait_for_arrivals(2);
    gate.open();
    given_up.into_iter().for_each(Lazy::into_inner);
    wait_until(|| snapshot().threads == 0);
    let gate = Gate::default();
    let bodies = [(); 30].map(|()| {
        let gate = gate.clone();
        spawn(move || gate.pass())
    });
    gate.wait_for_arrivals(2);
    // A thread too many announces itself by nothing but its existence.
    let most = (0..20_000).map(|_| snapshot().threads).max();
    gate.open();
    bodies.into_iter().for_each(Lazy::into_inner);
    assert_eq!(most, Some(2));
}

#[test]
fn a_snapshot_tells_that_no_thread_is_left() {
    #[background]
    fn holds_a_thread(gate: Gate) {
        gate.pass();
    }

    with_threads!(2, "a_snapshot_tells_that_no_thread_is_left");
    let gate = Gate::default();
    let holders = [holds_a_thread(gate.clone()), holds_a_thread(gate.clone())];
    gate.wait_for_arrivals(2);
    assert!(!snapshot().is_starved, "nothing is queued");
    let queued = spawn(|| 5);
    let report = snapshot();
    assert!(report.is_starved && report.max_threads == Some(2), "{report}");
    let text = report.to_string();
    for part in ["max_threads is 2", "no thread is left", "::holds_a_thread` (called at "] {
        assert!(text.contains(part), "{part} in {text}");
    }
    gate.open();
    assert_eq!(queued, 5);
    holders.into_iter().for_each(Lazy::into_inner);
    wait_until(|| !snapshot().is_starved);
}
