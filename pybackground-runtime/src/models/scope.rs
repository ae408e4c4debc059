//! The end of a scope: it comes after the last closure, no wake-up is lost, and a cycle through it is found.

use super::{Tally, check_calmly};
use crate::config::model::set;
use crate::sync::checker::thread;
use crate::{configure, scope};

/// A closure that exists until it is dropped.
struct Alive(Tally);

impl Alive {
    fn new(tally: &Tally) -> Self {
        tally.add();
        Self(tally.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        thread::yield_now();
        self.0.subtract();
    }
}

/// ```text
///  scope                     worker
///  launch first ───────────▶ run it
///  launch second             drop its guard: unpark the scope if it waits
///  run it, if it is queued
///  park until none is left
/// ```
#[test]
fn scope_ends_after_its_last_closure() {
    set(configure().workers(1));
    check_calmly(|| {
        let alive = Tally::default();
        scope(|s| {
            for _ in 0..2 {
                let closure = Alive::new(&alive);
                s.launch(move || drop(closure));
            }
        });
        assert_eq!(alive.get(), 0);
    });
}

/// ```text
///  scope            worker
///  launch outer ──▶ run it: launch inner
///  park             run inner, or leave it to the scope
/// ```
#[cfg(pybackground_shuttle)]
#[test]
fn closure_that_spawns_another_keeps_the_scope_open() {
    set(configure().workers(2));
    check_calmly(|| {
        let alive = Tally::default();
        scope(|s| {
            let closure = Alive::new(&alive);
            let alive = &alive;
            s.launch(move || {
                let inner = Alive::new(alive);
                s.launch(move || drop(inner));
                drop(closure);
            });
        });
        assert_eq!(alive.get(), 0);
    });
}

/// ```text
///  holder              worker
///  cancel the call ──▶ run it, or find it closed
///  end of the scope
/// ```
#[test]
fn cancelled_closure_is_gone_before_the_scope_ends() {
    set(configure().workers(1));
    check_calmly(|| {
        let alive = Tally::default();
        scope(|s| {
            let closure = Alive::new(&alive);
            let call = s.spawn(move || drop(closure));
            crate::Lazy::cancel(&call);
        });
        assert_eq!(alive.get(), 0);
    });
}

/// Whichever of the two waits comes last, the closure's join gets the error, and both bodies end.
///
/// ```text
///  call                          closure of its scope
///  scope: launch the closure ──▶ join the call
///  wait for the closure
/// ```
#[cfg(pybackground_shuttle)]
#[test]
fn closure_that_joins_the_call_around_its_scope_gets_the_deadlock() {
    use crate::{Lazy, Shared, spawn};
    use std::sync::{Arc, Mutex};

    set(configure().workers(2));
    check_calmly(|| {
        let deadlocks = Tally::default();
        let around: Arc<Mutex<Option<Shared<()>>>> = Arc::default();
        let call = {
            let (around, deadlocks) = (around.clone(), deadlocks.clone());
            Lazy::share(spawn(move || {
                scope(|s| {
                    s.launch(|| {
                        let call = around.lock().unwrap().clone();
                        if let Some(call) = call
                            && Shared::wait(&call).is_err_and(crate::Error::is_deadlock)
                        {
                            deadlocks.add();
                        }
                    });
                });
            }))
        };
        *around.lock().unwrap() = Some(call.clone());
        Shared::wait(&call).unwrap();
        // None if the closure looked before the call was there.
        assert!(deadlocks.get() <= 1);
        around.lock().unwrap().take();
    });
}
