//! Cancelling calls: what never starts, what is told to stop, who stops with whom, and that nobody
//! else hears of it.

mod common;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use common::counters::{Drops, Token};
use common::gate::Gate;
use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::{
    CancelOnDrop, Lazy, Stack, background, cancelled, checkpoint, sleep, snapshot, spawn,
};

const FOR_EVER: Duration = Duration::MAX;

#[background(limit = 1)]
fn one_at_a_time(gate: Gate, _token: Token) {
    gate.pass();
}

#[test]
fn a_call_that_has_not_started_never_does_and_drops_what_it_captured() {
    let _watchdog = watchdog();
    let (gate, drops) = (Gate::default(), Drops::default());
    let _opened = gate.opened_at_end();
    let first = one_at_a_time(gate.clone(), drops.token());
    gate.wait_for_arrivals(1);
    let (second, called) = (one_at_a_time(gate.clone(), drops.token()), line!());
    assert!(Lazy::cancel(&second));
    assert_eq!(drops.count(), 1, "before `cancel` returns");
    assert!(Lazy::is_ready(&second));
    let error = Lazy::join(second).unwrap_err();
    assert!(error.is_cancelled() && !error.is_panic() && !error.is_timeout());
    assert!(!error.body_runs_on());
    let text = error.to_string();
    for part in ["::one_at_a_time`", &format!("{}:{called}:", file!()), "had not started"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    gate.open();
    assert!(Lazy::join(first).is_ok());
    assert_eq!(gate.arrivals(), 1);
}

#[test]
fn a_destructor_that_panics_does_not_reach_who_cancels() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            // As a panic, without the panic hook's words.
            std::panic::resume_unwind(Box::new(()));
        }
    }
    #[background(limit = 1)]
    fn body(gate: Gate, _captured: Option<Panics>) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let first = body(gate.clone(), None);
    let second = body(gate.clone(), Some(Panics));
    assert!(Lazy::cancel(&second));
    gate.open();
    assert!(Lazy::join(first).is_ok());
    assert!(Lazy::join(second).unwrap_err().is_cancelled());
}

#[test]
fn a_body_that_runs_is_told_and_its_result_is_dropped() {
    let _watchdog = watchdog();
    let (drops, (start, started)) = (Drops::default(), channel());
    let token = drops.token();
    let x = spawn(move || {
        assert!(!cancelled());
        start.send(()).unwrap();
        wait_until(cancelled);
        token
    });
    started.recv().unwrap();
    assert!(Lazy::cancel(&x));
    assert!(!Lazy::cancel(&x), "it is over already");
    let error = Lazy::join(x).err().unwrap();
    assert!(error.is_cancelled() && error.body_runs_on());
    drops.wait_for(1);
}

#[test]
fn a_checkpoint_ends_the_body_without_a_word() {
    let _watchdog = watchdog();
    caught(|| std::panic::panic_any("the hook that tells panics is there"));
    let (drops, (start, started)) = (Drops::default(), channel());
    let (token, end) = (drops.token(), channel::<()>());
    let (alive, over) = end;
    let x = spawn(move || {
        let _token = token;
        let _alive = alive;
        start.send(()).unwrap();
        loop {
            checkpoint();
            std::thread::yield_now();
        }
    });
    started.recv().unwrap();
    Lazy::cancel(&x);
    assert!(over.recv().is_err(), "what the body held was dropped");
    drops.wait_for(1);
    assert!(Lazy::join(x).unwrap_err().is_cancelled());
}

#[test]
fn a_sleeping_body_wakes_and_ends() {
    let _watchdog = watchdog();
    let bodies: Vec<_> = (0..100)
        .map(|_| {
            let (alive, over) = channel::<()>();
            let (start, started) = channel();
            let x = spawn(move || {
                let _alive = alive;
                start.send(()).unwrap();
                sleep(FOR_EVER);
            });
            (x, started, over)
        })
        .collect();
    for (x, started, over) in bodies {
        started.recv().unwrap();
        Lazy::cancel(&x);
        assert!(over.recv().is_err());
    }
}

#[test]
fn a_timeout_tells_the_body_as_a_cancellation_does() {
    let _watchdog = watchdog();
    let (alive, over) = channel::<()>();
    let x = background(move || {
        let _alive = &alive;
        sleep(FOR_EVER);
    })
    .timeout(0.005)();
    assert!(Lazy::wait(&x).unwrap_err().is_timeout());
    drop(x);
    // The body and the closure, which its thread is the last to hold.
    assert!(over.recv().is_err());
}

