//! `snapshot().functions`: how many calls of each function there were, and what became of them.

#[path = "../common/mod.rs"]
mod common;

use std::time::Duration;

use common::futures::Word;
use common::gate::Gate;
use common::{wait_until, watchdog};
use pybackground::{FunctionCounts, Lazy, Timeout, background, snapshot, spawn, spawn_compute};

/// Made, queued, running, returned, failed, timed out, cancelled.
type Numbers = [u64; 7];

fn counts(function: &str) -> Numbers {
    let all = snapshot().functions;
    let one = all.into_iter().find(|counts| counts.function == function);
    one.map_or([0; 7], |counts| {
        let FunctionCounts {
            made, queued, running, returned, failed, timed_out, cancelled, ..
        } = counts;
        [made, queued, running, returned, failed, timed_out, cancelled]
    })
}

/// A body may still be on its thread when its value is used.
fn wait_for(function: &str, expected: Numbers) {
    wait_until(|| counts(function) == expected);
}

#[test]
fn calls_are_counted_from_the_queue_to_their_end() {
    #[background(name = "held", limit = 2)]
    fn held(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    assert_eq!(counts("held"), [0; 7]);
    let calls: Vec<_> = (0..5).map(|_| held(gate.clone())).collect();
    gate.wait_for_arrivals(2);
    wait_for("held", [5, 3, 2, 0, 0, 0, 0]);
    gate.open();
    calls.into_iter().for_each(Lazy::into_inner);
    wait_for("held", [5, 0, 0, 5, 0, 0, 0]);
}

#[test]
fn each_end_is_counted_once() {
    #[background(name = "ends")]
    fn ends(gate: Option<Gate>) {
        gate.expect("a gate").pass();
    }

    let _watchdog = watchdog();
    let (gate, open) = (Gate::default(), Gate::default());
    open.open();
    let _opened = gate.opened_at_end();
    Lazy::into_inner(ends(Some(open)));
    assert!(Lazy::join(ends(None)).is_err());
    let late = Lazy::with_timeout(ends(Some(gate.clone())), Duration::from_millis(1));
    assert!(late == Timeout);
    let cancelled = ends(Some(gate.clone()));
    assert!(Lazy::cancel(&cancelled));
    wait_until(|| {
        let [made, queued, .., failed, timed_out, cancelled] = counts("ends");
        [made, queued, failed, timed_out, cancelled] == [4, 0, 1, 1, 1]
    });
    gate.open();
    // The bodies that ran on end no second time.
    wait_for("ends", [4, 0, 0, 1, 1, 1, 1]);
}

#[test]
fn calls_in_place_and_inline_are_counted() {
    fn nested(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let calls: Vec<_> = (0..3).map(|_| spawn_compute(move || nested(depth - 1))).collect();
        calls.into_iter().map(Lazy::into_inner).sum()
    }

    let _watchdog = watchdog();
    assert_eq!(spawn(|| nested(5)), 243);
    let path = concat!(module_path!(), "::calls_in_place_and_inline_are_counted::nested");
    wait_for(path, [363, 0, 0, 363, 0, 0, 0]);
}

#[test]
fn suspended_body_neither_runs_nor_is_queued() {
    #[background(name = "suspended")]
    async fn suspended(word: Option<Word>) -> u64 {
        match word {
            Some(word) => word.heard().await,
            None => std::future::pending().await,
        }
    }

    let _watchdog = watchdog();
    let word = Word::default();
    let calls = [suspended(Some(word.clone())), suspended(None)];
    wait_for("suspended", [2, 0, 0, 0, 0, 0, 0]);
    word.say(7);
    let [heard, never] = calls;
    assert_eq!(heard, 7);
    wait_for("suspended", [2, 0, 0, 1, 0, 0, 0]);
    // Nothing can wake it any more.
    drop(never);
    wait_for("suspended", [2, 0, 0, 1, 0, 0, 1]);
}

#[test]
fn call_that_waits_for_an_argument_is_queued() {
    #[background(name = "follows")]
    fn follows(#[lazy] n: u32) -> u32 {
        n
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let first = spawn({
        let gate = gate.clone();
        move || {
            gate.pass();
            7
        }
    });
    let follows = follows(first);
    assert_eq!(counts("follows"), [1, 1, 0, 0, 0, 0, 0]);
    gate.open();
    assert_eq!(follows, 7);
    wait_for("follows", [1, 0, 0, 1, 0, 0, 0]);
    assert!(Lazy::join(self::failing()).is_err());
    wait_for("failing", [1, 0, 0, 0, 1, 0, 0]);
}

#[background(name = "failing")]
fn failing() {
    panic!("boom");
}
