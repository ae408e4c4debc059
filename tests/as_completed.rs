//! `as_completed`: every call comes once, in the order in which they end, however it ends and wherever
//! they are waited for.

mod common;

use std::panic::Location;
use std::sync::mpsc::channel;
use std::time::Duration;

use common::counters::Drops;
use common::gate::Gate;
use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::{
    Error, Lazy, NotYet, Stack, as_completed, background, checkpoint, sleep, snapshot, spawn,
};

#[test]
fn results_come_in_the_order_in_which_the_calls_end() {
    let _watchdog = watchdog();
    let gates: Vec<Gate> = (0..4).map(|_| Gate::default()).collect();
    let calls = gates.iter().cloned().enumerate().map(|(at, gate)| {
        spawn(move || {
            gate.pass();
            10 * at
        })
    });
    let mut results = as_completed(calls);
    for at in [2, 0, 3, 1] {
        gates[at].open();
        assert_eq!(results.len(), results.size_hint().0);
        let (position, result) = results.next().unwrap();
        assert_eq!((position, result.unwrap()), (at, 10 * at));
    }
    assert_eq!(results.len(), 0);
    assert!(results.next().is_none() && results.next().is_none());
}

#[test]
fn what_is_there_already_comes_first() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let passed = gate.clone();
    let waiting = spawn(move || passed.pass());
    let ended = spawn(|| ());
    Lazy::wait(&ended).unwrap();
    let mut results = as_completed([waiting, ended, Lazy::ready(())]);
    assert_eq!(results.next().unwrap().0, 1);
    assert_eq!(results.next().unwrap().0, 2);
    gate.open();
    assert_eq!(results.next().unwrap().0, 0);
}

#[test]
fn no_calls_are_no_results() {
    let mut results = as_completed(Vec::<Lazy<u8>>::new());
    assert_eq!(results.len(), 0);
    assert!(results.next().is_none());
    assert!(results.next_timeout(Duration::ZERO).unwrap().is_none());
    results.cancel_rest();
}

#[test]
fn a_call_without_a_value_comes_as_its_error() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let passed = gate.clone();
    let calls = [
        spawn(|| panic!("boom")),
        Lazy::with_timeout(spawn(move || passed.pass()), Duration::from_millis(5)),
        spawn(|| sleep(Duration::from_secs(3600))),
        spawn(|| ()),
    ];
    assert!(Lazy::cancel(&calls[2]));
    let mut told: [Option<Result<(), Error>>; 4] = Default::default();
    for (position, result) in as_completed(calls) {
        assert!(told[position].replace(result).is_none(), "each comes once");
    }
    let [panicked, late, cancelled, fine] = told.map(Option::unwrap);
    assert_eq!(panicked.unwrap_err().message(), Some("boom"));
    assert!(late.unwrap_err().is_timeout());
    assert!(cancelled.unwrap_err().is_cancelled());
    fine.unwrap();
    gate.open();
}

#[test]
fn not_yet_is_told_from_over() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let passed = gate.clone();
    let mut results = as_completed([spawn(move || passed.pass())]);
    assert_eq!(results.next_timeout(Duration::from_millis(1)).unwrap_err(), NotYet);
    assert_eq!(results.next_timeout(Duration::ZERO).unwrap_err(), NotYet);
    gate.open();
    assert_eq!(results.next_timeout(Duration::MAX).unwrap().unwrap().0, 0);
    assert!(results.next_timeout(Duration::MAX).unwrap().is_none());
}

#[test]
fn cancelled_calls_come_and_the_ones_that_ended_keep_their_values() {
    let _watchdog = watchdog();
    let calls = (0..100_u32).map(|n| {
        spawn(move || {
            if n > 0 {
                sleep(Duration::from_secs(3600));
            }
            n
        })
    });
    let mut results = as_completed(calls);
    assert_eq!(results.next().unwrap().1.unwrap(), 0);
    results.cancel_rest();
    assert_eq!(results.len(), 99);
    assert!(results.all(|(_, result)| result.unwrap_err().is_cancelled()));
}

