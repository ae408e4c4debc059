//! `background_map` and `spawn_map`: results of an iterator's items in their order, with a bounded number of
//! calls at once.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use common::counters::AtOnce;
use common::gate::Gate;
use common::panics::caught;
use common::{child, wait_until, watchdog};
use pybackground::{
    BackgroundIterator, Lazy, background, cancelled, configure, sleep, snapshot, spawn,
};

const HOUR: Duration = Duration::from_secs(3600);

#[background]
fn square(n: usize) -> usize {
    n * n
}

#[background(timeout = "100s", limit = 2)]
fn limited(n: usize) -> usize {
    n + 1
}

fn nothing_runs() {
    wait_until(|| snapshot().stacks.is_empty());
}

#[test]
fn values_come_in_the_order_of_the_input() {
    let _watchdog = watchdog();
    let squares: Vec<usize> = (0..10_000).map(|n| n * n).collect();
    assert_eq!((0..10_000).background_map(7, square).collect::<Vec<_>>(), squares);
    assert_eq!((0..10_000).spawn_map(7, |n| n * n).collect::<Vec<_>>(), squares);
    assert_eq!((0..1000).background_map(7, limited).sum::<usize>(), 500_500);
    let half = background(|n: usize| n / 2);
    assert_eq!((0..10).background_map(1, &*half).sum::<usize>(), 20);
    assert_eq!(std::iter::empty().background_map(7, square).next(), None);
}

#[test]
fn unordered_values_come_as_their_calls_end() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let call = |n| {
        let gate = gate.clone();
        spawn(move || {
            if n == 0 {
                gate.pass();
            }
            n
        })
    };
    let mut values = (0..1000).background_map(4, call).unordered();
    let mut seen: Vec<i32> = values.by_ref().take(999).collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..1000).collect::<Vec<_>>());
    gate.open();
    assert_eq!(values.next(), Some(0));
    assert_eq!(values.next(), None);
}

#[test]
fn at_most_so_many_bodies_run_at_once() {
    static AT_ONCE: AtOnce = AtOnce::new();

    let _watchdog = watchdog();
    let body = |n: usize| {
        let _inside = AT_ONCE.enter();
        thread::yield_now();
        n
    };
    assert_eq!((0..500).spawn_map(3, body).sum::<usize>(), 124_750);
    assert_eq!((0..500).spawn_map(3, body).unordered().sum::<usize>(), 124_750);
    assert!(AT_ONCE.most() <= 3);
}

/// As many run at once as are allowed, or these would not meet.
#[test]
fn calls_run_at_once() {
    let _watchdog = watchdog();
    for is_ordered in [true, false] {
        let meeting = Arc::new(std::sync::Barrier::new(4));
        let map = (0..8).spawn_map(4, move |_| meeting.wait().is_leader());
        let map = if is_ordered { map } else { map.unordered() };
        assert_eq!(map.count(), 8);
    }
}

/// A slow consumer: no calls are made beyond the bound while it takes its time, however many have ended.
#[test]
fn infinite_input_is_pulled_as_values_are_taken() {
    let _watchdog = watchdog();
    for is_ordered in [true, false] {
        let pulled = AtomicUsize::new(0);
        let inputs = (0..).inspect(|_| {
            pulled.fetch_add(1, Ordering::SeqCst);
        });
        let map = inputs.background_map(5, square);
        let mut map = if is_ordered { map } else { map.unordered() };
        assert_eq!(pulled.load(Ordering::SeqCst), 0, "no call before a value is asked for");
        for taken in 1..100 {
            map.next().unwrap();
            assert!(pulled.load(Ordering::SeqCst) < taken + 5);
        }
    }
}

