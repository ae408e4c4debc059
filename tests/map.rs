//! `Lazy::map`: a call that begins with the value of another, and holds no thread until then.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use common::counters::Drops;
use common::gate::Gate;
use common::panics::caught;
use common::{wait_until, watchdog};
use pybackground::{Lazy, Timeout, background, cancelled, sleep, snapshot, spawn};

/// So many calls, each on top of the other, would overflow any stack.
const MANY: u64 = 100_000;

fn chain(first: Lazy<u64>) -> Lazy<u64> {
    (0..MANY).fold(first, |call, _| Lazy::map(call, |n| n + 1))
}

/// A call that ends when the gate is opened.
fn gated(gate: &Gate) -> Lazy<u64> {
    let gate = gate.clone();
    spawn(move || {
        gate.pass();
        0
    })
}

fn dependent_here(line: u32) -> usize {
    let report = snapshot();
    let here = |held: &&pybackground::CallCount| {
        held.called_at.file() == file!() && held.called_at.line() == line
    };
    report.dependent.iter().filter(here).map(|calls| calls.count).sum()
}

#[test]
fn the_value_is_handed_on_to_a_thread_of_the_runtime() {
    let _watchdog = watchdog();
    let here = thread::current().id();
    for first in [Lazy::ready(String::from("page")), spawn(|| String::from("page"))] {
        let mapped = Lazy::map(first, move |text| (text.len(), thread::current().id() != here));
        assert_eq!(*mapped, (4, true));
    }
}

#[test]
fn messages_name_the_function_and_the_line_of_the_map() {
    fn length(text: &str) -> usize {
        text.len()
    }

    let _watchdog = watchdog();
    let gate = Gate::default();
    let (mapped, line) = (Lazy::map(gated(&gate), |n| n + 1), line!());
    assert_eq!(Lazy::called_at(&mapped).unwrap().line(), line);
    let function = Lazy::function(&mapped).unwrap();
    assert!(
        function.ends_with("::messages_name_the_function_and_the_line_of_the_map"),
        "{function}"
    );
    let named = Lazy::map(spawn(|| "four"), length);
    assert!(Lazy::function(&named).unwrap().ends_with("::length"));
    assert_eq!(named, 4);
    gate.open();
    assert_eq!(mapped, 1);
}

#[test]
fn a_call_that_waits_for_its_input_holds_no_thread_and_is_told() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let (ran, first) = (Arc::new(AtomicUsize::new(0)), gated(&gate));
    let count = ran.clone();
    let (mapped, line) = (Lazy::map(first, move |_| count.fetch_add(1, Ordering::SeqCst)), line!());
    gate.wait_for_arrivals(1);
    assert_eq!(dependent_here(line), 1);
    let text = snapshot().to_string();
    assert!(text.contains("  waiting for arguments: `"), "{text}");
    assert!(!Lazy::is_ready(&mapped));
    assert_eq!(ran.load(Ordering::SeqCst), 0);
    gate.open();
    assert_eq!(mapped, 0);
    assert_eq!((ran.load(Ordering::SeqCst), dependent_here(line)), (1, 0));
}

#[test]
fn a_value_that_never_comes_is_the_first_calls_error() {
    let _watchdog = watchdog();
    let (drops, never) = (Drops::default(), || unreachable!("there is no value"));
    let (first, line) = (spawn(|| std::panic::panic_any(7_u8)), line!());
    let token = drops.token();
    let mapped = Lazy::map(first, move |()| -> u8 {
        drop(token);
        never()
    });
    let error = Lazy::wait(&mapped).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(error.called_at().line(), line);
    assert_eq!(caught(|| *mapped).payload.downcast_ref(), Some(&7_u8));
    assert_eq!(drops.count(), 1);

    let known = spawn(|| -> u8 { panic!("boom") });
    Lazy::wait(&known).unwrap_err();
    let error = Lazy::join(Lazy::map(known, |n| n + 1)).unwrap_err();
    assert_eq!(error.message(), Some("boom"));
}

#[test]
fn who_cancels_the_last_cancels_what_only_it_wants() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let (stop, stopped) = channel();
    let inner = gate.clone();
    let first = spawn(move || {
        inner.pass();
        sleep_until_told();
        stop.send(()).unwrap();
    });
    gate.open();
    gate.wait_for_arrivals(1);
    let drops = Drops::default();
    let token = drops.token();
    let second = Lazy::map(first, move |()| drop(token));
    let third = Lazy::map(second, |()| ());
    assert!(Lazy::cancel(&third));
    assert_eq!(drops.count(), 1, "what was captured is dropped before `cancel` returns");
    stopped.recv().unwrap();
    assert!(Lazy::join(third).unwrap_err().is_cancelled());
}

