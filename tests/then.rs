//! `then`, `and_then` and `flatten`: calls that go on with what another comes to, and hold no thread until
//! it and what follows it have ended.

mod common;

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use common::counters::Drops;
use common::gate::Gate;
use common::panics::caught;
use common::{child, wait_until, watchdog};
use pybackground::{
    Error, Lazy, Shared, Timeout, background, configure, shutdown, sleep, snapshot, spawn,
};

const HOUR: Duration = Duration::from_secs(3600);

fn nothing_runs() {
    wait_until(|| snapshot().stacks.is_empty() && snapshot().suspended == 0);
}

/// A call that ends when the gate is opened.
fn gated(gate: &Gate, value: u64) -> Lazy<u64> {
    let gate = gate.clone();
    spawn(move || {
        gate.pass();
        value
    })
}

#[test]
fn then_gets_the_value_or_the_error() {
    let _watchdog = watchdog();
    let fails = || spawn(|| -> u32 { panic!("boom") });
    let slow = || Lazy::with_timeout(spawn(|| sleep(HOUR)), Duration::from_millis(5));
    let text = |outcome: Result<u32, Error>| outcome.map_err(|e| e.message().map(str::to_owned));
    assert_eq!(*Lazy::then(spawn(|| 7), text), Ok(7));
    assert_eq!(*Lazy::then(Lazy::ready(7), text), Ok(7));
    assert_eq!(*Lazy::then(fails(), text), Err(Some("boom".to_owned())));
    let ended = fails();
    Lazy::wait(&ended).unwrap_err();
    assert_eq!(*Lazy::then(ended, text), Err(Some("boom".to_owned())));
    assert!(*Lazy::then(slow(), |outcome| outcome.unwrap_err().is_timeout()));
    let cancelled = spawn(|| sleep(HOUR));
    Lazy::cancel(&cancelled);
    assert!(*Lazy::then(cancelled, |outcome| outcome.unwrap_err().is_cancelled()));
}

#[test]
fn and_then_ends_as_the_call_that_it_makes() {
    let _watchdog = watchdog();
    let inner = |n: u32| {
        spawn(move || {
            assert!(n < 10, "too many");
            n + 1
        })
    };
    assert_eq!(Lazy::and_then(spawn(|| 1), inner), 2);
    assert_eq!(Lazy::and_then(Lazy::ready(1), inner), 2);
    assert_eq!(Lazy::and_then(spawn(|| 1), Lazy::ready), 1);
    assert_eq!(Lazy::flatten(spawn(|| spawn(|| 3))), 3);

    let error = Lazy::join(Lazy::and_then(spawn(|| 10), inner)).unwrap_err();
    assert_eq!(error.message(), Some("too many"));
    assert_eq!(caught(|| *Lazy::and_then(spawn(|| 10), inner)).text(), "too many");
    let first = spawn(|| -> u32 { panic!("the first") });
    let error = Lazy::join(Lazy::and_then(first, inner)).unwrap_err();
    assert_eq!(error.message(), Some("the first"));
    let slow = |()| Lazy::with_timeout(spawn(|| sleep(HOUR)), Duration::from_millis(5));
    assert!(Lazy::and_then(spawn(|| ()), slow) == Timeout);
    let error = Lazy::join(Lazy::and_then(spawn(|| ()), |()| -> Lazy<()> { panic!("no call") }));
    assert_eq!(error.unwrap_err().message(), Some("no call"));
}

#[test]
fn errors_name_the_line_of_the_call_that_failed() {
    let _watchdog = watchdog();
    let (call, line) = (Lazy::and_then(spawn(|| ()), |()| spawn(|| panic!("here"))), line!());
    let error: Error = Lazy::<()>::join(call).unwrap_err();
    assert_eq!(error.called_at().line(), line);
    let (call, line) = (Lazy::then(spawn(|| ()), |_| panic!("here")), line!());
    let error: Error = Lazy::<()>::join(call).unwrap_err();
    assert_eq!((error.called_at().line(), error.message()), (line, Some("here")));
    let inner = spawn(|| spawn(|| ()));
    let site = Lazy::called_at(&inner);
    assert_eq!(Lazy::called_at(&Lazy::flatten(inner)), site);
}

