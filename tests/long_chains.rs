//! A chain of async calls comes to its end whatever its length: no end of a call recurses into the next.
//!
//! Each test runs in a process of its own, because a stack overflow aborts the process.

mod common;

use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use common::{child, wait_until, watchdog};
use pybackground::{Error, Lazy, background, shutdown, snapshot, spawn};

/// Far more links than a stack has room for.
const LINKS: u64 = 20_000;

/// Runs the other half of the test in a process of its own.
macro_rules! in_a_child {
    ($test:ident $(, $variable:literal = $value:literal)*) => {
        if !child::is_child() {
            let mut command = child::command(stringify!($test));
            $(command.env($variable, $value);)*
            child::succeeds(&mut command);
            return;
        }
        let _watchdog = watchdog();
    };
}

/// A call that is awaited by the body, unlike a parameter that is a `Lazy`.
struct Before(Lazy<u64>);

#[background]
async fn link(before: Before) -> u64 {
    before.0.await + 1
}

fn chain(first: Lazy<u64>) -> Lazy<u64> {
    (0..LINKS).fold(first, |before, _| link(Before(before)))
}

/// What wakes the first of a chain, and with what it ends then.
#[derive(Clone, Default)]
struct Start(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    waker: Option<Waker>,
    outcome: Option<Result<u64, &'static str>>,
}

impl Start {
    fn first(&self) -> Lazy<u64> {
        #[background]
        async fn first(start: Start) -> u64 {
            std::future::poll_fn(|context| {
                let mut state = start.0.lock().unwrap();
                state.waker = Some(context.waker().clone());
                state.outcome.map_or(Poll::Pending, Poll::Ready)
            })
            .await
            .unwrap_or_else(|panic| std::panic::resume_unwind(Box::new(panic)))
        }

        first(self.clone())
    }

    fn end(&self, outcome: Result<u64, &'static str>) {
        let waker = {
            let mut state = self.0.lock().unwrap();
            state.outcome = Some(outcome);
            state.waker.take()
        };
        waker.expect("the first call waits").wake();
    }
}

/// A chain whose calls all wait.
fn waiting_chain() -> (Start, Lazy<u64>) {
    let start = Start::default();
    let last = chain(start.first());
    wait_until(|| snapshot().suspended as u64 == LINKS + 1);
    (start, last)
}

#[test]
fn chain_resolves() {
    in_a_child!(chain_resolves);
    let (start, last) = waiting_chain();
    start.end(Ok(0));
    assert_eq!(last, LINKS);
}

#[test]
fn chain_ends_by_the_panic_of_its_first_call() {
    in_a_child!(chain_ends_by_the_panic_of_its_first_call);
    let (start, last) = waiting_chain();
    start.end(Err("the first panics"));
    let error: Error = Lazy::join(last).unwrap_err();
    assert!(error.is_panic(), "{error}");
}

#[test]
fn chain_ends_by_a_shutdown() {
    in_a_child!(chain_ends_by_a_shutdown);
    let (_start, last) = waiting_chain();
    shutdown(Duration::ZERO).unwrap_err();
    assert!(Lazy::wait(&last).is_err());
    drop(last);
    assert_eq!(snapshot().suspended, 0);
}

#[test]
fn chain_is_dropped_after_a_shutdown() {
    in_a_child!(chain_is_dropped_after_a_shutdown);
    let (start, last) = waiting_chain();
    drop(last);
    shutdown(Duration::ZERO).unwrap_err();
    start.end(Ok(0));
    assert_eq!(snapshot().suspended, 0);
}

/// A call that makes the next of the chain.
#[background]
async fn nested(links: u64, start: Start) -> u64 {
    let next = if links == 0 { start.first() } else { nested(links - 1, start) };
    Lazy::outcome(next).await.map_or(0, |links| links + 1)
}

/// Each call is made by the one before. With work for each pair of so many links the test would not end in time.
#[test]
fn nested_chain_ends_by_a_shutdown() {
    const MANY: u64 = 40_000;

    in_a_child!(nested_chain_ends_by_a_shutdown);
    let start = Start::default();
    let outermost = nested(MANY, start.clone());
    wait_until(|| start.0.lock().unwrap().waker.is_some());
    shutdown(Duration::ZERO).unwrap_err();
    assert!(Lazy::wait(&outermost).is_err());
    wait_until(|| snapshot().suspended == 0);
}

#[test]
fn chain_ends_by_the_cancellation_of_its_caller() {
    in_a_child!(chain_ends_by_the_cancellation_of_its_caller);
    let start = Start::default();
    let caller = spawn({
        let start = start.clone();
        move || *chain(start.first())
    });
    wait_until(|| snapshot().suspended as u64 == LINKS + 1);
    Lazy::cancel(&caller);
    assert!(Lazy::join(caller).unwrap_err().is_cancelled());
    wait_until(|| snapshot().suspended == 0);
}

#[test]
fn chain_ends_by_the_timeout_of_its_caller() {
    in_a_child!(chain_ends_by_the_timeout_of_its_caller);
    let start = Start::default();
    let caller = background(move || *chain(start.first())).timeout(1.0)();
    assert!(Lazy::join(caller).unwrap_err().is_timeout());
    wait_until(|| snapshot().suspended == 0);
}

#[background]
async fn nest(levels: u64) -> u64 {
    if levels == 0 { 0 } else { nest(levels - 1).await + 1 }
}

#[test]
fn calls_that_await_calls_resolve() {
    in_a_child!(calls_that_await_calls_resolve);
    assert_eq!(nest(LINKS), LINKS);
}

#[test]
fn chain_resolves_in_sequential_mode() {
    in_a_child!(chain_resolves_in_sequential_mode, "PYBACKGROUND_MODE" = "sequential");
    let start = Start::default();
    let last = chain(start.first());
    assert!(!Lazy::is_ready(&last));
    start.end(Ok(0));
    assert!(Lazy::is_ready(&last), "the thread that woke the first has run them all");
    assert_eq!(last, LINKS);
}

#[test]
fn calls_that_await_calls_resolve_in_sequential_mode() {
    in_a_child!(
        calls_that_await_calls_resolve_in_sequential_mode,
        "PYBACKGROUND_MODE" = "sequential"
    );
    let outer = nest(LINKS);
    assert!(Lazy::is_ready(&outer), "the caller has run them all");
    assert_eq!(outer, LINKS);
}

/// The call runs on the thread of its caller, which is the one that waits for it.
#[test]
fn async_body_joins_a_call_of_its_own_in_sequential_mode() {
    #[background]
    async fn joins() -> u64 {
        *nest(10) + 1
    }

    in_a_child!(
        async_body_joins_a_call_of_its_own_in_sequential_mode,
        "PYBACKGROUND_MODE" = "sequential"
    );
    assert_eq!(joins(), 11);
}
