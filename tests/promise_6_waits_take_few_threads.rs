//! Promise 6: what others wait for comes before what is still to be begun, which may come to wait likewise: else each
//! of any number of calls would take a thread, to wait on. Each test is a process of its own, with few threads.

mod common;

use std::time::Duration;

use common::futures::Word;
use common::{child, wait_until, watchdog};
use pybackground::{Lazy, Shared, as_completed, background, configure, delay, snapshot, spawn};

/// Far more than there may be threads.
const CALLS: u64 = 5_000;

/// More than there may be threads that are not blocked.
const FEW_CALLS: u64 = 16;

/// Far fewer than calls: who comes to wait while others are just being woken may find no thread awake.
const FEW: usize = 200;

/// While the bodies sleep, each that waits for one takes a thread, as many as the system starts in that time: some
/// hundreds. If woken bodies came after new calls, each call would take one.
const HALF: usize = 2_500;

/// Runs the rest of the test in a child with few threads.
macro_rules! with_few_threads {
    ($test:literal) => {
        if !child::is_child() {
            child::succeeds(&mut child::command($test));
            return;
        }
        let _watchdog = watchdog();
        configure().workers(1).max_threads(8).install().unwrap();
    };
}

/// All calls have the value that they are to have, and took few threads.
fn come_to(sum: u64, calls: Vec<Lazy<u64>>) {
    come_to_with(FEW, sum, calls);
}

fn come_to_with(most: usize, sum: u64, calls: Vec<Lazy<u64>>) {
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<u64>(), sum);
    let threads = snapshot().threads;
    assert!(threads < most, "{threads} threads");
}

#[background]
fn page(number: u64) -> u64 {
    number
}

#[background(timeout = "1000s")]
fn page_in_time(number: u64) -> u64 {
    number
}

#[background(limit = 2)]
fn page_in_turn(number: u64) -> u64 {
    number
}

#[background]
async fn sum_of_two(number: u64) -> u64 {
    page(number).await + page(number).await
}

#[background]
async fn nap(number: u64) -> u64 {
    delay(Duration::from_millis(1)).await;
    number
}

#[test]
fn for_a_call_that_is_not_run_in_place() {
    with_few_threads!("for_a_call_that_is_not_run_in_place");
    let both = |number| *page_in_time(number) + *page_in_turn(number);
    let calls = (0..CALLS).map(|number| spawn(move || both(number)));
    come_to(CALLS * (CALLS - 1), calls.collect());
}

#[test]
fn for_several_calls() {
    with_few_threads!("for_several_calls");
    let both = |number| as_completed([page(number), page(number)]).map(|(_, page)| page.unwrap());
    let calls = (0..CALLS).map(|number| spawn(move || both(number).sum()));
    come_to(CALLS * (CALLS - 1), calls.collect());
}

#[test]
fn for_async_bodies_that_are_woken() {
    with_few_threads!("for_async_bodies_that_are_woken");
    let calls = (0..CALLS).map(|number| {
        let sum = sum_of_two(number);
        spawn(move || *sum)
    });
    come_to(CALLS * (CALLS - 1), calls.collect());
}

#[test]
fn for_async_bodies_that_sleep() {
    with_few_threads!("for_async_bodies_that_sleep");
    let calls = (0..CALLS).map(|number| {
        let nap = nap(number);
        spawn(move || *nap)
    });
    come_to_with(HALF, CALLS * (CALLS - 1) / 2, calls.collect());
}

/// Each body that waits for it takes a thread, up to the bound on all threads. The others stay in the queue,
/// and one of the blocked threads polls the future when it is woken.
#[test]
fn for_one_async_body_that_waits_for_something_else() {
    const MOST: usize = 64;

    if !child::is_child() {
        const TEST: &str = "for_one_async_body_that_waits_for_something_else";
        child::succeeds(&mut child::command(TEST));
        return;
    }
    let _watchdog = watchdog();
    configure().workers(1).max_threads(8).max_total_threads(MOST).install().unwrap();
    let word = Word::default();
    let calls = readers(CALLS, &Lazy::share(hear(word.clone())));
    wait_until(|| snapshot().threads == MOST);
    word.say(1);
    come_to(CALLS, calls);
    assert_eq!(snapshot().threads, MOST);
}

/// Each of them takes a thread, so the call behind them gets one.
#[test]
fn for_one_async_body_that_waits_for_a_call_behind_those_that_wait_for_it() {
    with_few_threads!("for_one_async_body_that_waits_for_a_call_behind_those_that_wait_for_it");
    let word = Word::default();
    let mut calls = readers(FEW_CALLS, &Lazy::share(hear(word.clone())));
    calls.push(spawn(move || {
        word.say(1);
        1
    }));
    come_to(FEW_CALLS + 1, calls);
}

#[background]
async fn hear(word: Word) -> u64 {
    word.heard().await
}

fn readers(count: u64, heard: &Shared<u64>) -> Vec<Lazy<u64>> {
    let reader = |_| {
        let heard = heard.clone();
        spawn(move || *heard)
    };
    (0..count).map(reader).collect()
}
