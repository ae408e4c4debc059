//! A shutdown of the runtime holds for scopes too, each case in a process of its own.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use common::gate::Gate;
use common::panics::caught;
use common::{child, watchdog};
use pybackground::{Lazy, configure, scope, shutdown, sleep, wait_idle};

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
    assert_eq!(shutdown(Duration::ZERO).unwrap_err().queued(), WAIT);
    assert_eq!(scope.join().unwrap(), 0);
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
                *s.spawn(|| 1) + *pybackground::spawn(|| 2)
            });
            *x
        })
    });
    arrivals.wait_for_arrivals(1);
    let opens = thread::spawn(move || {
        common::wait_until(|| Lazy::join(pybackground::spawn(|| ())).is_err());
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
