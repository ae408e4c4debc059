//! `#[background(limit = N)]`: at most N bodies at once, in the order of the calls; no hang by
//! recursion.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

use common::counters::{AtOnce, Drops, Token};
use common::futures::{Word, yield_now};
use common::gate::Gate;
use common::panics::caught;
use common::{child, wait_until, watchdog};
use pybackground::{Lazy, Timeout, background, configure, snapshot, spawn};

#[test]
fn no_more_bodies_at_once_than_the_limit() {
    static INSIDE: AtOnce = AtOnce::new();

    #[background(limit = 3)]
    fn counted() {
        let _inside = INSIDE.enter();
        thread::yield_now();
    }

    let _watchdog = watchdog();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let calls: Vec<_> = (0..200).map(|_| counted()).collect();
                calls.into_iter().for_each(Lazy::into_inner);
            });
            scope.spawn(|| {
                let calls = spawn(|| (0..200).map(|_| counted()).collect::<Vec<_>>());
                Lazy::into_inner(calls).into_iter().for_each(Lazy::into_inner);
            });
        }
    });
    assert!(INSIDE.most() <= 3, "{} at once", INSIDE.most());
}

#[test]
fn as_many_bodies_at_once_as_the_limit() {
    #[background(limit = 5)]
    fn together(all_there: Arc<Barrier>) {
        all_there.wait();
    }

    let _watchdog = watchdog();
    let all_there = Arc::new(Barrier::new(5));
    let calls: Vec<_> = (0..50).map(|_| together(all_there.clone())).collect();
    calls.into_iter().for_each(Lazy::into_inner);
}

#[test]
fn one_at_a_time_is_first_come_first_served() {
    static ORDER: Mutex<Vec<usize>> = Mutex::new(Vec::new());

    #[background(limit = 1)]
    fn in_turn(n: usize) {
        ORDER.lock().unwrap().push(n);
    }

    let _watchdog = watchdog();
    let from_outside: Vec<_> = (0..1_000).map(in_turn).collect();
    from_outside.into_iter().for_each(Lazy::into_inner);
    let from_a_body = spawn(|| (1_000..2_000).map(in_turn).collect::<Vec<_>>());
    Lazy::into_inner(from_a_body).into_iter().for_each(Lazy::into_inner);
    assert_eq!(*ORDER.lock().unwrap(), (0..2_000).collect::<Vec<_>>());
}

/// What it holds of connections, locks and files is still open.
#[test]
fn a_body_that_was_stopped_has_its_slot_until_it_is_dropped() {
    static INSIDE: AtOnce = AtOnce::new();

    #[background(limit = 1)]
    async fn held(began: Sender<()>, forever: bool) {
        let _inside = INSIDE.enter();
        began.send(()).unwrap();
        if forever {
            std::future::pending::<()>().await;
        }
    }

    let _watchdog = watchdog();
    for turn in 0..200 {
        let (began, has_begun) = channel();
        let endless = held(began.clone(), true);
        has_begun.recv().unwrap();
        let next = held(began, false);
        match turn % 3 {
            // Perhaps in the middle of the poll.
            0 => assert!(Lazy::cancel(&endless)),
            1 => assert!(Lazy::join(Lazy::with_timeout(endless, Duration::ZERO)).is_err()),
            _ => drop(Lazy::cancel_on_drop(endless)),
        }
        Lazy::into_inner(next);
    }
    assert_eq!(INSIDE.most(), 1);
}

/// Nobody can wake it, so that it goes with its `Lazy`.
#[test]
fn a_body_that_nobody_knows_of_any_more_gives_its_slot_back() {
    #[background(limit = 1)]
    async fn pending(began: Sender<()>, forever: bool) {
        began.send(()).unwrap();
        if forever {
            std::future::pending::<()>().await;
        }
    }

    let _watchdog = watchdog();
    for _ in 0..100 {
        let (began, has_begun) = channel();
        let endless = pending(began.clone(), true);
        has_begun.recv().unwrap();
        drop(endless);
        Lazy::into_inner(pending(began, false));
    }
}