#[test]
fn outside_of_a_body_nothing_is_cancelled() {
    assert!(!cancelled());
    checkpoint();
    sleep(Duration::ZERO);
    sleep(Duration::from_millis(1));
}

#[test]
fn what_is_over_is_not_cancelled() {
    let _watchdog = watchdog();
    let x = spawn(|| 3);
    assert!(Lazy::wait(&x).is_ok());
    assert!(!Lazy::cancel(&x));
    assert_eq!(x, 3);
    let y = Lazy::ready(4);
    assert!(!Lazy::cancel(&y));
    assert_eq!(y, 4);
}

#[test]
fn a_body_may_cancel_itself() {
    let _watchdog = watchdog();
    let ((give, come), (tell, told)) = (channel::<Lazy<()>>(), channel());
    let x = spawn(move || {
        let own = come.recv().unwrap();
        tell.send((Lazy::cancel(&own), cancelled())).unwrap();
    });
    give.send(x).unwrap();
    assert_eq!(told.recv().unwrap(), (true, true));
}

#[test]
fn the_guard_cancels_when_it_is_dropped_and_not_when_it_is_given_away() {
    let _watchdog = watchdog();
    let (alive, over) = channel::<()>();
    let (start, started) = channel();
    let guard = Lazy::cancel_on_drop(spawn(move || {
        let _alive = alive;
        start.send(()).unwrap();
        sleep(FOR_EVER);
    }));
    started.recv().unwrap();
    assert!(!Lazy::is_ready(&guard));
    drop(guard);
    assert!(over.recv().is_err());

    let mut value = Lazy::cancel_on_drop(spawn(|| vec![1]));
    value.push(2);
    assert_eq!(value.len(), 2);
    let gate = Gate::default();
    let passed = gate.clone();
    let x = CancelOnDrop::into_lazy(Lazy::cancel_on_drop(spawn(move || passed.pass())));
    gate.wait_for_arrivals(1);
    gate.open();
    assert!(Lazy::join(x).is_ok());
}

/// A body that tells when it began, and ends when it is told to.
fn begins_and_sleeps(begin: &Sender<()>, alive: Sender<()>) {
    begin.send(()).unwrap();
    sleep(FOR_EVER);
    drop(alive);
}

#[test]
fn the_calls_of_a_cancelled_body_stop_with_it_and_theirs_as_well() {
    let _watchdog = watchdog();
    let (start, started) = channel();
    let (alive, over) = channel();
    let x = spawn(move || {
        let begin_below = start.clone();
        let alive_below = alive.clone();
        let child = spawn(move || {
            let begin_there = begin_below.clone();
            let alive_there = alive_below.clone();
            let grandchild = spawn(move || begins_and_sleeps(&begin_there, alive_there));
            begins_and_sleeps(&begin_below, alive_below);
            drop(grandchild);
        });
        begins_and_sleeps(&start, alive);
        drop(child);
    });
    (0..3).for_each(|_| started.recv().unwrap());
    Lazy::cancel(&x);
    assert!(over.recv().is_err(), "none of the three is left");
}

#[test]
fn a_call_that_a_cancelled_body_makes_never_starts() {
    let _watchdog = watchdog();
    let (gate, (tell, told)) = (Gate::default(), channel());
    let begun = gate.clone();
    let x = spawn(move || {
        begun.pass();
        let late = spawn(|| 1);
        // Moved to a thread that is not to stop, which waits for it.
        let error = std::thread::scope(|scope| {
            scope.spawn(|| Lazy::wait(&late).map(|_| ()).unwrap_err().clone()).join().unwrap()
        });
        tell.send(error).unwrap();
    });
    gate.wait_for_arrivals(1);
    Lazy::cancel(&x);
    gate.open();
    let error = told.recv().unwrap();
    assert!(error.is_cancelled());
    let text = error.to_string();
    assert!(
        text.contains("the call that made it is over") && text.contains("was cancelled"),
        "{text}"
    );
}