#[test]
fn no_thread_waits_for_either_call() {
    let _watchdog = watchdog();
    let (first, second) = (Gate::default(), Gate::default());
    let (outer, opened) = (gated(&first, 1), second.clone());
    let call = Lazy::and_then(outer, move |n| gated(&opened, n + 1));
    first.open();
    second.wait_for_arrivals(1);
    wait_until(|| {
        let report = snapshot();
        report.suspended > 0 && report.stacks.iter().all(|stack| stack.wait().is_none())
    });
    second.open();
    assert_eq!(call, 2);
}

#[test]
fn cancel_reaches_the_call_that_is_waited_for() {
    let _watchdog = watchdog();
    for is_inner in [false, true] {
        let (tell, told) = channel();
        let sleeper = move || {
            tell.send(()).unwrap();
            sleep(HOUR);
        };
        let call = if is_inner {
            Lazy::and_then(spawn(|| ()), move |()| spawn(sleeper))
        } else {
            Lazy::and_then(spawn(sleeper), |()| unreachable!("the first is cancelled"))
        };
        told.recv().unwrap();
        if is_inner {
            wait_until(|| snapshot().suspended > 0);
        }
        assert!(Lazy::cancel(&call));
        assert!(Lazy::join(call).unwrap_err().is_cancelled());
        nothing_runs();
    }
}

#[test]
fn timeout_of_the_whole_ends_the_call_that_is_waited_for() {
    let _watchdog = watchdog();
    let call = Lazy::and_then(spawn(|| ()), |()| spawn(|| sleep(HOUR)));
    assert!(Lazy::with_timeout(call, Duration::from_millis(20)) == Timeout);
    nothing_runs();
}

#[test]
fn dropped_call_runs_on() {
    let _watchdog = watchdog();
    let (gate, (tell, told)) = (Gate::default(), channel());
    let (inner, say) = (gated(&gate, 3), tell.clone());
    drop(Lazy::map(Lazy::and_then(spawn(|| ()), |()| inner), move |n| say.send(n).unwrap()));
    drop(Lazy::then(gated(&gate, 4), move |n| tell.send(n.unwrap()).unwrap()));
    gate.open();
    let mut values = [told.recv().unwrap(), told.recv().unwrap()];
    values.sort_unstable();
    assert_eq!(values, [3, 4]);
}

#[test]
fn calls_go_with_the_body_that_made_them() {
    let _watchdog = watchdog();
    let ((start, started), drops) = (channel(), Drops::default());
    let token = drops.token();
    let maker = spawn(move || {
        let say = start.clone();
        let _inner = Lazy::and_then(spawn(|| ()), move |()| {
            spawn(move || {
                say.send(()).unwrap();
                sleep(HOUR);
            })
        });
        let _never = Lazy::then(spawn(|| sleep(HOUR)), move |_| drop(token));
        start.send(()).unwrap();
        sleep(HOUR);
    });
    (0..2).for_each(|_| started.recv().unwrap());
    assert!(Lazy::cancel(&maker));
    drops.wait_for(1);
    nothing_runs();
}

