//! Waiting until nothing is left to do, and ending the runtime, each in a process of its own.

mod common;

use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::task::{Poll, Waker};
use std::time::Duration;

use common::child;
use common::counters::{Drops, Token};
use common::gate::Gate;
use common::watchdog;
use pybackground::{
    CallCount, Lazy, background, configure, shutdown, sleep, snapshot, spawn, wait_idle,
};

const AMPLE: Duration = Duration::from_secs(100);
const FOR_EVER: Duration = Duration::MAX;

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
fn nothing_to_do_is_idle() {
    in_a_child!("nothing_to_do_is_idle");
    assert!(wait_idle(Duration::ZERO).is_ok());
    assert_eq!(snapshot().threads, 0);
}

#[test]
fn every_call_has_ended_when_it_is_idle() {
    static ENDED: AtomicUsize = AtomicUsize::new(0);

    fn tree(depth: u32) {
        for _ in 0..depth {
            drop(Lazy::detach(spawn(move || tree(depth - 1))));
        }
        sleep(Duration::from_micros(10));
        ENDED.fetch_add(1, Ordering::SeqCst);
    }
    #[background]
    async fn suspends() {
        let mut woken = false;
        std::future::poll_fn(|context| {
            if woken {
                return std::task::Poll::Ready(());
            }
            woken = true;
            let waker = context.waker().clone();
            std::thread::spawn(move || waker.wake());
            std::task::Poll::Pending
        })
        .await;
        ENDED.fetch_add(1, Ordering::SeqCst);
    }

    in_a_child!("every_call_has_ended_when_it_is_idle");
    for round in 1..20 {
        drop(Lazy::detach(spawn(|| tree(5))));
        drop(Lazy::detach(suspends()));
        wait_idle(AMPLE).unwrap();
        // A body with n children has as many descendants as there are orders of some of n things.
        assert_eq!(ENDED.load(Ordering::SeqCst), round * (326 + 1));
    }
}

#[test]
fn what_runs_is_named_when_the_time_is_over() {
    #[background]
    fn takes_long(gate: Gate) {
        gate.pass();
    }

    in_a_child!("what_runs_is_named_when_the_time_is_over");
    let gate = Gate::default();
    let first = takes_long(gate.clone());
    gate.wait_for_arrivals(1);
    let unfinished = wait_idle(Duration::from_millis(1)).unwrap_err();
    assert!(unfinished.to_string().starts_with("1 running, "), "{unfinished}");
    let calls = [first, takes_long(gate.clone())];
    gate.wait_for_arrivals(2);
    let unfinished = wait_idle(Duration::from_millis(1)).unwrap_err();
    assert_eq!(unfinished.running.len(), 2);
    assert!(unfinished.running.iter().all(|call| call.function.ends_with("::takes_long")));
    assert!(unfinished.to_string().starts_with("2 running, "), "{unfinished}");
    gate.open();
    wait_idle(FOR_EVER).unwrap();
    assert!(calls.iter().all(Lazy::is_ready));
}

#[test]
fn a_body_that_waits_for_idleness_is_told_at_once() {
    in_a_child!("a_body_that_waits_for_idleness_is_told_at_once");
    assert!(*spawn(|| wait_idle(FOR_EVER).is_err()));
    wait_idle(AMPLE).unwrap();
}

#[test]
fn calls_after_a_shutdown_are_refused() {
    #[background(limit = 1)]
    fn limited() {}
    #[background(timeout = "100s")]
    fn timed() {}
    #[background]
    async fn asynchronous() {}

    in_a_child!("calls_after_a_shutdown_are_refused");
    assert_eq!(spawn(|| 1), 1);
    shutdown(AMPLE).unwrap();
    for call in [spawn(|| ()), limited(), limited(), timed(), asynchronous()] {
        let error = Lazy::join(call).unwrap_err();
        assert!(error.is_refused() && error.to_string().contains("shut down"), "{error}");
    }
    shutdown(AMPLE).unwrap();
}

#[test]
fn a_shutdown_before_the_first_call_holds() {
    in_a_child!("a_shutdown_before_the_first_call_holds");
    shutdown(Duration::ZERO).unwrap();
    assert!(Lazy::join(spawn(|| 1)).unwrap_err().is_refused());
}

