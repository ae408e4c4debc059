//! What goes wrong in a scope: it is told once, by name, after every closure has ended.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use common::counters::Drops;
use common::gate::Gate;
use common::panics::caught;
use common::{child, wait_until, watchdog};
use pybackground::{Lazy, Shared, checkpoint, scope, spawn};

#[test]
fn a_panic_that_nobody_saw_panics_the_scope_at_its_end() {
    let _watchdog = watchdog();
    let ended = AtomicUsize::new(0);
    let before = line!();
    let panic = caught(|| {
        scope(|s| {
            s.launch(|| panic!("boom"));
            for _ in 0..100 {
                s.launch(|| _ = ended.fetch_add(1, Ordering::Relaxed));
            }
        });
    });
    panic.assert_told_between(before, line!());
    assert_eq!(ended.into_inner(), 100);
    let told = panic.text();
    assert!(told.contains("a_panic_that_nobody_saw_panics_the_scope_at_its_end"), "{told}");
    assert!(told.contains(&format!("{}:{}:", file!(), before + 3)), "{told}");
    assert!(told.contains("panicked: boom") && told.contains("scope"), "{told}");
}

#[test]
fn several_are_counted() {
    let _watchdog = watchdog();
    for (panics, told) in
        [(2, ", and 1 other call failed too"), (5, ", and 4 other calls failed too")]
    {
        let panic = caught(|| scope(|s| (0..panics).for_each(|n| s.launch(move || panic!("{n}")))));
        assert!(panic.text().ends_with(told), "{}", panic.text());
    }
}

#[test]
fn a_panic_that_somebody_saw_is_over() {
    let _watchdog = watchdog();
    scope(|s| {
        let joined = s.spawn(|| -> u32 { panic!("joined") });
        assert_eq!(Lazy::join(joined).unwrap_err().message(), Some("joined"));
        let used = s.spawn(|| -> u32 { panic!("used") });
        assert_eq!(caught(|| *used).text(), "used");
        let by_a_sibling = s.spawn(|| -> u32 { panic!("told") });
        s.launch(|| assert!(Lazy::join(by_a_sibling).unwrap_err().is_panic()));
    });
}

#[test]
fn to_look_whether_a_call_has_ended_is_not_to_see_its_panic() {
    let _watchdog = watchdog();
    let panic = caught(|| {
        scope(|s| {
            let x = s.spawn(|| -> u32 { panic!("boom") });
            wait_until(|| Lazy::is_ready(&x));
            assert!(Shared::is_ready(&Lazy::share(x)));
        });
    });
    assert!(panic.text().contains("panicked: boom"), "{}", panic.text());
}

#[test]
fn a_payload_goes_to_the_first_use() {
    let _watchdog = watchdog();
    let payload = scope(|s| {
        let x = s.spawn(|| -> u32 { panic_any(7_u32) });
        caught(|| Lazy::into_inner(x)).payload
    });
    assert_eq!(payload.downcast_ref(), Some(&7_u32));
}

#[test]
fn a_lazy_that_left_still_has_its_panic_after_the_scope_told_of_it() {
    let _watchdog = watchdog();
    let (send, receive) = channel();
    let panic = caught(|| scope(|s| send.send(s.spawn(|| -> u32 { panic!("boom") })).unwrap()));
    assert!(panic.text().contains("boom"));
    let left = receive.recv().unwrap();
    assert_eq!(Lazy::wait(&left).unwrap_err().message(), Some("boom"));
    assert_eq!(caught(|| *left).text(), "boom");
}

#[test]
fn the_panic_of_the_scope_itself_comes_first_after_all_have_ended() {
    let _watchdog = watchdog();
    let (gate, ended) = (Gate::default(), AtomicUsize::new(0));
    let panic = caught(|| {
        scope(|s| {
            s.launch(|| panic!("in a closure"));
            s.launch(|| {
                gate.pass();
                ended.fetch_add(1, Ordering::Relaxed);
            });
            let _open = gate.opened_at_end();
            panic!("in the scope");
        })
    });
    assert_eq!(panic.text(), "in the scope");
    assert_eq!(ended.into_inner(), 1);
}

#[test]
fn cancelled_and_late_calls_are_no_reason_to_panic() {
    let _watchdog = watchdog();
    let started = AtomicUsize::new(0);
    scope(|s| {
        let stopped = s.spawn(|| {
            started.fetch_add(1, Ordering::SeqCst);
            loop {
                checkpoint();
                std::thread::yield_now();
            }
        });
        wait_until(|| started.load(Ordering::SeqCst) == 1);
        assert!(Lazy::cancel(&stopped));
    });
}

/// Panics when it is dropped.
struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

#[test]
fn a_captured_value_that_panics_when_it_is_dropped_is_a_panic_of_its_closure() {
    let _watchdog = watchdog();
    scope(|s| {
        let panics = Panics;
        let x = s.spawn(move || {
            let _panics = panics;
        });
        assert_eq!(Lazy::join(x).unwrap_err().message(), Some("in a destructor"));
    });
}

#[test]
fn payloads_that_panic_when_they_are_dropped_do_not_drown_the_message() {
    let _watchdog = watchdog();
    let panic = caught(|| scope(|s| (0..3).for_each(|_| s.launch(|| panic_any(Panics)))));
    assert!(panic.text().ends_with(", and 2 other calls failed too"), "{}", panic.text());
}

#[test]
fn destructors_of_what_never_ran_and_of_values_that_nobody_wants_harm_nobody() {
    let _watchdog = watchdog();
    let ran = AtomicUsize::new(0);
    scope(|s| {
        for _ in 0..100 {
            let (panics, other) = (Panics, Panics);
            let cancelled = s.spawn(move || std::mem::forget(panics));
            Lazy::cancel(&cancelled);
            drop(s.spawn(move || other));
            s.launch(|| _ = ran.fetch_add(1, Ordering::Relaxed));
        }
    });
    assert_eq!(ran.into_inner(), 100);
}