/// A slow producer: a value that is there waits for one item, not for as many as the bound allows.
#[test]
fn slow_input_holds_up_values_by_one_item() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let first_ends = Mutex::new(None);
    let inputs = (0..3).inspect(|n| match n {
        0 => {}
        1 => {
            gate.open();
            let first: pybackground::Signal = first_ends.lock().unwrap().take().unwrap();
            first.recv().unwrap();
        }
        _ => panic!("the first value was there"),
    });
    let call = |n| {
        let gate = gate.clone();
        let call = spawn(move || {
            gate.pass();
            n
        });
        if n == 0 {
            *first_ends.lock().unwrap() = Some(Lazy::signal(&call));
        }
        call
    };
    assert_eq!(inputs.background_map(8, call).next(), Some(0));
}

/// In the order in which calls end, too. Nobody outside sees the moment at which a value has come, so here it
/// comes before its call is handed to the map.
#[test]
fn slow_input_does_not_hold_up_unordered_values_that_came() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let inputs = (0..3).inspect(|n| assert!(*n < 2, "the second value was there"));
    let call = |n| {
        let gate = gate.clone();
        let call = spawn(move || {
            if n == 0 {
                gate.pass();
            }
            n
        });
        if n == 1 {
            Lazy::wait(&call).unwrap();
        }
        call
    };
    let mut map = inputs.background_map(8, call).unordered();
    assert_eq!(map.next(), Some(1));
    gate.open();
}

#[test]
fn panic_of_the_input_travels_and_the_rest_is_cancelled() {
    let _watchdog = watchdog();
    for is_ordered in [true, false] {
        let inputs = (0..).inspect(|n| assert!(*n < 3, "the input is damaged"));
        let map = inputs.spawn_map(8, |_| sleep(HOUR));
        let mut map = if is_ordered { map } else { map.unordered() };
        assert_eq!(caught(|| map.next()).text(), "the input is damaged");
        drop(map);
    }
    nothing_runs();
}

#[test]
fn panic_of_the_function_travels() {
    let _watchdog = watchdog();
    let call = |n: i32| {
        assert!(n < 1, "no call of {n}");
        spawn(move || n)
    };
    let mut map = (0..2).background_map(1, call);
    assert_eq!(map.next(), Some(0));
    assert_eq!(caught(|| map.next()).text(), "no call of 1");
    assert_eq!(map.next(), None);
}

#[test]
fn panic_of_a_body_reaches_its_own_position() {
    let _watchdog = watchdog();
    let body = |n: i32| {
        assert!(n != 2, "no {n}");
        n
    };
    let mut values = (0..5).spawn_map(3, body);
    assert_eq!((values.next(), values.next()), (Some(0), Some(1)));
    let before = line!();
    let panic = caught(|| values.next());
    panic.assert_told_between(before, line!());
    assert_eq!(panic.text(), "no 2");
    assert_eq!(values.collect::<Vec<_>>(), [3, 4]);

    let outcomes = (0..5).spawn_map(3, body).outcomes();
    let texts = outcomes.map(|outcome| outcome.map_err(|e| e.message().unwrap().to_owned()));
    assert_eq!(texts.collect::<Vec<_>>(), [Ok(0), Ok(1), Err("no 2".into()), Ok(3), Ok(4)]);
    let good = (0..5).spawn_map(3, body).outcomes().unordered().flatten().count();
    assert_eq!(good, 4);
}

#[test]
fn timeout_reaches_its_own_position() {
    let _watchdog = watchdog();
    let slow = background(|n: u32| sleep(HOUR * n)).timeout(0.005);
    let mut outcomes = (0..3).background_map(1, |n| slow(n % 2)).outcomes();
    outcomes.next().unwrap().unwrap();
    assert!(outcomes.next().unwrap().unwrap_err().is_timeout());
    outcomes.next().unwrap().unwrap();
}

#[test]
fn dropped_map_cancels_what_was_not_taken() {
    let _watchdog = watchdog();
    for is_ordered in [true, false] {
        let gate = Gate::default();
        let inner = gate.clone();
        let map = (0..).spawn_map(4, move |n| {
            if n > 0 {
                inner.pass();
                sleep(HOUR);
            }
        });
        let mut map = if is_ordered { map } else { map.unordered() };
        map.next().unwrap();
        gate.open();
        drop(map);
    }
    nothing_runs();
}

