//! A call that is cancelled from inside its own body, or owned by it, at odd times.

mod common;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use common::counters::{Drops, Token};
use common::{wait_until, watchdog};
use pybackground::{Lazy, Timeout, background, cancelled, checkpoint, sleep, spawn, wait_idle};

/// A call for its own body's hands.
type Own = Arc<OnceLock<Lazy<u32>>>;

/// Cancels the call whose body runs, once it is known.
fn cancel(own: &Own) {
    wait_until(|| own.get().is_some());
    assert!(own.get().is_some_and(Lazy::cancel));
    assert!(cancelled());
}

/// Makes the call, whose body gets its own call; which has to be cancelled in the end.
#[track_caller]
fn cancels_itself(body: impl FnOnce(&Own) -> u32 + Send + 'static) {
    let own = Own::default();
    let inner = own.clone();
    assert!(own.set(spawn(move || body(&inner))).is_ok());
    let error = Lazy::wait(own.get().unwrap()).unwrap_err();
    assert!(error.is_cancelled() && error.body_runs_on(), "{error}");
}

#[test]
fn before_a_child_is_called() {
    let _watchdog = watchdog();
    cancels_itself(|own| {
        cancel(own);
        let child = spawn(|| 1);
        assert!(Lazy::wait(&child).unwrap_err().is_cancelled());
        *child
    });
}

#[test]
fn before_a_child_is_joined() {
    let _watchdog = watchdog();
    cancels_itself(|own| {
        let child = spawn(|| 1);
        cancel(own);
        *child
    });
}

#[test]
fn while_a_child_is_joined() {
    let _watchdog = watchdog();
    cancels_itself(|own| {
        let inner = own.clone();
        *spawn(move || {
            cancel(&inner);
            checkpoint();
            unreachable!("the child stops with its maker")
        })
    });
}

#[test]
fn after_a_child_was_joined() {
    let _watchdog = watchdog();
    cancels_itself(|own| {
        let child = *spawn(|| 1);
        cancel(own);
        checkpoint();
        child
    });
}

#[test]
fn in_a_destructor_and_while_the_body_unwinds() {
    struct Cancels(Own);
    impl Drop for Cancels {
        fn drop(&mut self) {
            cancel(&self.0);
            // Neither ends the process, though a panic is on its way.
            checkpoint();
            sleep(Duration::ZERO);
        }
    }

    let _watchdog = watchdog();
    cancels_itself(|own| {
        drop(std::panic::catch_unwind(|| std::panic::resume_unwind(Box::new(()))));
        let _cancels = Cancels(own.clone());
        1
    });
    cancels_itself(|own| {
        let _cancels = Cancels(own.clone());
        std::panic::resume_unwind(Box::new("not for the hook"))
    });
}

/// The slot is given back when the body ends, and not before.
#[test]
fn while_it_has_a_slot_of_a_limit() {
    #[background(limit = 1)]
    fn limited(own: Option<Own>) -> u32 {
        if let Some(own) = own {
            cancel(&own);
            checkpoint();
        }
        1
    }

    let _watchdog = watchdog();
    for _ in 0..100 {
        let own = Own::default();
        assert!(own.set(limited(Some(own.clone()))).is_ok());
        let next = limited(None);
        assert!(Lazy::wait(own.get().unwrap()).unwrap_err().is_cancelled());
        assert_eq!(next, 1);
    }
}

/// Nobody but the body owns the call.
#[test]
fn a_call_that_its_own_body_owns() {
    type Shared = Arc<Mutex<Option<Lazy<Token>>>>;

    let _watchdog = watchdog();
    let drops = Drops::default();
    let endings: [fn(Lazy<Token>); 4] = [
        drop,
        |own| assert!(Lazy::cancel(&own)),
        |own| assert!(Lazy::join(own).is_err_and(|error| error.is_deadlock())),
        |own| drop(Lazy::detach(own)),
    ];
    for (round, ending) in endings.into_iter().cycle().take(400).enumerate() {
        let own = Shared::default();
        let (inner, token) = (own.clone(), drops.token());
        let call = spawn(move || {
            wait_until(|| inner.lock().unwrap().is_some());
            let own = inner.lock().unwrap().take().unwrap();
            ending(own);
            token
        });
        *own.lock().unwrap() = Some(call);
        drop(own);
        drops.wait_for(round + 1);
    }
    assert_eq!(drops.count(), 400);
}

/// It is dropped together with the body that never ran.
#[test]
fn a_call_that_its_captures_own() {
    #[background(limit = 1)]
    fn limited(_own: Option<Arc<Mutex<Option<Lazy<()>>>>>, _token: Token) {}

    let _watchdog = watchdog();
    let drops = Drops::default();
    for _ in 0..200 {
        let own = Arc::new(Mutex::new(None));
        let call = limited(Some(own.clone()), drops.token());
        *own.lock().unwrap() = Some(call);
        let cancels = own.lock().unwrap().take();
        drop(cancels.map(Lazy::cancel_on_drop));
    }
    drops.wait_for(200);
}

#[test]
fn timeouts_of_nothing_and_of_ever_under_load() {
    let _watchdog = watchdog();
    let callers: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(|| {
                for round in 0..500_u32 {
                    let call = move || background(move || round);
                    let none = call().timeout(Duration::ZERO)();
                    let ever = call().timeout(Duration::MAX)();
                    let both = Lazy::with_timeout(call().timeout(f64::MAX)(), Duration::ZERO);
                    assert_eq!(ever, round);
                    for brief in [none, both] {
                        match Lazy::join(brief) {
                            Ok(value) => assert_eq!(value, round),
                            Err(error) => assert!(error.is_timeout(), "{error}"),
                        }
                    }
                }
            })
        })
        .collect();
    for caller in callers {
        caller.join().unwrap();
    }
    let waits = spawn(|| 3);
    assert!(Lazy::wait_timeout(&waits, Duration::MAX).is_some());
    let endless = Lazy::with_timeout(spawn(|| sleep(Duration::MAX)), Duration::ZERO);
    assert!(endless == Timeout);
    wait_idle(Duration::MAX).unwrap();
}