fn sleep_until_told() {
    while !cancelled() {
        thread::yield_now();
    }
}

#[test]
fn a_timeout_of_the_last_counts_from_the_call_and_ends_the_first() {
    let _watchdog = watchdog();
    let ((stop, stopped), gate) = (channel(), Gate::default());
    let inner = gate.clone();
    let first = spawn(move || {
        inner.pass();
        sleep_until_told();
        stop.send(()).unwrap();
    });
    gate.open();
    gate.wait_for_arrivals(1);
    let mapped = Lazy::with_timeout(Lazy::map(first, |()| 1), Duration::from_millis(5));
    assert!(mapped == Timeout);
    stopped.recv().unwrap();
}

#[test]
fn who_drops_the_last_lets_all_of_them_run() {
    let _watchdog = watchdog();
    let (gate, (tell, told)) = (Gate::default(), channel());
    drop(Lazy::map(Lazy::map(gated(&gate), |n| n + 1), move |n| tell.send(n).unwrap()));
    gate.open();
    assert_eq!(told.recv().unwrap(), 1);
}

#[test]
fn a_detached_call_takes_its_input_along() {
    let _watchdog = watchdog();
    let (gate, (tell, told)) = (Gate::default(), channel());
    let (say, detached) = channel();
    let inner = gate.clone();
    let maker = spawn(move || {
        let first = spawn(move || {
            inner.pass();
            assert!(!cancelled());
            5
        });
        drop(Lazy::detach(Lazy::map(first, move |n| tell.send(n).unwrap())));
        say.send(()).unwrap();
        sleep(Duration::from_secs(3600));
    });
    detached.recv().unwrap();
    gate.wait_for_arrivals(1);
    assert!(Lazy::cancel(&maker));
    gate.open();
    assert_eq!(told.recv().unwrap(), 5);
}

#[test]
fn a_body_joins_what_it_maps() {
    #[background(compute)]
    fn sum(n: u64) -> u64 {
        if n == 0 {
            return 0;
        }
        Lazy::into_inner(Lazy::map(sum(n - 1), move |rest| rest + n))
    }

    let _watchdog = watchdog();
    assert_eq!(sum(50), 1_275);
}

#[test]
fn a_long_chain_runs() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let last = chain(gated(&gate));
    gate.open();
    assert_eq!(last, MANY);
    assert_eq!(chain(Lazy::ready(0)), MANY);
}

#[test]
fn a_long_chain_is_dropped_and_cancelled() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    drop(chain(gated(&gate)));
    let last = chain(gated(&gate));
    assert!(Lazy::cancel(&last));
    assert!(Lazy::join(last).unwrap_err().is_cancelled());
    gate.open();
}

#[test]
fn a_long_chain_expires() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let last = Lazy::with_timeout(chain(gated(&gate)), Duration::from_millis(1));
    assert!(last == Timeout);
    drop(last);
    gate.open();
}

#[test]
fn a_panic_goes_through_a_long_chain() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let first = gate.clone();
    let last = chain(spawn(move || {
        first.pass();
        panic!("at the first")
    }));
    gate.open();
    assert_eq!(Lazy::join(last).unwrap_err().message(), Some("at the first"));
}

/// A body that made a long chain is cancelled: what it holds of the chain goes with it.
#[test]
fn a_long_chain_goes_with_the_body_that_made_it() {
    let _watchdog = watchdog();
    let (gate, (tell, told)) = (Gate::default(), channel());
    let inner = gate.clone();
    let maker = spawn(move || {
        let _last = chain(gated(&inner));
        tell.send(()).unwrap();
        sleep(Duration::from_secs(3600));
    });
    told.recv().unwrap();
    assert!(Lazy::cancel(&maker));
    gate.open();
    wait_until(|| snapshot().dependent.is_empty());
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
    let mapped = Lazy::map(gated(&gate), move |_| std::mem::forget(bomb));
    assert!(Lazy::cancel(&mapped));
    gate.open();
    for is_known in [true, false] {
        let (input, bomb) = (spawn(|| panic!("the input")), Bomb);
        if is_known {
            Lazy::wait(&input).unwrap_err();
        }
        let mapped = Lazy::map(input, move |()| std::mem::forget(bomb));
        assert_eq!(Lazy::join(mapped).unwrap_err().message(), Some("the input"));
    }
}

/// What was detached with an earlier link is not detached again with each further one.
#[test]
fn chain_may_be_detached_link_by_link() {
    const LINKS: u64 = 50_000;

    let _watchdog = watchdog();
    let gate = Gate::default();
    let last = (0..LINKS).fold(gated(&gate), |call, _| Lazy::detach(Lazy::map(call, |n| n + 1)));
    gate.open();
    assert_eq!(last, LINKS);
}