#[test]
fn a_destructor_may_spawn_until_the_very_end() {
    struct Spawns<'scope, 'env>(&'scope pybackground::Scope<'scope, 'env>, &'scope AtomicUsize);

    impl Drop for Spawns<'_, '_> {
        fn drop(&mut self) {
            let ran = self.1;
            self.0.launch(|| _ = ran.fetch_add(1, Ordering::Relaxed));
        }
    }

    let _watchdog = watchdog();
    let (ran, started) = (AtomicUsize::new(0), AtomicUsize::new(0));
    scope(|s| {
        for _ in 0..100 {
            let (spawns, started) = (Spawns(s, &ran), &started);
            // A body that was cancelled after it started may not spawn.
            let cancelled = s.spawn(move || {
                started.fetch_add(1, Ordering::Relaxed);
                std::mem::forget(spawns);
            });
            Lazy::cancel(&cancelled);
        }
    });
    assert_eq!(ran.into_inner() + started.into_inner(), 100);
}

#[test]
fn siblings_that_wait_for_each_other_are_a_deadlock_and_no_hang() {
    let _watchdog = watchdog();
    scope(|s| {
        let (to_first, of_second) = channel::<Lazy<bool>>();
        let (to_second, of_first) = channel::<Lazy<bool>>();
        let waits = |other: std::sync::mpsc::Receiver<Lazy<bool>>| {
            move || match Lazy::join(other.recv().unwrap()) {
                Ok(_) => false,
                Err(error) => {
                    let told = error.to_string();
                    assert!(
                        error.is_deadlock() && told.matches(" waits for `").count() == 2,
                        "{told}"
                    );
                    true
                }
            }
        };
        let (ended, all_ended) = channel();
        let (first, second) = (waits(of_second), waits(of_first));
        let (tell_first, tell_second) = (ended.clone(), ended);
        let first = s.spawn(move || {
            let deadlock = first();
            tell_first.send(deadlock).unwrap();
            deadlock
        });
        let second = s.spawn(move || {
            let deadlock = second();
            tell_second.send(deadlock).unwrap();
            deadlock
        });
        to_second.send(first).unwrap();
        to_first.send(second).unwrap();
        assert_eq!(all_ended.iter().take(2).filter(|deadlock| *deadlock).count(), 1);
    });
}

#[test]
fn a_body_that_is_cancelled_stops_the_closures_of_its_scope() {
    let _watchdog = watchdog();
    let (tell, told) = channel();
    let body = spawn(move || {
        let ended = AtomicUsize::new(0);
        scope(|s| {
            for _ in 0..10 {
                s.launch(|| {
                    let _count = CountsAtEnd(&ended);
                    tell.send(()).unwrap();
                    pybackground::sleep(std::time::Duration::MAX);
                });
            }
        });
        ended.into_inner()
    });
    told.iter().take(10).for_each(drop);
    assert!(Lazy::cancel(&body));
    assert!(Lazy::join(body).unwrap_err().is_cancelled());
    pybackground::wait_idle(std::time::Duration::MAX).unwrap();
}

#[test]
fn a_closure_that_a_cancelled_body_spawns_never_runs() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let (pass, ran) = (gate.clone(), Arc::new(AtomicUsize::new(0)));
    let (tell, told) = channel();
    let runs = ran.clone();
    let body = spawn(move || {
        pass.pass();
        scope(|s| {
            let call = s.spawn(|| _ = runs.fetch_add(1, Ordering::Relaxed));
            tell.send(Lazy::join(call).unwrap_err()).unwrap();
            s.launch(|| _ = runs.fetch_add(1, Ordering::Relaxed));
        });
    });
    gate.wait_for_arrivals(1);
    Lazy::cancel(&body);
    gate.open();
    let error = told.recv().unwrap();
    assert!(error.is_cancelled(), "{error}");
    assert!(error.function().ends_with("a_closure_that_a_cancelled_body_spawns_never_runs"));
    // The scope has nothing to tell, and so the body comes to its end.
    pybackground::wait_idle(std::time::Duration::MAX).unwrap();
    assert_eq!(ran.load(Ordering::Relaxed), 0);
}

struct CountsAtEnd<'a>(&'a AtomicUsize);

impl Drop for CountsAtEnd<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Runs a scope when it is dropped, of which one closure panics.
struct ScopeInDrop(Drops);

impl Drop for ScopeInDrop {
    fn drop(&mut self) {
        let drops = &self.0;
        let sum = scope(|s| {
            let numbers = [1, 2, 3];
            let parts: Vec<Lazy<i32>> = numbers.map(|number| s.spawn(move || number)).into();
            s.launch(|| panic!("in a closure"));
            s.launch(|| drop(drops.token()));
            parts.iter().map(|part| **part).sum::<i32>()
        });
        assert_eq!(sum, 6);
    }
}

#[test]
fn a_scope_in_a_destructor_while_a_panic_unwinds_ends_and_lets_the_panic_go_on() {
    if !child::is_child() {
        let test = "a_scope_in_a_destructor_while_a_panic_unwinds_ends_and_lets_the_panic_go_on";
        let told = child::succeeds(&mut child::command(test));
        assert!(told.contains("in a closure"), "{told}");
        return;
    }
    let _watchdog = watchdog();
    let drops = Drops::default();
    let payload = catch_unwind(AssertUnwindSafe(|| {
        let _scope = ScopeInDrop(drops.clone());
        panic!("outside");
    }))
    .unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"outside"));
    assert_eq!(drops.count(), 1);
}