#[test]
fn who_loses_interest_lets_the_rest_run() {
    let _watchdog = watchdog();
    let (gate, drops) = (Gate::default(), Drops::default());
    let calls: Vec<_> = (0..10)
        .map(|n| {
            let (gate, token) = (gate.clone(), drops.token());
            spawn(move || {
                if n > 0 {
                    gate.pass();
                }
                drop(token);
            })
        })
        .collect();
    let mut results = as_completed(calls);
    results.next().unwrap().1.unwrap();
    drop(results);
    gate.open();
    drops.wait_for(10);
}

#[test]
fn a_body_gets_the_results_of_calls_that_it_made() {
    let _watchdog = watchdog();
    let sum = spawn(|| {
        let calls = (0..1_000_u64).map(|n| spawn(move || n));
        as_completed(calls)
            .map(|(position, value)| {
                assert_eq!(position as u64, *value.as_ref().unwrap());
                value.unwrap()
            })
            .sum::<u64>()
    });
    assert_eq!(sum, 499_500);
}

#[test]
fn a_million_calls_come_one_by_one() {
    let _watchdog = watchdog();
    let calls: Vec<_> = (0..1_000_000_u32).map(|n| spawn(move || n)).collect();
    let mut seen = vec![false; calls.len()];
    for (position, value) in as_completed(calls) {
        assert_eq!(value.unwrap() as usize, position);
        assert!(!std::mem::replace(&mut seen[position], true));
    }
    assert!(seen.into_iter().all(|seen| seen));
}

#[test]
fn a_slot_of_a_limit_is_lent_while_a_body_waits_for_any() {
    #[background(limit = 1)]
    fn tree(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        as_completed([tree(depth - 1), tree(depth - 1)]).map(|(_, leaves)| leaves.unwrap()).sum()
    }

    let _watchdog = watchdog();
    assert_eq!(tree(4), 16);
}

#[test]
fn a_body_that_is_cancelled_gives_up_and_so_do_its_calls() {
    let _watchdog = watchdog();
    let (gate, (tell, told)) = (Gate::default(), channel());
    let inner = gate.clone();
    let outer = spawn(move || {
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let gate = inner.clone();
                spawn(move || {
                    gate.pass();
                    loop {
                        checkpoint();
                        std::thread::yield_now();
                    }
                })
            })
            .collect();
        let errors = as_completed(calls).map(|(_, result): (_, Result<(), _>)| result.unwrap_err());
        tell.send(errors.collect::<Vec<_>>()).unwrap();
    });
    gate.wait_for_arrivals(3);
    gate.open();
    assert!(Lazy::cancel(&outer));
    let errors = told.recv().unwrap();
    assert_eq!(errors.len(), 3);
    assert!(errors.iter().all(Error::is_cancelled), "{errors:?}");
    wait_until(|| snapshot().stacks.is_empty());
}

#[test]
fn a_snapshot_tells_of_the_wait() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let gate = gate.clone();
            spawn(move || gate.pass())
        })
        .collect();
    let outer = spawn(move || as_completed(calls).for_each(|(_, result)| result.unwrap()));
    wait_until(|| {
        let report = snapshot();
        let text = report.to_string();
        report.stacks.iter().filter_map(Stack::wait).any(|wait| {
            let is_it = wait.calls() == 3;
            assert!(!is_it || text.contains("waits for any of 3 calls, the first `"), "{text}");
            is_it
        })
    });
    gate.open();
    Lazy::into_inner(outer);
}

#[test]
fn a_panic_and_a_drop_in_the_middle_harm_nobody() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let passed = gate.clone();
    let panicked = caught(|| {
        for (position, result) in as_completed([spawn(move || passed.pass()), spawn(|| ())]) {
            result.unwrap();
            assert_ne!(position, 1, "as expected");
        }
    });
    drop(panicked);
    gate.open();
    wait_until(|| snapshot().stacks.is_empty());
}