#[test]
fn length_is_known_if_that_of_the_input_is() {
    let _watchdog = watchdog();
    let mut map = [3, 4, 5, 6].into_iter().background_map(2, square);
    assert_eq!(map.len(), 4);
    map.next();
    assert_eq!(map.len(), 3);
    let mut map = map.unordered();
    assert_eq!(map.len(), 3);
    map.next();
    assert_eq!(map.outcomes().len(), 2);
    assert_eq!((0..).background_map(2, square).size_hint(), ((0_usize..).size_hint().0, None));
}

#[test]
fn body_maps_over_calls_that_it_runs() {
    let _watchdog = watchdog();
    let sum = spawn(|| {
        let inner = |n: usize| (0..n).background_map(3, square).sum::<usize>();
        (0..30).spawn_map(3, inner).unordered().sum::<usize>()
    });
    let sum_of_squares = |n: usize| (0..n).map(|n| n * n).sum::<usize>();
    assert_eq!(sum, (0..30).map(sum_of_squares).sum::<usize>());
}

/// The input has no end, and neither had a body that only noted that its calls are cancelled.
#[test]
fn cancelled_body_pulls_no_more_input() {
    let _watchdog = watchdog();
    for is_ordered in [true, false] {
        let (tell, told) = channel();
        let outer = spawn(move || {
            let map = (0..).spawn_map(2, move |n| {
                tell.send(n).unwrap();
                while n > 0 && !cancelled() {
                    thread::yield_now();
                }
            });
            let map = if is_ordered { map } else { map.unordered() };
            map.outcomes().for_each(drop);
        });
        wait_until(|| told.recv().unwrap() == 2);
        assert!(Lazy::cancel(&outer));
        assert!(Lazy::join(outer).unwrap_err().is_cancelled());
        nothing_runs();
    }
}

#[test]
fn messages_name_the_function_and_the_line() {
    #[background]
    fn fails(n: u32) -> u32 {
        panic!("no {n}")
    }

    let _watchdog = watchdog();
    let error = (0..1).background_map(1, fails).outcomes().next().unwrap().unwrap_err();
    assert!(error.function().ends_with("::fails"), "{error}");
    assert!(error.to_string().contains("(defined at tests/bounded_map.rs:"), "{error}");
    let (error, line) = ((0..1).background_map(1, |n| fails(n)).outcomes().next(), line!());
    assert_eq!(error.unwrap().unwrap_err().called_at().line(), line);
    let fails = |_| -> u32 { panic!("no") };
    let (outcome, line) = ((0..1).spawn_map(1, fails).outcomes().next(), line!());
    let error = outcome.unwrap().unwrap_err();
    assert_eq!((error.called_at().file(), error.called_at().line()), (file!(), line));
}

#[test]
fn no_call_at_once_is_refused_where_it_is_asked_for() {
    let before = line!();
    let panic = caught(|| (0..1).background_map(0, square));
    panic.assert_told_between(before, line!());
    assert!(panic.text().contains("at least one"), "{}", panic.text());
    let panic = caught(|| (0..1).spawn_map(0, |n| n));
    panic.assert_told_between(before, line!());
}

#[test]
fn map_is_a_plain_map_in_sequence() {
    fn logged(log: &Receiver<String>) -> Vec<String> {
        log.try_iter().collect()
    }

    if !child::is_child() {
        child::succeeds(&mut child::command("map_is_a_plain_map_in_sequence"));
        return;
    }
    configure().sequential(true).install().unwrap();
    for is_ordered in [true, false] {
        let (log, entries) = channel();
        let (pulls, runs) = (log.clone(), log.clone());
        let inputs = (0..).inspect(move |n| pulls.send(format!("pull {n}")).unwrap());
        let map = inputs.spawn_map(8, move |n| runs.send(format!("run {n}")).unwrap());
        let mut map = if is_ordered { map } else { map.unordered() };
        map.next();
        assert_eq!(logged(&entries), ["pull 0", "run 0"]);
        map.next();
        assert_eq!(logged(&entries), ["pull 1", "run 1"]);
    }
}
