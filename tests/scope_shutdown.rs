//! A shutdown of the runtime holds for scopes too, each case in a process of its own.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use common::gate::Gate;
use common::panics::caught;
use common::{child, watchdog};
use pybackground::{Lazy, checkpoint, configure, scope, shutdown, sleep, spawn, wait_idle};

/// Runs the rest of the test in a child.
macro_rules! in_a_child {
    ($test:literal) => {
        if !child::is_child() {
            child::succeeds(&mut child::command($test));
            return;
        }
        let _watchdog = watchdog();
    };
}

#[test]
fn closures_are_refused_after_it_and_the_scope_says_so() {
    in_a_child!("closures_are_refused_after_it_and_the_scope_says_so");
    shutdown(Duration::ZERO).unwrap();
    scope(|s| assert!(Lazy::join(s.spawn(|| 1)).unwrap_err().is_refused()));
    let panic = caught(|| scope(|s| s.launch(|| ())));
    assert!(panic.text().contains("was refused"), "{}", panic.text());
}

#[test]
fn closures_that_wait_when_its_time_is_over_are_refused() {
    const WAIT: usize = 10;

    in_a_child!("closures_that_wait_when_its_time_is_over_are_refused");
    configure().workers(1).max_threads(1).install().unwrap();
    let (tell, told) = channel();
    let scope = thread::spawn(move || {
        let ran = AtomicUsize::new(0);
        scope(|s| {
            let gate = Gate::default();
            let pass = gate.clone();
            let runs = s.spawn(move || {
                pass.pass();
                sleep(Duration::MAX);
            });
            gate.wait_for_arrivals(1);
            let wait: Vec<Lazy<()>> =
                (0..WAIT).map(|_| s.spawn(|| _ = ran.fetch_add(1, Ordering::Relaxed))).collect();
            gate.open();
            tell.send(()).unwrap();
            assert!(wait.into_iter().all(|call| Lazy::join(call).unwrap_err().is_refused()));
            assert!(Lazy::join(runs).unwrap_err().is_cancelled());
        });
        ran.into_inner()
    });
    told.recv().unwrap();
    assert_eq!(shutdown(Duration::ZERO).unwrap_err().queued, WAIT);
    assert_eq!(scope.join().unwrap(), 0);
}

#[test]
fn a_closure_that_it_stops_midway_is_told_of_at_the_end() {
    in_a_child!("a_closure_that_it_stops_midway_is_told_of_at_the_end");
    let gate = Gate::default();
    let pass = gate.clone();
    let stops = move || {
        pass.pass();
        sleep(Duration::MAX);
    };
    let before = line!();
    let scope = thread::spawn(move || {
        caught(|| {
            scope(|s| {
                s.launch(&stops);
                let seen = s.spawn(&stops);
                assert!(Lazy::join(seen).unwrap_err().is_cancelled());
            });
        })
    });
    gate.wait_for_arrivals(2);
    shutdown(Duration::ZERO).unwrap_err();
    gate.open();
    let panic = scope.join().unwrap();
    panic.assert_told_between(before, line!());
    let told = panic.text();
    assert!(told.contains("a_closure_that_it_stops_midway_is_told_of_at_the_end"), "{told}");
    assert!(told.contains(&format!("{}:{}:", file!(), before + 4)), "{told}");
    assert!(told.contains("the runtime was shut down"), "{told}");
    assert!(!told.contains("other call"), "{told}");
}

#[test]
fn a_closure_that_a_body_spawns_when_it_is_to_stop_is_told_of_too() {
    in_a_child!("a_closure_that_a_body_spawns_when_it_is_to_stop_is_told_of_too");
    let gate = Gate::default();
    let pass = gate.clone();
    let body = spawn(move || {
        scope(|s| {
            pass.pass();
            s.launch(|| ());
        });
    });
    gate.wait_for_arrivals(1);
    shutdown(Duration::ZERO).unwrap_err();
    gate.open();
    let error = Lazy::join(body).unwrap_err();
    assert!(error.is_panic(), "{error}");
    assert!(error.to_string().contains("the runtime was shut down"), "{error}");
}

#[test]
fn closures_that_others_stopped_before_it_are_not_told_of() {
    in_a_child!("closures_that_others_stopped_before_it_are_not_told_of");
    let gate = Gate::default();
    let (tell, told) = channel();
    let (pass, tell_body) = (gate.clone(), tell.clone());
    let body = spawn(move || {
        scope(|s| {
            s.launch(|| {
                pass.pass();
                checkpoint();
            });
        });
        tell_body.send("the body goes on").unwrap();
    });
    let (pass, arrivals) = (gate.clone(), gate.clone());
    let outside = thread::spawn(move || {
        scope(|s| {
            let cancelled = s.spawn(|| {
                pass.pass();
                checkpoint();
            });
            arrivals.wait_for_arrivals(2);
            assert!(Lazy::cancel(&cancelled));
            tell.send("cancelled").unwrap();
        });
    });
    assert_eq!(told.recv(), Ok("cancelled"));
    assert!(Lazy::cancel(&body));
    shutdown(Duration::ZERO).unwrap_err();
    gate.open();
    outside.join().unwrap();
    assert_eq!(told.recv(), Ok("the body goes on"));
}

#[test]
fn what_was_spawned_before_it_ends_and_may_spawn_and_call_others() {
    in_a_child!("what_was_spawned_before_it_ends_and_may_spawn_and_call_others");
    let gate = Gate::default();
    let (pass, arrivals) = (gate.clone(), gate.clone());
    let scope = thread::spawn(move || {
        scope(|s| {
            let x = s.spawn(|| {
                pass.pass();
                // By now calls from outside are refused.
                *s.spawn(|| 1) + *spawn(|| 2)
            });
            *x
        })
    });
    arrivals.wait_for_arrivals(1);
    let opens = thread::spawn(move || {
        common::wait_until(|| Lazy::join(spawn(|| ())).is_err());
        gate.open();
    });
    shutdown(Duration::MAX).unwrap();
    assert_eq!(scope.join().unwrap(), 3);
    opens.join().unwrap();
}

/// Waits for idleness when it is dropped; says whether that was in vain.
struct WaitsInDrop(Sender<bool>);

impl Drop for WaitsInDrop {
    fn drop(&mut self) {
        self.0.send(wait_idle(Duration::MAX).is_err()).unwrap();
    }
}

#[test]
fn a_destructor_on_a_thread_of_a_scope_is_told_at_once() {
    in_a_child!("a_destructor_on_a_thread_of_a_scope_is_told_at_once");
    let (tell, told) = channel();
    let gate = Gate::default();
    scope(|s| {
        let pass = gate.clone();
        // The value comes when nobody is left to take it.
        drop(s.spawn(move || {
            pass.pass();
            WaitsInDrop(tell)
        }));
        gate.open();
    });
    assert_eq!(told.recv(), Ok(true));
}

#[test]
fn a_wait_for_idleness_waits_for_scopes() {
    in_a_child!("a_wait_for_idleness_waits_for_scopes");
    let ran = AtomicUsize::new(0);
    scope(|s| {
        for _ in 0..1000 {
            s.launch(|| _ = ran.fetch_add(1, Ordering::Relaxed));
        }
        wait_idle(Duration::MAX).unwrap();
        assert_eq!(ran.load(Ordering::Relaxed), 1000);
    });
}