/// It is in the queue with its slot, and a thread that comes to it may not let it go on.
#[test]
fn a_body_that_is_woken_and_then_stopped_gives_its_slot_back_once() {
    const TEST: &str = "a_body_that_is_woken_and_then_stopped_gives_its_slot_back_once";
    static INSIDE: AtOnce = AtOnce::new();

    #[background(limit = 1)]
    async fn limited(word: Word) -> u64 {
        let _inside = INSIDE.enter();
        yield_now().await;
        word.heard().await
    }

    #[background]
    async fn maker(word: Word, made: Sender<Lazy<u64>>) {
        made.send(limited(word)).unwrap();
        std::future::pending::<()>().await;
    }

    if !child::is_child() {
        let told = child::succeeds(&mut child::command(TEST));
        assert!(!told.contains("panicked"), "{told}");
        return;
    }
    let _watchdog = watchdog();
    // The only thread is kept from the body while it is stopped.
    configure().workers(1).max_threads(1).install().unwrap();
    let (word, gate, (made, has_made)) = (Word::default(), Gate::default(), channel());
    let maker = maker(word.clone(), made);
    let stopped = has_made.recv().unwrap();
    wait_until(|| snapshot().suspended == 2);
    let busy = spawn({
        let gate = gate.clone();
        move || gate.pass()
    });
    gate.wait_for_arrivals(1);
    word.say(1);
    assert!(Lazy::cancel(&maker));
    gate.open();
    Lazy::into_inner(busy);
    assert!(Lazy::join(stopped).unwrap_err().is_cancelled());
    let calls: Vec<Lazy<u64>> = (0..10).map(|_| limited(word.clone())).collect();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<u64>(), 10);
    assert_eq!(INSIDE.most(), 1);
}

/// The next call starts although nobody joins it, and before the thread of the last one comes back
/// from what else it has to do.
#[test]
fn a_freed_slot_starts_the_next() {
    #[background(limit = 1)]
    fn tell(n: usize, tell: Sender<usize>) {
        tell.send(n).unwrap();
    }

    let _watchdog = watchdog();
    let (send, told) = channel();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    // The body gives its slot back here, and holds its thread by the gate.
    let body = {
        let (gate, send) = (gate.clone(), send.clone());
        spawn(move || {
            let calls: Vec<_> = (0..10).map(|n| tell(n, send.clone())).collect();
            gate.pass();
            calls.into_iter().for_each(Lazy::into_inner);
        })
    };
    assert_eq!(told.iter().take(10).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    gate.open();
    Lazy::into_inner(body);
}

mod recursion {
    use super::*;

    #[background(limit = 1)]
    fn direct(levels: u32) -> u32 {
        if levels == 0 { 0 } else { 1 + direct(levels - 1) }
    }

    #[background(limit = 1)]
    fn even(n: u32) -> bool {
        n == 0 || *odd(n - 1)
    }

    #[background(limit = 1)]
    fn odd(n: u32) -> bool {
        n != 0 && *even(n - 1)
    }

    #[background(limit = 1)]
    fn with_others_between(levels: u32) -> u32 {
        if levels == 0 {
            return 0;
        }
        let between = spawn(move || spawn(move || *with_others_between(levels - 1)) + 1);
        *between
    }

    #[background(limit = 2)]
    fn tree(n: u32) -> u32 {
        if n < 2 { n } else { tree(n - 1) + tree(n - 2) }
    }

    #[background(limit = 1)]
    async fn asynchronous(levels: u32) -> u32 {
        if levels == 0 { 0 } else { 1 + asynchronous(levels - 1) }
    }

    #[background(limit = 1, timeout = 3600)]
    fn with_deadline(levels: u32) -> u32 {
        if levels == 0 { 0 } else { 1 + with_deadline(levels - 1) }
    }

    #[test]
    fn does_not_hang() {
        let _watchdog = watchdog();
        assert_eq!(direct(200), 200);
        assert!(*even(60));
        assert_eq!(with_others_between(30), 30);
        assert_eq!(tree(9), 34);
        assert_eq!(asynchronous(30), 30);
        assert_eq!(with_deadline(30), 30);
    }

    #[test]
    fn does_not_hang_when_many_do_it_at_once() {
        let _watchdog = watchdog();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let calls: Vec<_> = (0..10).map(direct).collect();
                    for (levels, call) in (0..).zip(calls) {
                        assert_eq!(call, levels);
                    }
                    assert!(*odd(21));
                });
            }
        });
    }
}

