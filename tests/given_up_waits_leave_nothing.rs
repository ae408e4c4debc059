//! A wait that is given up leaves nothing with the call, however long the call goes on.

mod common;

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::gate::Gate;
use common::{system, watchdog};
use pybackground::{Lazy, Limit, Shared, Timeout, background};

/// Far less than what so many waits would leave.
const BOUND: usize = 8 << 20;

#[background]
fn waits(gate: Gate) -> u32 {
    gate.pass();
    1
}

/// Held by a test that measures memory.
static MEASURES: Mutex<()> = Mutex::new(());

#[track_caller]
fn grows_by_little(waits: usize, mut wait: impl FnMut()) {
    (0..waits / 10).for_each(|_| wait());
    let before = system::resident_bytes();
    (0..waits).for_each(|_| wait());
    let after = system::resident_bytes();
    let grown = after.zip(before).map_or(0, |(after, before)| after.saturating_sub(before));
    assert!(grown < BOUND, "{grown} bytes more after {waits} waits");
}

#[test]
fn many_given_up_waits_take_no_memory() {
    let _watchdog = watchdog();
    let _measures = MEASURES.lock().unwrap_or_else(PoisonError::into_inner);
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let call = Lazy::share(waits(gate.clone()));
    grows_by_little(200_000, || drop(Shared::signal(&call)));
    grows_by_little(200_000, || assert!(Shared::wait_timeout(&call, Duration::ZERO).is_none()));
    let lazy = waits(gate.clone());
    grows_by_little(200_000, || drop(Lazy::signal(&lazy)));
}

static ONE: Limit = Limit::new(1);

#[background(limit = ONE)]
fn holds(gate: Gate) {
    gate.pass();
}

#[background(limit = ONE)]
fn limited() -> u32 {
    1
}

#[background(limit = ONE)]
async fn limited_asynchronously() -> u32 {
    1
}

#[test]
fn closed_calls_leave_the_limit_that_holds_them_back() {
    let _watchdog = watchdog();
    let _measures = MEASURES.lock().unwrap_or_else(PoisonError::into_inner);
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let holder = holds(gate.clone());
    gate.wait_for_arrivals(1);
    let first = limited();
    grows_by_little(30_000, || assert!(Lazy::cancel(&limited())));
    grows_by_little(30_000, || assert!(Lazy::cancel(&limited_asynchronously())));
    grows_by_little(30_000, || assert!(Lazy::cancel(&Lazy::map(limited(), |one| one))));
    grows_by_little(30_000, || assert!(Lazy::with_timeout(limited(), Duration::ZERO) == Timeout));
    let last = limited();
    gate.open();
    assert_eq!(first + last, 2);
    Lazy::into_inner(holder);
}

struct Counted;

impl Wake for Counted {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn dropped_futures_drop_their_wakers() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let counted = Arc::new(Counted);
    let waker = Waker::from(counted.clone());
    let mut outcome = Lazy::outcome(waits(gate));
    assert!(poll(&mut outcome, &waker).is_pending());
    assert!(Arc::strong_count(&counted) > 2);
    drop(outcome);
    assert_eq!(Arc::strong_count(&counted), 2);
}

fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(waker))
}