#[test]
fn what_was_called_before_a_shutdown_ends_and_may_call_others() {
    in_a_child!("what_was_called_before_a_shutdown_ends_and_may_call_others");
    let gate = Gate::default();
    let begun = gate.clone();
    let call = spawn(move || {
        begun.pass();
        (0..100).map(|n| spawn(move || n)).map(Lazy::into_inner).sum::<u32>()
    });
    gate.wait_for_arrivals(1);
    std::thread::scope(|scope| {
        let ending = scope.spawn(|| shutdown(AMPLE));
        common::wait_until(|| Lazy::join(spawn(|| ())).is_err());
        gate.open();
        assert!(ending.join().unwrap().is_ok());
    });
    assert_eq!(call, 4950);
}

#[test]
fn what_does_not_end_in_time_is_named_and_told_to_stop() {
    #[background]
    fn never_ends() {
        sleep(FOR_EVER);
    }

    in_a_child!("what_does_not_end_in_time_is_named_and_told_to_stop");
    let (start, started) = channel();
    let asleep = never_ends();
    let joins = spawn(move || {
        start.send(()).unwrap();
        Lazy::into_inner(asleep);
    });
    started.recv().unwrap();
    let unfinished = shutdown(Duration::from_millis(20)).unwrap_err();
    let named = |call: &CallCount| call.function.ends_with("::never_ends");
    assert!(unfinished.running.iter().any(named), "{unfinished}");
    // Both heed it.
    assert!(Lazy::join(joins).unwrap_err().is_cancelled());
    wait_idle(AMPLE).unwrap();
}

/// A call that waits for a slot, one that waits for a thread, and a body that waits to be woken have an
/// outcome when the shutdown is over; a body that heeds nothing has its own when it ends.
#[test]
fn every_call_has_an_outcome_after_a_shutdown_in_vain() {
    #[background(limit = 1)]
    fn one_at_a_time(gate: Gate) -> u32 {
        gate.pass();
        7
    }
    #[background]
    async fn waits_for_ever(token: Token, wakers: Sender<Waker>) {
        let _token = token;
        std::future::poll_fn(|context| {
            wakers.send(context.waker().clone()).unwrap();
            Poll::<()>::Pending
        })
        .await;
    }

    in_a_child!("every_call_has_an_outcome_after_a_shutdown_in_vain");
    configure().max_threads(1).install().unwrap();
    let (gate, drops, (send, wakers)) = (Gate::default(), Drops::default(), channel());
    let suspended = waits_for_ever(drops.token(), send);
    let waker = wakers.recv().unwrap();
    common::wait_until(|| snapshot().suspended == 1);
    let running = one_at_a_time(gate.clone());
    gate.wait_for_arrivals(1);
    let held = [one_at_a_time(gate.clone()), one_at_a_time(gate.clone())];
    let queued = spawn(|| ());

    let report = snapshot();
    assert!(report.to_string().contains("held back by a limit: `"), "{report}");
    let held_there: Vec<_> = report.held.iter().map(|calls| calls.count).collect();
    assert_eq!(held_there, [1, 1], "by the places of the calls");
    assert!(report.held[0].function.ends_with("::one_at_a_time"));
    assert_eq!(report.held[0].called_at.file(), file!());

    let unfinished = shutdown(Duration::from_millis(1)).unwrap_err();
    let calls = |counts: &[CallCount]| counts.iter().map(|calls| calls.count).sum::<usize>();
    let numbers = [&unfinished.running, &unfinished.suspended, &unfinished.held].map(|c| calls(c));
    assert_eq!((numbers, unfinished.queued), ([1, 1, 2], 1));
    assert!(unfinished.held[0].function.ends_with("::one_at_a_time"), "{unfinished}");
    assert!(unfinished.suspended[0].function.ends_with("::waits_for_ever"), "{unfinished}");

    assert!(held.iter().all(Lazy::is_ready) && Lazy::is_ready(&queued));
    for error in held.map(Lazy::join).map(Result::unwrap_err) {
        assert!(error.is_refused() && error.to_string().contains("shut down"), "{error}");
    }
    assert!(Lazy::join(queued).unwrap_err().is_refused());
    let error = Lazy::join(suspended).unwrap_err();
    assert!(error.is_cancelled() && error.to_string().contains("shut down"), "{error}");
    assert_eq!(drops.count(), 1, "the body was dropped");
    waker.wake();
    gate.open();
    assert_eq!(running, 7);
    wait_idle(AMPLE).unwrap();
}

