//! `all`, `try_all` and `value`: the values of several calls in their order, or the first error, with the
//! other calls cancelled.

mod common;

use std::panic::Location;
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use common::gate::Gate;
use common::panics::caught;
use common::{child, wait_until, watchdog};
use pybackground::{
    Lazy, Stack, Timeout, all, background, configure, sleep, snapshot, spawn, spawn_compute,
    try_all, value,
};

const HOUR: Duration = Duration::from_secs(3600);

fn parse(text: &'static str) -> Lazy<Result<i32, std::num::ParseIntError>> {
    spawn(move || text.parse())
}

/// Waits until no body runs: those that slept were cancelled.
fn nothing_runs() {
    wait_until(|| snapshot().stacks.is_empty());
}

#[test]
fn values_come_in_the_order_and_form_of_the_calls() {
    let _watchdog = watchdog();
    let square = |n: u64| spawn(move || n * n);
    assert_eq!(all((0..1000).map(square)), (0..1000).map(|n| n * n).collect::<Vec<_>>());
    assert_eq!(all(vec![square(2), square(3)]), vec![4, 9]);
    assert_eq!(all([2, 3].map(square)), [4, 9]);
    let (number, text) = all((square(2), spawn(|| String::from("four"))));
    assert_eq!((number, text.as_str()), (4, "four"));
    assert_eq!(all(square(5)), 25);
    assert_eq!(value(square(5)), 25);
    assert_eq!(all(Vec::<Lazy<u8>>::new()), [] as [u8; 0]);
}

#[test]
fn results_come_without_their_ok() {
    let _watchdog = watchdog();
    assert_eq!(try_all(["1", "2"].into_iter().map(parse)), Ok(vec![1, 2]));
    assert_eq!(try_all(vec![parse("1")]), Ok(vec![1]));
    assert_eq!(try_all(["1", "2"].map(parse)), Ok([1, 2]));
    let letter = spawn(|| Ok('a'));
    assert_eq!(try_all((parse("1"), letter, parse("3"))), Ok((1, 'a', 3)));
    assert_eq!(try_all(parse("1")), Ok(1));
    assert_eq!(value(parse("1")), Ok(1));
}

/// They could not meet if the first were waited for before the last is made.
#[test]
fn all_calls_run_at_once() {
    let _watchdog = watchdog();
    let meeting = Arc::new(Barrier::new(5));
    let meet = |_| {
        let meeting = meeting.clone();
        spawn(move || meeting.wait().is_leader())
    };
    assert_eq!(all((0..5).map(meet)).len(), 5);
    all((meet(0), meet(1), meet(2), meet(3), meet(4)));
}

#[test]
fn first_error_to_come_cancels_the_others() {
    let _watchdog = watchdog();
    let fails = || spawn(|| Err::<(), _>("not today"));
    let slow = || {
        spawn(|| {
            sleep(HOUR);
            Ok(())
        })
    };
    assert_eq!(try_all(vec![slow(), fails(), slow()]), Err("not today"));
    assert_eq!(try_all([slow(), fails(), slow()]), Err("not today"));
    assert_eq!(try_all((slow(), fails(), slow())), Err("not today"));
    nothing_runs();
}

/// Of errors that are there already, that of the first call.
#[test]
fn first_of_several_errors_is_that_of_the_first_call() {
    let _watchdog = watchdog();
    let ended = |text| {
        let call = parse(text);
        Lazy::wait(&call).unwrap();
        call
    };
    let error = try_all(["1", "", "two"].map(ended)).unwrap_err();
    assert_eq!(error, "".parse::<i32>().unwrap_err());
    let error = try_all((ended("1"), ended(""), ended("two"))).unwrap_err();
    assert_eq!(error, "".parse::<i32>().unwrap_err());
}

#[test]
fn panic_cancels_the_others_and_travels_to_the_line_of_the_wait() {
    let _watchdog = watchdog();
    let slow = || spawn(|| -> u32 { unreachable!("{:?}", sleep(HOUR)) });
    let panics = || spawn(|| -> u32 { panic!("boom") });
    let before = line!();
    let panics = [
        caught(|| all(vec![slow(), panics()])),
        caught(|| all([slow(), panics()])),
        caught(|| all((slow(), panics(), slow()))),
        caught(|| all([slow(), panics()].into_iter())),
        caught(|| value(panics())),
    ];
    for panic in panics {
        assert_eq!(panic.text(), "boom");
        panic.assert_told_between(before, line!());
    }
    let good = || {
        spawn(|| {
            sleep(HOUR);
            Ok(())
        })
    };
    let bad = || spawn(|| -> Result<(), ()> { panic!("boom") });
    assert_eq!(caught(|| try_all(vec![good(), bad()])).text(), "boom");
    assert_eq!(caught(|| try_all((good(), bad()))).text(), "boom");
    nothing_runs();
}