#[test]
fn a_detached_call_goes_on_without_the_one_that_made_it() {
    let _watchdog = watchdog();
    let (gate, (tell, told)) = (Gate::default(), channel());
    let (queued, running, begun) = (gate.clone(), gate.clone(), gate.clone());
    let tell_too = tell.clone();
    let x = spawn(move || {
        drop(Lazy::detach(spawn(move || {
            queued.pass();
            tell_too.send(cancelled()).unwrap();
        })));
        let child = spawn(move || {
            running.pass();
            tell.send(cancelled()).unwrap();
        });
        begun.wait_for_arrivals(2);
        drop(Lazy::detach(child));
        begun.pass();
    });
    gate.wait_for_arrivals(3);
    Lazy::cancel(&x);
    gate.open();
    assert_eq!((told.recv(), told.recv()), (Ok(false), Ok(false)));
}

#[test]
fn a_cancelled_body_stops_waiting_for_others() {
    let _watchdog = watchdog();
    let (gate, (start, started)) = (Gate::default(), channel());
    let _opened = gate.opened_at_end();
    let foreign_gate = gate.clone();
    let foreign = Arc::new(spawn(move || foreign_gate.pass()));
    gate.wait_for_arrivals(1);
    let (awaited, (alive, over)) = (foreign.clone(), channel::<()>());
    let x = spawn(move || {
        let _alive = alive;
        start.send(()).unwrap();
        let error = Lazy::wait(&awaited).unwrap_err();
        assert!(error.is_cancelled() && error.to_string().contains("was given up"), "{error}");
        // Using the value ends the body, as a checkpoint does.
        **awaited;
    });
    started.recv().unwrap();
    Lazy::cancel(&x);
    assert!(over.recv().is_err());
    gate.open();
    assert!(Lazy::wait(&foreign).is_ok(), "the call itself was not cancelled");
}

/// Ending a body by unwinding while it unwinds already would end the process.
#[test]
fn a_destructor_that_waits_and_sleeps_may_run_while_the_body_is_ended() {
    struct TidiesUp(Option<Lazy<u32>>, Sender<u32>);
    impl Drop for TidiesUp {
        fn drop(&mut self) {
            checkpoint();
            sleep(FOR_EVER);
            let value = Lazy::into_inner(self.0.take().unwrap());
            self.1.send(value).unwrap();
        }
    }

    let _watchdog = watchdog();
    let (tell, told) = channel();
    let gate = Gate::default();
    let other_gate = gate.clone();
    let other = spawn(move || {
        other_gate.pass();
        5
    });
    gate.wait_for_arrivals(1);
    let (start, started) = channel();
    let x = spawn(move || {
        let _tidies_up = TidiesUp(Some(other), tell);
        start.send(()).unwrap();
        sleep(FOR_EVER);
    });
    started.recv().unwrap();
    Lazy::cancel(&x);
    gate.open();
    assert_eq!(told.recv().unwrap(), 5);
}

#[test]
fn an_async_body_that_waits_is_dropped_by_who_cancels() {
    #[background]
    async fn waits(start: Sender<()>, _token: Token) {
        start.send(()).unwrap();
        std::future::pending::<()>().await;
    }

    let _watchdog = watchdog();
    let (drops, (start, started)) = (Drops::default(), channel());
    let x = waits(start, drops.token());
    started.recv().unwrap();
    Lazy::cancel(&x);
    drops.wait_for(1);
    assert!(Lazy::join(x).unwrap_err().is_cancelled());
}

#[test]
fn a_hundred_thousand_calls_are_cancelled_at_once() {
    const CALLS: usize = 100_000;

    let _watchdog = watchdog();
    let drops = Drops::default();
    let calls: Vec<Lazy<Token>> = (0..CALLS)
        .map(|_| {
            let token = drops.token();
            spawn(move || token)
        })
        .collect();
    let in_time = calls.iter().filter(|call| Lazy::cancel(call)).count();
    let cancelled = calls.into_iter().filter_map(|call| Lazy::join(call).err()).count();
    assert_eq!(cancelled, in_time);
    drops.wait_for(CALLS);
    assert_eq!(drops.count(), CALLS);
}

#[test]
fn a_cancelled_body_that_runs_on_is_named_until_it_ends() {
    #[background]
    fn does_not_listen(gate: Gate) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let x = does_not_listen(gate.clone());
    gate.wait_for_arrivals(1);
    Lazy::cancel(&x);
    let named = || {
        let report = snapshot();
        let mut overruns = report.overrunning.iter();
        overruns.any(|overrun| overrun.function.ends_with("::does_not_listen"))
    };
    assert!(named());
    gate.open();
    wait_until(|| !named());
}