/// It is polled while the shutdown goes through what waits.
#[test]
fn an_async_body_that_suspends_after_a_shutdown_ends() {
    #[background]
    async fn suspends(gate: Gate) {
        gate.pass();
        std::future::pending::<()>().await;
    }

    in_a_child!("an_async_body_that_suspends_after_a_shutdown_ends");
    let gate = Gate::default();
    let call = suspends(gate.clone());
    gate.wait_for_arrivals(1);
    assert!(shutdown(Duration::ZERO).is_err());
    gate.open();
    assert!(Lazy::join(call).unwrap_err().is_cancelled());
    wait_idle(AMPLE).unwrap();
}

/// A slot is freed, and a future woken, by a thread from outside, whose own calls are refused.
#[test]
fn what_was_called_before_a_shutdown_goes_on_whoever_brings_it_on() {
    #[background(limit = 1)]
    fn one_at_a_time() -> u32 {
        3
    }
    #[background(limit = 1, name = "held")]
    async fn first(wakers: Sender<Waker>) {
        pend_once(wakers).await;
    }
    #[background]
    async fn woken(wakers: Sender<Waker>) -> u32 {
        pend_once(wakers).await;
        4
    }
    async fn pend_once(wakers: Sender<Waker>) {
        let mut is_woken = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut is_woken, true) {
                return Poll::Ready(());
            }
            wakers.send(context.waker().clone()).unwrap();
            Poll::Pending
        })
        .await;
    }

    in_a_child!("what_was_called_before_a_shutdown_goes_on_whoever_brings_it_on");
    let (send, wakers) = channel();
    let (holder, next) = (first(send.clone()), first(send.clone()));
    let woken = woken(send);
    let wakers: Vec<Waker> = (0..2).map(|_| wakers.recv().unwrap()).collect();
    common::wait_until(|| snapshot().suspended == 2);
    std::thread::scope(|scope| {
        let ending = scope.spawn(|| shutdown(AMPLE));
        common::wait_until(|| Lazy::join(spawn(|| ())).is_err());
        assert!(Lazy::join(one_at_a_time()).unwrap_err().is_refused());
        assert!(Lazy::cancel(&holder), "which frees its slot here");
        wakers.into_iter().for_each(Waker::wake);
        assert_eq!(woken, 4);
        assert!(Lazy::cancel(&next) || Lazy::is_ready(&next));
        assert!(ending.join().unwrap().is_ok());
    });
}

/// The result of a call that nobody waits for is dropped by a thread of the runtime's, outside of any
/// body.
#[test]
fn a_destructor_on_a_thread_of_the_runtime_is_told_at_once() {
    struct WaitsWhenDropped(Sender<bool>);
    impl Drop for WaitsWhenDropped {
        fn drop(&mut self) {
            let waited = wait_idle(FOR_EVER).is_err();
            self.0.send(waited && shutdown(FOR_EVER).is_err()).unwrap();
        }
    }

    in_a_child!("a_destructor_on_a_thread_of_the_runtime_is_told_at_once");
    let (gate, (tell, told)) = (Gate::default(), channel());
    let held_up = gate.clone();
    drop(spawn(move || {
        held_up.pass();
        WaitsWhenDropped(tell)
    }));
    gate.open();
    assert!(told.recv().unwrap());
    wait_idle(AMPLE).unwrap();
}

#[test]
fn a_shutdown_inside_a_body_neither_waits_nor_hangs() {
    in_a_child!("a_shutdown_inside_a_body_neither_waits_nor_hangs");
    let unfinished = Lazy::into_inner(spawn(|| shutdown(FOR_EVER).unwrap_err()));
    assert_eq!(unfinished.running.len(), 1);
    assert!(Lazy::join(spawn(|| ())).unwrap_err().is_refused());
}

/// Waits and calls in the destructor of a thread-local, before and after a shutdown.
#[test]
fn the_end_of_a_thread_is_no_bad_time() {
    struct AtEnd(std::sync::mpsc::Sender<bool>);
    impl Drop for AtEnd {
        fn drop(&mut self) {
            let waited = wait_idle(AMPLE).is_ok();
            let called = Lazy::join(spawn(|| ()));
            let ended = shutdown(AMPLE).is_ok();
            let refused = Lazy::join(spawn(|| ())).is_err_and(|error| error.is_refused());
            self.0.send(waited && called.is_ok() && ended && refused).unwrap();
        }
    }
    thread_local!(static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) });

    in_a_child!("the_end_of_a_thread_is_no_bad_time");
    let (tell, told) = channel();
    std::thread::spawn(move || AT_END.set(Some(AtEnd(tell)))).join().unwrap();
    assert!(told.recv().unwrap());
}