#[test]
fn timeout_of_one_cancels_the_others() {
    let _watchdog = watchdog();
    let late = Lazy::with_timeout(spawn(|| sleep(HOUR)), Duration::from_millis(5));
    let text = caught(|| all((spawn(|| sleep(HOUR)), late)));
    assert!(text.text().contains("timed out"), "{}", text.text());
    nothing_runs();
}

#[test]
fn body_runs_what_it_waits_for() {
    #[background]
    fn fibonacci(n: u32) -> u64 {
        if n < 2 {
            return u64::from(n);
        }
        let (a, b) = all((fibonacci(n - 1), fibonacci(n - 2)));
        a + b
    }

    #[background(limit = 1)]
    fn leaves(depth: u32) -> u32 {
        if depth == 0 { 1 } else { all([leaves(depth - 1), leaves(depth - 1)]).into_iter().sum() }
    }

    fn computed(n: u32) -> u64 {
        if n < 2 {
            return u64::from(n);
        }
        let halves = [n - 1, n - 2].map(|n| spawn_compute(move || computed(n)));
        all(halves).into_iter().sum()
    }

    let _watchdog = watchdog();
    assert_eq!(fibonacci(15), 610);
    assert_eq!(leaves(5), 32);
    assert_eq!(computed(15), 610);
}

#[test]
fn cancelled_body_ends_and_takes_its_calls_along() {
    let _watchdog = watchdog();
    let (tell, told) = channel();
    let outer = spawn(move || {
        let calls = (0..3).map(|_| {
            let tell = tell.clone();
            spawn(move || {
                tell.send(()).unwrap();
                sleep(HOUR);
            })
        });
        all(calls);
        unreachable!("the wait ends the body");
    });
    (0..3).for_each(|_| told.recv().unwrap());
    assert!(Lazy::cancel(&outer));
    let error = Lazy::join(outer).unwrap_err();
    assert!(error.is_cancelled(), "{error}");
    nothing_runs();
}

#[test]
fn calls_that_wait_for_the_one_that_waits_for_them_are_a_deadlock() {
    let _watchdog = watchdog();
    let (give, given) = channel::<Arc<Lazy<usize>>>();
    let outer = spawn(move || {
        let ring = given.recv().unwrap();
        let inner = |outer: Arc<Lazy<usize>>| spawn(move || **outer);
        let (first, second) = all((inner(ring.clone()), inner(ring)));
        first + second
    });
    let outer = Arc::new(outer);
    give.send(outer.clone()).unwrap();
    let text = caught(|| **outer);
    assert!(text.text().contains("deadlock"), "{}", text.text());
}

#[test]
fn wait_is_told_with_the_line_of_the_call() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let passes = || {
        let gate = gate.clone();
        spawn(move || gate.pass())
    };
    let here = Location::caller();
    thread::scope(|scope| {
        scope.spawn(|| {
            let is_here = |wait: &pybackground::Wait| {
                let is_here = |at: &Location<'_>| at.file() == here.file();
                wait.calls() == 2 && wait.waits_at().is_some_and(is_here)
            };
            wait_until(|| snapshot().stacks.iter().filter_map(Stack::wait).any(is_here));
            gate.open();
        });
        all((passes(), passes()));
    });
}

#[test]
fn large_values_are_moved_in_boxes() {
    const LARGE: usize = 8 << 10;

    let _watchdog = watchdog();
    let values = all((0..4_u8).map(|n| spawn(move || [n; LARGE])));
    assert!(values.iter().zip(0..).all(|(value, n)| value[LARGE - 1] == n));
}

#[test]
fn calls_run_in_their_order_in_sequence() {
    if !child::is_child() {
        child::succeeds(&mut child::command("calls_run_in_their_order_in_sequence"));
        return;
    }
    configure().sequential(true).install().unwrap();
    let (log, logged) = channel();
    let call = |n: u32| {
        let log = log.clone();
        spawn(move || log.send(n).map(|()| n).map_err(|_| n))
    };
    assert_eq!(try_all((0..3).map(call)), Ok(vec![0, 1, 2]));
    assert_eq!(logged.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(try_all([Err(1), Ok(2), Err(3)].map(|result| spawn(move || result))), Err(1));
    let late = background(|| sleep(Duration::from_millis(20))).timeout(0.001)();
    assert!(late == Timeout);
}
