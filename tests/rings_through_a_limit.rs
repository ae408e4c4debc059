//! Rings through a permit that a thread has lent: it takes the permit back before it goes on, from a body that awaits it.

mod common;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use common::{wait_until, watchdog};
use pybackground::{Error, Lazy, Limit, Stack, background, snapshot, spawn, wait_idle};

static ONE_AT_A_TIME: Limit = Limit::new(1);

/// Lends its permit while it joins.
#[background(limit = ONE_AT_A_TIME)]
fn joins(call: Lazy<u32>) -> u32 {
    Lazy::into_inner(call)
}

/// Keeps its permit while it awaits.
#[background(limit = ONE_AT_A_TIME)]
async fn awaits(start: Sender<()>, given: Receiver<Lazy<u32>>) -> Result<u32, Error> {
    start.send(()).unwrap();
    Lazy::outcome(given.recv().unwrap()).await
}

fn is_joined(function: &str) -> bool {
    let report = snapshot();
    let mut waits = report.stacks.iter().filter_map(Stack::wait);
    waits.any(|wait| wait.function().is_some_and(|name| name.contains(function)))
}

/// A call that ends when the sender is used.
fn gate() -> (Lazy<u32>, Sender<u32>) {
    let (release, wait) = channel();
    (spawn(move || wait.recv().unwrap()), release)
}

/// A body that has lent its permit, and another one that has it now.
struct Lent {
    lends: Lazy<u32>,
    has_permit: Lazy<Result<u32, Error>>,
    /// What the other one awaits.
    give: Sender<Lazy<u32>>,
    /// Ends the join of the first one.
    release: Sender<u32>,
}

impl Lent {
    fn new() -> Self {
        let (call, release) = gate();
        let lends = joins(call);
        wait_until(|| is_joined("gate"));
        let ((start, started), (give, given)) = (channel(), channel());
        let has_permit = awaits(start, given);
        started.recv().unwrap();
        Self { lends, has_permit, give, release }
    }
}

#[test]
fn await_of_the_body_that_has_lent_the_permit_is_a_deadlock() {
    let _watchdog = watchdog();
    for comes_first in [true, false].repeat(10) {
        let Lent { lends, has_permit, give, release } = Lent::new();
        if comes_first {
            give.send(lends).unwrap();
            release.send(1).unwrap();
        } else {
            release.send(1).unwrap();
            give.send(lends).unwrap();
        }
        let error = Lazy::into_inner(has_permit).unwrap_err();
        assert!(error.is_deadlock());
        let text = error.to_string();
        for part in [
            "awaits` (called at tests/rings_through_a_limit.rs:",
            " awaits `rings_through_a_limit::joins` (called at ",
            " waits for a permit of its limit, which `rings_through_a_limit::awaits`",
        ] {
            assert!(text.contains(part), "`{part}` is missing in: {text}");
        }
        assert_eq!(text.matches("\n  ").count(), 2, "{text}");
    }
}

/// The end of the argument closes the ring: the call waits for a permit from then on.
#[test]
fn await_of_a_call_that_comes_to_need_the_permit_is_a_deadlock() {
    static OWN: Limit = Limit::new(1);

    #[background(limit = OWN)]
    fn needs(#[lazy] argument: u32) -> u32 {
        argument
    }

    #[background(limit = OWN)]
    async fn keeps(start: Sender<()>, given: Receiver<Lazy<u32>>) -> Result<u32, Error> {
        start.send(()).unwrap();
        Lazy::outcome(given.recv().unwrap()).await
    }

    let is_suspended = || {
        let left = wait_idle(Duration::ZERO).err();
        left.is_some_and(|left| left.suspended.iter().any(|call| call.function.ends_with("keeps")))
    };
    let _watchdog = watchdog();
    for _ in 0..10 {
        let ((start, started), (give, given)) = (channel(), channel());
        let keeps = keeps(start, given);
        started.recv().unwrap();
        let (argument, release) = gate();
        give.send(needs(argument)).unwrap();
        let joins = spawn(move || Lazy::into_inner(keeps));
        wait_until(|| is_suspended() && is_joined("keeps"));
        release.send(1).unwrap();
        let error = Lazy::into_inner(joins).unwrap_err();
        assert!(error.is_deadlock());
        let text = error.to_string();
        for part in [
            "::keeps` (called at tests/rings_through_a_limit.rs:",
            "::needs` (called at tests/rings_through_a_limit.rs:",
            " waits for a permit of its limit, which `",
        ] {
            assert!(text.contains(part), "`{part}` is missing in: {text}");
        }
    }
}

#[test]
fn permit_that_is_taken_back_after_an_await_is_no_deadlock() {
    let _watchdog = watchdog();
    for _ in 0..10 {
        let Lent { lends, has_permit, give, release } = Lent::new();
        let (call, end) = gate();
        give.send(call).unwrap();
        release.send(1).unwrap();
        end.send(2).unwrap();
        assert_eq!(Lazy::into_inner(has_permit).unwrap(), 2);
        assert_eq!(lends, 1);
    }
}