#[test]
fn a_call_that_times_out_while_it_waits_for_a_slot_leaves_the_queue() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    #[background(limit = 1)]
    fn one_at_a_time(gate: Option<Gate>, _token: Token) -> usize {
        if let Some(gate) = gate {
            gate.pass();
        }
        RUNS.fetch_add(1, Ordering::SeqCst)
    }

    let _watchdog = watchdog();
    let (gate, drops) = (Gate::default(), Drops::default());
    let _opened = gate.opened_at_end();
    let first = one_at_a_time(Some(gate.clone()), drops.token());
    gate.wait_for_arrivals(1);
    let given_up: Vec<Lazy<usize>> = (0..10)
        .map(|_| {
            let waits = one_at_a_time(None, drops.token());
            Lazy::with_timeout(waits, std::time::Duration::from_millis(1))
        })
        .collect();
    let last = one_at_a_time(None, drops.token());
    assert!(given_up.iter().all(|call| *call == Timeout));
    drops.wait_for(10);
    assert_eq!(RUNS.load(Ordering::SeqCst), 0);
    gate.open();
    assert_eq!(first, 0);
    assert_eq!(last, 1);
}

/// The body of a timed-out call still is one that runs.
#[test]
fn a_body_that_runs_on_keeps_its_slot() {
    static INSIDE: AtOnce = AtOnce::new();

    #[background(limit = 1)]
    fn one_at_a_time(gate: Gate) {
        let _inside = INSIDE.enter();
        gate.pass();
    }

    let _watchdog = watchdog();
    let (first, second) = (Gate::default(), Gate::default());
    let late = one_at_a_time(first.clone());
    first.wait_for_arrivals(1);
    let late = Lazy::with_timeout(late, std::time::Duration::ZERO);
    assert!(late == Timeout);
    second.open();
    let next = one_at_a_time(second.clone());
    assert_eq!(second.arrivals(), 0);
    first.open();
    Lazy::into_inner(next);
    assert_eq!(INSIDE.most(), 1);
}

#[test]
fn a_panic_gives_the_slot_back() {
    #[background(limit = 2)]
    fn fails(n: usize) {
        panic!("body {n}");
    }

    let _watchdog = watchdog();
    let calls: Vec<_> = (0..100).map(fails).collect();
    for (n, call) in calls.into_iter().enumerate() {
        assert_eq!(caught(|| *call).text(), format!("body {n}"));
    }
}

#[test]
fn methods_of_one_type_share_the_slots_of_the_method() {
    static INSIDE: AtOnce = AtOnce::new();

    #[derive(Clone)]
    struct Account;

    impl Account {
        #[background(limit = 1)]
        fn book(&self) {
            let _inside = INSIDE.enter();
            thread::yield_now();
        }
    }

    let _watchdog = watchdog();
    let calls: Vec<_> = (0..100).map(|_| Account.book()).collect();
    calls.into_iter().for_each(Lazy::into_inner);
    assert_eq!(INSIDE.most(), 1);
}

/// Whoever waits lends its slot, also where it could run the awaited call itself.
#[test]
fn a_call_that_another_of_the_same_function_has_to_feed_is_fed() {
    #[background(limit = 1)]
    fn feeds_or_waits(feed: Option<Sender<u32>>) -> u32 {
        let Some(feed) = feed else {
            let (feed, food) = channel();
            let eats = spawn(move || food.recv().expect("the other call sends"));
            let feeds = feeds_or_waits(Some(feed));
            return *eats + *feeds;
        };
        feed.send(3).expect("somebody waits");
        4
    }

    let _watchdog = watchdog();
    for _ in 0..100 {
        assert_eq!(feeds_or_waits(None), 7);
    }
}
