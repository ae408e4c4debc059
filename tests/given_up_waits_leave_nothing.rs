//! A wait that is given up leaves nothing with the call, however long the call goes on.

mod common;

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use common::gate::Gate;
use common::{system, watchdog};
use pybackground::{Lazy, Shared, background};

/// Far less than what so many waits would leave.
const BOUND: usize = 8 << 20;

#[background]
fn waits(gate: Gate) -> u32 {
    gate.pass();
    1
}

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
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let call = Lazy::share(waits(gate.clone()));
    grows_by_little(200_000, || drop(Shared::signal(&call)));
    grows_by_little(200_000, || assert!(Shared::wait_timeout(&call, Duration::ZERO).is_none()));
    let lazy = waits(gate.clone());
    grows_by_little(200_000, || drop(Lazy::signal(&lazy)));
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