/// Long after its maker, and all else that this one made, has ended.
#[test]
fn a_call_that_a_limit_holds_back_never_begins_when_its_maker_was_cancelled() {
    #[background]
    fn maker(give: Sender<Lazy<()>>, gate: Gate, token: Token) {
        give.send(limited(gate.clone(), token)).unwrap();
        gate.pass();
    }
    #[background(limit = 1)]
    fn limited(gate: Gate, _token: Token) {
        gate.pass();
    }

    let _watchdog = watchdog();
    let (first, drops) = (Gate::default(), Drops::default());
    let _opened = first.opened_at_end();
    let holds_slot = limited(first.clone(), drops.token());
    first.wait_for_arrivals(1);
    let (gate, (give, given)) = (Gate::default(), channel());
    let x = maker(give, gate.clone(), drops.token());
    gate.wait_for_arrivals(1);
    Lazy::cancel(&x);
    gate.open();
    let held_back = given.recv().unwrap();
    assert!(given.recv().is_err(), "the maker has ended");
    assert!((0..10_000).all(|_| !cancelled()));
    first.open();
    assert!(Lazy::join(holds_slot).is_ok());
    let error = Lazy::join(held_back).unwrap_err();
    assert!(error.is_cancelled() && error.to_string().contains("::maker` "), "{error}");
    assert_eq!(gate.arrivals(), 1, "that of the maker");
}

/// To refuse it would panic in the destructor, and so end the process.
#[test]
fn a_destructor_may_make_calls_while_its_body_is_ended() {
    struct TidiesUp(Sender<u32>);

    impl Drop for TidiesUp {
        fn drop(&mut self) {
            let value = spawn(|| 3);
            self.0.send(*value).expect("the test listens");
        }
    }

    let _watchdog = watchdog();
    let ((begin, wait), (sends, values)) = (channel(), channel());
    let call = spawn(move || {
        let _tidies_up = TidiesUp(sends);
        begin.send(()).expect("the test listens");
        sleep(FOR_EVER);
    });
    wait.recv().unwrap();
    assert!(Lazy::cancel(&call));
    assert_eq!(values.recv(), Ok(3));
}

/// What is cancelled with its maker says why the maker is over.
#[test]
fn a_call_that_stops_with_a_timed_out_one_is_cancelled_and_says_so() {
    #[background]
    fn child(start: Sender<()>) {
        start.send(()).unwrap();
        sleep(FOR_EVER);
    }

    let _watchdog = watchdog();
    let ((start, started), (give, given)) = (channel(), channel());
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let held_up = gate.clone();
    let maker = spawn(move || {
        give.send(child(start)).unwrap();
        held_up.pass();
    });
    started.recv().unwrap();
    let maker = Lazy::with_timeout(maker, Duration::from_millis(1));
    assert!(Lazy::wait(&maker).unwrap_err().is_timeout());
    let error = Lazy::join(given.recv().unwrap()).unwrap_err();
    assert!(error.is_cancelled() && !error.is_timeout());
    let text = error.to_string();
    for part in ["::child` (called at ", "because the call that made it is over", "timed out"] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

/// A chain of bodies of which the one in the middle ends after the first was cancelled and before the
/// last asks.
#[test]
fn a_body_stops_with_the_first_of_its_line() {
    let _watchdog = watchdog();
    let bodies = || {
        let report = snapshot();
        let names = report.stacks.iter().flat_map(Stack::functions);
        names.filter(|name| name.ends_with("::a_body_stops_with_the_first_of_its_line")).count()
    };
    for _ in 0..100 {
        let gates = [(); 3].map(|()| Gate::default());
        let [first, between, last] = gates.clone();
        let (tell, told) = channel();
        let x = spawn(move || {
            let middle = spawn(move || {
                let end = spawn(move || {
                    last.pass();
                    tell.send(cancelled()).unwrap();
                });
                between.pass();
                std::mem::forget(end);
            });
            first.pass();
            std::mem::forget(middle);
        });
        for gate in &gates {
            gate.wait_for_arrivals(1);
        }
        Lazy::cancel(&x);
        for (gate, left) in gates.iter().zip([2, 1, 0]) {
            gate.open();
            wait_until(|| bodies() == left);
        }
        assert!(told.recv().unwrap());
    }
}
