//! `scope`: closures that borrow, all of which have ended when it returns.

mod common;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use common::counters::{AtOnce, Drops};
use common::gate::Gate;
use common::{wait_until, watchdog};
use pybackground::{Lazy, Scope, Stack, Timeout, scope, snapshot, spawn};

#[test]
fn closures_borrow_from_the_caller_and_have_ended_when_it_returns() {
    let _watchdog = watchdog();
    let mut numbers: Vec<u32> = (0..1000).collect();
    let seen = AtomicUsize::new(0);
    scope(|s| {
        for part in numbers.chunks_mut(10) {
            s.launch(|| {
                for number in part.iter_mut() {
                    *number *= 2;
                }
                seen.fetch_add(part.len(), Ordering::Relaxed);
            });
        }
    });
    assert_eq!(seen.into_inner(), 1000);
    assert!(numbers.iter().enumerate().all(|(at, number)| *number as usize == 2 * at));
}

#[test]
fn a_value_is_used_like_any_other_inside_of_the_scope() {
    let _watchdog = watchdog();
    let words = ["some", "slow", "words"].map(String::from);
    let total = scope(|s| {
        let lengths: Vec<Lazy<usize>> = words.iter().map(|word| s.spawn(|| word.len())).collect();
        lengths.iter().map(|length| **length).sum::<usize>()
    });
    assert_eq!(total, 13);
}

#[test]
fn what_captures_hold_is_dropped_by_the_end() {
    let _watchdog = watchdog();
    let drops = Drops::default();
    let rounds = 100;
    scope(|s| {
        for _ in 0..rounds {
            let token = drops.token();
            s.launch(move || drop(token));
            let token = drops.token();
            s.launch(move || {
                let _kept = &token;
            });
        }
    });
    assert_eq!(drops.count(), 2 * rounds);
}

fn grow<'scope>(s: &'scope Scope<'scope, '_>, depth: u32, leaves: &'scope AtomicUsize) {
    if depth == 0 {
        leaves.fetch_add(1, Ordering::Relaxed);
        return;
    }
    for _ in 0..2 {
        s.launch(move || grow(s, depth - 1, leaves));
    }
}

#[test]
fn a_closure_may_spawn_others_as_deep_as_it_likes() {
    let _watchdog = watchdog();
    let leaves = AtomicUsize::new(0);
    scope(|s| grow(s, 10, &leaves));
    assert_eq!(leaves.into_inner(), 1 << 10);
}

#[test]
fn a_closure_borrows_the_scope_without_a_move() {
    let _watchdog = watchdog();
    let log = Mutex::new(Vec::new());
    scope(|s| {
        s.launch(|| {
            log.lock().unwrap().push("outer");
            s.launch(|| log.lock().unwrap().push("inner"));
        });
    });
    assert_eq!(log.into_inner().unwrap(), ["outer", "inner"]);
}