/// Each step makes the next: the stack does not grow with their number.
#[test]
fn long_chain_of_steps_runs_and_is_cancelled() {
    const STEPS: u64 = 1_000;

    fn steps(left: u64, last: Gate) -> Lazy<u64> {
        if left == 0 {
            return gated(&last, 0);
        }
        let next = Lazy::and_then(spawn(|| ()), move |()| steps(left - 1, last));
        Lazy::map(next, |n| n + 1)
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let call = steps(STEPS, gate.clone());
    gate.wait_for_arrivals(1);
    gate.open();
    assert_eq!(call, STEPS);
    let gate = Gate::default();
    let call = steps(STEPS, gate.clone());
    gate.wait_for_arrivals(1);
    assert!(Lazy::cancel(&call));
    gate.open();
    assert!(Lazy::join(call).unwrap_err().is_cancelled());
    nothing_runs();
}

#[test]
fn long_chain_of_calls_that_flatten_runs_and_is_cancelled() {
    const CALLS: u64 = 20_000;

    fn chain(first: Lazy<u64>) -> Lazy<u64> {
        (0..CALLS).fold(first, |call, _| Lazy::and_then(call, |n| Lazy::ready(n + 1)))
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let call = chain(gated(&gate, 0));
    let cancelled = chain(gated(&gate, 0));
    drop(chain(gated(&gate, 0)));
    assert!(Lazy::cancel(&cancelled));
    gate.open();
    assert_eq!(call, CALLS);
    assert!(Lazy::join(cancelled).unwrap_err().is_cancelled());
}

#[test]
fn body_joins_what_goes_on() {
    let _watchdog = watchdog();
    let sum = spawn(|| {
        let square = |n: u64| Lazy::and_then(spawn(move || n), |n| spawn(move || n * n));
        (0..50).map(square).sum::<u64>()
    });
    assert_eq!(sum, 40_425);
}

#[test]
fn shared_value_is_mapped_for_each_holder() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let shared = Lazy::share(gated(&gate, 20));
    let halves = [shared.clone(), shared.clone()].map(|call| Shared::map(call, |n| n / 2));
    let cancelled = Shared::map(shared.clone(), |n| n + 1);
    assert!(Lazy::cancel(&cancelled));
    gate.open();
    assert_eq!(halves.into_iter().sum::<u64>(), 20);
    assert_eq!(Shared::map(shared, |n| n + 1), 21);
    let failed = Lazy::share(spawn(|| -> u32 { panic!("boom") }));
    for call in [failed.clone(), failed] {
        let error = Lazy::join(Shared::map(call, |n| n + 1)).unwrap_err();
        assert_eq!(error.message(), Some("boom"));
    }
}

#[test]
fn destructors_that_panic_harm_nobody() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("a destructor");
        }
    }

    let _watchdog = watchdog();
    let (gate, bomb) = (Gate::default(), Bomb);
    let call = Lazy::and_then(gated(&gate, 1), move |n| {
        std::mem::forget(bomb);
        Lazy::ready(n)
    });
    assert!(Lazy::cancel(&call));
    gate.open();
    let bomb = Bomb;
    let call = Lazy::and_then(spawn(|| panic!("the first")), move |()| {
        std::mem::forget(bomb);
        Lazy::ready(())
    });
    assert_eq!(Lazy::join(call).unwrap_err().message(), Some("the first"));
}

/// Ends when it is woken for the second time.
#[background]
async fn woken(waker: Arc<Mutex<Option<Waker>>>) -> u64 {
    std::future::poll_fn(|context| match waker.lock().unwrap().replace(context.waker().clone()) {
        Some(_) => Poll::Ready(0),
        None => Poll::Pending,
    })
    .await
}

#[test]
fn steps_run_in_sequence() {
    if !child::is_child() {
        child::succeeds(&mut child::command("steps_run_in_sequence"));
        return;
    }
    configure().sequential(true).install().unwrap();
    let call = Lazy::and_then(spawn(|| 1), |n| spawn(move || n + 1));
    assert!(Lazy::is_ready(&call));
    assert_eq!(call, 2);
    assert!(*Lazy::then(spawn(|| panic!("no")), |outcome: Result<(), _>| outcome.is_err()));
    let waker = Arc::new(Mutex::new(None));
    let (inner, outer) = (waker.clone(), Lazy::ready(()));
    let call = Lazy::and_then(outer, move |()| Lazy::map(woken(inner), |n| n + 1));
    assert!(!Lazy::is_ready(&call));
    let wake = waker.lock().unwrap().clone().unwrap();
    wake.wake();
    assert!(Lazy::is_ready(&call), "it ran here");
    assert_eq!(call, 1);
}

#[test]
fn shutdown_in_vain_ends_steps() {
    if !child::is_child() {
        child::succeeds(&mut child::command("shutdown_in_vain_ends_steps"));
        return;
    }
    let _watchdog = watchdog();
    let gate = Gate::default();
    let (passed, inner) = (Gate::default(), gate.clone());
    let arrived = passed.clone();
    let call = Lazy::and_then(gated(&passed, 1), move |n| {
        arrived.pass();
        gated(&inner, n)
    });
    passed.open();
    gate.wait_for_arrivals(1);
    wait_until(|| snapshot().suspended > 0);
    assert!(shutdown(Duration::ZERO).is_err());
    let error = Lazy::join(call).unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    gate.open();
}