#[test]
fn the_line_of_the_wait_is_the_users() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let calls: Vec<_> = (0..2)
        .map(|_| {
            let gate = gate.clone();
            spawn(move || gate.pass())
        })
        .collect();
    let mut calls = as_completed(calls);
    let here = Location::caller();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let is_here = |wait: &pybackground::Wait| {
                wait.waits_at().is_some_and(|at| at.file() == here.file())
            };
            wait_until(|| snapshot().stacks.iter().filter_map(Stack::wait).any(is_here));
            gate.open();
        });
        assert!(calls.next().is_some());
    });
    assert!(calls.next().is_some());
}

/// A crawler: each page leads to others, and the results come as they end.
#[test]
fn pushed_calls_come_with_their_positions() {
    let _watchdog = watchdog();
    let links =
        background(|page: u32| [2 * page, 2 * page + 1].map(|link| (link < 1000).then_some(link)));
    let mut pages = as_completed([links(1)]);
    let mut called = vec![1];
    let mut seen = Vec::new();
    while let Some((position, found)) = pages.next() {
        seen.push(called[position]);
        for link in found.unwrap().into_iter().flatten() {
            assert_eq!(pages.push(links(link)), called.len());
            called.push(link);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (1..1000).collect::<Vec<_>>());
}

#[test]
fn call_that_is_pushed_after_the_last_comes() {
    let _watchdog = watchdog();
    let mut results = as_completed([spawn(|| 1)]);
    assert_eq!(results.next().unwrap().1.unwrap(), 1);
    assert!(results.next().is_none());
    assert_eq!(results.push(Lazy::ready(2)), 1);
    assert_eq!(results.push(spawn(|| 3)), 2);
    assert_eq!(results.len(), 2);
    let rest: Vec<_> = results.by_ref().map(|(at, value)| (at, value.unwrap())).collect();
    assert_eq!(rest, [(1, 2), (2, 3)]);
    assert!(results.next().is_none());
}

/// The body has blocked before, so the search for cycles has its list of calls.
#[test]
fn calls_pushed_by_a_body_that_has_waited_are_part_of_the_deadlock() {
    let _watchdog = watchdog();
    let (give, given) = channel::<std::sync::Arc<Lazy<usize>>>();
    let gate = Gate::default();
    let (first, second) = (gate.clone(), gate.clone());
    let outer = spawn(move || {
        let outer = given.recv().unwrap();
        let passes = |gate: Gate| {
            spawn(move || {
                gate.pass();
                0
            })
        };
        let mut calls = as_completed([passes(first), passes(second)]);
        calls.next().unwrap().1.unwrap();
        calls.next().unwrap().1.unwrap();
        for _ in 0..2 {
            let outer = outer.clone();
            calls.push(spawn(move || Lazy::wait(&outer).map_or(1, |_| 100)));
        }
        calls.map(|(_, result)| result.unwrap_or(10)).sum::<usize>()
    });
    let outer = std::sync::Arc::new(outer);
    give.send(outer.clone()).unwrap();
    wait_until(|| snapshot().stacks.iter().filter_map(Stack::wait).any(|wait| wait.calls() == 2));
    gate.open();
    let sum = **outer;
    assert!([2, 11, 20].contains(&sum), "{sum}: each wait of the cycle is told of it, or ends");
}

#[test]
fn pushed_calls_are_cancelled_with_the_rest() {
    let _watchdog = watchdog();
    let slow = || spawn(|| sleep(Duration::from_secs(3600)));
    let mut calls = as_completed([slow()]);
    calls.push(slow());
    calls.extend([slow(), slow()]);
    calls.cancel_rest();
    assert_eq!(calls.filter(|(_, result)| result.as_ref().unwrap_err().is_cancelled()).count(), 4);
}