#[test]
fn a_hundred_thousand_tiny_closures_need_few_threads() {
    let _watchdog = watchdog();
    let (ran, at_once) = (AtomicUsize::new(0), AtOnce::new());
    scope(|s| {
        for _ in 0..100_000 {
            s.launch(|| {
                let _inside = at_once.enter();
                ran.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(ran.into_inner(), 100_000);
    assert!(at_once.most() < 64, "{} closures at once", at_once.most());
}

#[test]
fn a_thousand_closures_that_block_are_at_it_at_once() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    scope(|s| {
        let _open = gate.opened_at_end();
        for _ in 0..1000 {
            s.launch(|| gate.pass());
        }
        gate.wait_for_arrivals(1000);
    });
    assert_eq!(gate.arrivals(), 1000);
}

#[test]
fn a_closure_joins_its_sibling_that_is_queued_behind_it() {
    let _watchdog = watchdog();
    // Each waits for the one that is spawned after it: as many as there are, none is in the way.
    let total = scope(|s| {
        let (send, receive): (Vec<_>, Vec<_>) =
            (0..300).map(|_| std::sync::mpsc::channel::<Lazy<usize>>()).unzip();
        let mut lazies = Vec::new();
        for next in receive {
            lazies.push(s.spawn(move || next.recv().map_or(0, |next| *next + 1)));
        }
        let first = lazies.remove(0);
        for (to, lazy) in send.into_iter().zip(lazies) {
            to.send(lazy).unwrap();
        }
        *first
    });
    assert_eq!(total, 299);
}

#[test]
fn a_closure_that_was_cancelled_in_time_never_begins() {
    let _watchdog = watchdog();
    let (gate, ran, drops) = (Gate::default(), AtomicUsize::new(0), Drops::default());
    scope(|s| {
        let _open = gate.opened_at_end();
        let lazies: Vec<Lazy<()>> = (0..500)
            .map(|_| {
                let token = drops.token();
                s.spawn(|| {
                    let _token = token;
                    gate.pass();
                    ran.fetch_add(1, Ordering::Relaxed);
                })
            })
            .collect();
        let ended: usize = lazies.iter().rev().filter(|lazy| Lazy::cancel(lazy)).count();
        assert_eq!(ended, 500, "none can have passed the gate");
        assert!(lazies.into_iter().all(|lazy| Lazy::join(lazy).unwrap_err().is_cancelled()));
    });
    assert_eq!(ran.into_inner(), gate.arrivals());
    assert_eq!(drops.count(), 500);
}

#[test]
fn a_running_closure_is_told_that_it_was_cancelled() {
    let _watchdog = watchdog();
    let started = AtomicUsize::new(0);
    scope(|s| {
        let endless = s.spawn(|| {
            started.store(1, Ordering::SeqCst);
            pybackground::sleep(Duration::MAX);
        });
        wait_until(|| started.load(Ordering::SeqCst) == 1);
        assert!(Lazy::cancel(&endless));
    });
}

#[test]
fn a_closure_may_have_a_deadline() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    scope(|s| {
        let _open = gate.opened_at_end();
        let late = s.spawn(|| gate.pass());
        gate.wait_for_arrivals(1);
        let late = Lazy::with_timeout(late, Duration::from_millis(5));
        assert!(late == Timeout);
        assert!(Lazy::join(late).unwrap_err().body_runs_on());
    });
}

#[test]
fn a_lazy_that_leaves_the_scope_is_ready() {
    let _watchdog = watchdog();
    let text = String::from("text");
    let length = scope(|s| s.spawn(|| text.len()));
    assert!(Lazy::is_ready(&length));
    assert_eq!(length, 4);

    let (send, receive) = std::sync::mpsc::channel();
    scope(|s| {
        s.launch(|| send.send(s.spawn(|| text.len())).unwrap());
    });
    let length = receive.recv().unwrap();
    assert!(Lazy::is_ready(&length));
    assert_eq!(length, 4);
}

#[test]
fn a_lazy_that_is_dropped_or_forgotten_lets_the_closure_run() {
    let _watchdog = watchdog();
    let ran = AtomicUsize::new(0);
    scope(|s| {
        for _ in 0..100 {
            drop(s.spawn(|| ran.fetch_add(1, Ordering::Relaxed)));
            std::mem::forget(s.spawn(|| ran.fetch_add(1, Ordering::Relaxed)));
            drop(Lazy::detach(s.spawn(|| ran.fetch_add(1, Ordering::Relaxed))));
        }
    });
    assert_eq!(ran.into_inner(), 300);
}

#[test]
fn a_call_is_named_by_its_function_and_line() {
    let _watchdog = watchdog();
    scope(|s| {
        let x = s.spawn(|| ());
        assert!(Lazy::function(&x).unwrap().ends_with("a_call_is_named_by_its_function_and_line"));
        let site = Lazy::called_at(&x).unwrap();
        assert_eq!((site.file(), site.line()), (file!(), line!() - 3));
    });
}

#[test]
fn a_snapshot_tells_of_closures_that_run_and_of_those_that_wait() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    scope(|s| {
        let _open = gate.opened_at_end();
        s.launch(|| gate.pass());
        gate.wait_for_arrivals(1);
        let report = snapshot();
        assert!(report.threads > 0);
        let name = "a_snapshot_tells_of_closures_that_run_and_of_those_that_wait";
        let mut functions = report.stacks.iter().flat_map(Stack::functions);
        assert!(functions.any(|function| function.ends_with(name)), "{report}");
    });
}

#[test]
fn bodies_and_scopes_nest() {
    let _watchdog = watchdog();
    // More of them than there are workers, each of which waits in a scope in a scope.
    let bodies: Vec<Lazy<usize>> = (0..50_usize)
        .map(|n| {
            spawn(move || {
                let numbers = [n; 10];
                scope(|outer| {
                    let halves = numbers.chunks(5).map(|half| {
                        outer.spawn(move || {
                            let sum = AtomicUsize::new(0);
                            scope(|inner| {
                                for number in half {
                                    inner.launch(|| {
                                        let number = *number;
                                        sum.fetch_add(*spawn(move || number), Ordering::Relaxed);
                                    });
                                }
                            });
                            sum.into_inner()
                        })
                    });
                    let halves: Vec<Lazy<usize>> = halves.collect();
                    halves.iter().map(|half| **half).sum()
                })
            })
        })
        .collect();
    for (n, body) in bodies.iter().enumerate() {
        assert_eq!(**body, 10 * n);
    }
}

#[test]
fn other_threads_may_spawn_too() {
    let _watchdog = watchdog();
    let ran = AtomicUsize::new(0);
    scope(|s| {
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for _ in 0..100 {
                        s.launch(|| _ = ran.fetch_add(1, Ordering::Relaxed));
                    }
                });
            }
        });
    });
    assert_eq!(ran.into_inner(), 400);
}

#[test]
fn an_empty_scope_is_its_closure() {
    let _watchdog = watchdog();
    assert_eq!(scope(|_| 7), 7);
}
