//! What a scope lends comes back before the scope returns, whatever happens to calls and their values.

mod common;

use std::any::Any;
use std::collections::BTreeMap;
use std::mem::forget;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::gate::Gate;
use common::panics::caught;
use common::watchdog;
use pybackground::{Error, Lazy, Shared, Timeout, as_completed, scope, spawn};

/// Counts how many of its kind exist.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(alive: &'a AtomicUsize) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self(alive)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn value_may_borrow_what_is_older_than_the_scope() {
    let _watchdog = watchdog();
    let text = String::from("some slow words");
    let first: Option<&str> = scope(|s| Lazy::into_inner(s.spawn(|| text.split(' ').next())));
    assert_eq!(first, Some("some"));

    let words: Vec<Lazy<&str>> =
        scope(|s| text.split(' ').map(|word| s.spawn(move || word)).collect());
    assert!(words.iter().all(Lazy::is_ready));
    assert_eq!(words.iter().map(|word| word.len()).sum::<usize>(), 13);
}

#[test]
fn mutable_borrow_comes_back_as_a_value() {
    let _watchdog = watchdog();
    let mut numbers = vec![3, 1, 2];
    let sorted: &mut [i32] = scope(|s| {
        Lazy::into_inner(s.spawn(|| {
            numbers.sort_unstable();
            &mut numbers[..2]
        }))
    });
    sorted[0] = 7;
    assert_eq!(numbers, [7, 2, 3]);
}

#[test]
fn value_without_a_lazy_is_dropped_before_the_scope_returns() {
    let _watchdog = watchdog();
    let alive = AtomicUsize::new(0);
    scope(|s| {
        for _ in 0..200 {
            drop(s.spawn(|| Counted::new(&alive)));
        }
    });
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn value_lives_as_long_as_its_lazy() {
    let _watchdog = watchdog();
    let alive = AtomicUsize::new(0);
    let kept: Vec<Lazy<Counted<'_>>> =
        scope(|s| (0..50).map(|_| s.spawn(|| Counted::new(&alive))).collect());
    assert_eq!(alive.load(Ordering::SeqCst), 50);
    drop(kept);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn forgotten_lazy_leaks_its_value_and_nothing_else() {
    let _watchdog = watchdog();
    let (values, captures) = (AtomicUsize::new(0), AtomicUsize::new(0));
    scope(|s| {
        for _ in 0..50 {
            let capture = Counted::new(&captures);
            let values = &values;
            forget(s.spawn(move || {
                let _capture = capture;
                Counted::new(values)
            }));
        }
    });
    assert_eq!(captures.load(Ordering::SeqCst), 0, "closures are gone");
    assert_eq!(values.load(Ordering::SeqCst), 50, "no value is dropped late");
}

#[test]
fn captures_of_closures_that_never_start_are_gone_too() {
    let _watchdog = watchdog();
    let captures = AtomicUsize::new(0);
    scope(|s| {
        for n in 0..100 {
            let capture = Counted::new(&captures);
            let x = s.spawn(move || drop(capture));
            match n % 4 {
                0 => assert!(Lazy::cancel(&x) || Lazy::is_ready(&x)),
                1 => forget(Lazy::with_timeout(x, Duration::ZERO)),
                2 => forget(x),
                _ => drop(Lazy::cancel_on_drop(x)),
            }
        }
    });
    assert_eq!(captures.load(Ordering::SeqCst), 0);
}

#[test]
fn reference_to_the_scope_may_be_sent_to_a_closure() {
    let _watchdog = watchdog();
    let ran = AtomicUsize::new(0);
    scope(|s| {
        let (send, receive) = channel::<&pybackground::Scope<'_, '_>>();
        let ran = &ran;
        s.launch(move || {
            let scope = receive.recv().unwrap();
            scope.launch(move || _ = ran.fetch_add(1, Ordering::SeqCst));
        });
        send.send(s).unwrap();
        drop(send);
    });
    assert_eq!(ran.into_inner(), 1);
}

#[test]
fn lazy_of_a_static_value_may_escape_in_every_way() {
    let _watchdog = watchdog();
    let text = String::from("escaped");
    let boxed: Box<dyn Any + Send> = scope(|s| Box::new(s.spawn(|| text.len())) as _);
    assert_eq!(*boxed.downcast::<Lazy<usize>>().unwrap(), 7);

    let (send, receive) = channel();
    scope(|s| send.send(s.spawn(|| text.len())).unwrap());
    let from_another_thread = std::thread::spawn(move || *receive.recv().unwrap());
    assert_eq!(from_another_thread.join().unwrap(), 7);

    let shared: Shared<usize> = scope(|s| Lazy::share(s.spawn(|| text.len())));
    assert_eq!(shared.clone() + *shared, 14);

    let mapped = scope(|s| Lazy::map(s.spawn(|| text.len()), |length| length + 1));
    assert_eq!(mapped, 8);

    let mut results: Vec<usize> = scope(|s| {
        let calls: Vec<_> = (0..3)
            .map(|n| {
                s.spawn({
                    let text = &text;
                    move || text.len() + n
                })
            })
            .collect();
        as_completed(calls).map(|(_, result)| result.unwrap()).collect()
    });
    results.sort_unstable();
    assert_eq!(results, [7, 8, 9]);

    let (signal, lazy) = scope(|s| {
        let lazy = s.spawn(|| text.len());
        (Lazy::signal(&lazy), lazy)
    });
    drop(signal);
    assert_eq!(lazy, 7);
}

#[test]
fn a_map_of_a_scoped_call_may_outlive_the_scope() {
    let _watchdog = watchdog();
    let gate = Arc::new(Gate::default());
    let text = String::from("words");
    let mapped = scope(|s| {
        let gate = gate.clone();
        Lazy::map(s.spawn(|| text.len()), move |length| {
            gate.pass();
            length
        })
    });
    drop(text);
    assert!(!Lazy::is_ready(&mapped));
    gate.open();
    assert_eq!(mapped, 5);
}

#[test]
fn deadline_gives_the_timeout_at_once_and_the_borrow_at_the_end_of_the_body() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let mut written = 0;
    let (started, start) = channel();
    scope(|s| {
        let late = s.spawn(|| {
            started.send(()).unwrap();
            gate.pass();
            written = 1;
        });
        start.recv().unwrap();
        let late = Lazy::with_timeout(late, Duration::from_millis(1));
        assert!(late == Timeout);
        assert!(Lazy::join(late).unwrap_err().body_runs_on());
        gate.open();
    });
    assert_eq!(written, 1);
}

#[test]
fn cancelled_body_that_runs_on_ends_before_the_scope() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let mut written = 0;
    let (started, start) = channel();
    scope(|s| {
        let x = s.spawn(|| {
            started.send(()).unwrap();
            gate.pass();
            written = 1;
        });
        start.recv().unwrap();
        assert!(Lazy::cancel(&x));
        gate.open();
    });
    assert_eq!(written, 1);
}

#[test]
fn panic_of_the_scope_waits_for_bodies_that_borrow() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let written = Mutex::new(0);
    let (started, start) = channel();
    let panic = caught(|| {
        scope(|s| {
            s.launch(|| {
                started.send(()).unwrap();
                gate.pass();
                *written.lock().unwrap() = 1;
            });
            start.recv().unwrap();
            // Opened by a closure, after the panic has begun to unwind.
            s.launch(|| gate.open());
            panic!("out of the scope");
        })
    });
    assert_eq!(panic.text(), "out of the scope");
    assert_eq!(written.into_inner().unwrap(), 1);
}

#[test]
fn two_closures_that_block_overlap() {
    let _watchdog = watchdog();
    let (to_second, first_said) = channel();
    let (to_first, second_said) = channel();
    // Each waits for the other to have started.
    scope(|s| {
        s.launch(move || {
            to_second.send(()).unwrap();
            second_said.recv().unwrap();
        });
        s.launch(move || {
            to_first.send(()).unwrap();
            first_said.recv().unwrap();
        });
    });
}

#[test]
fn closure_starts_elsewhere_while_the_scope_runs_another() {
    let _watchdog = watchdog();
    let (started, start) = channel();
    scope(|s| {
        // Started by the scope itself or by a worker; it ends after the one with the timeout has started.
        s.launch(move || start.recv().unwrap());
        let timed = s.spawn(move || started.send(()).unwrap());
        drop(Lazy::with_timeout(timed, Duration::from_secs(60)));
        // The scope takes the newest first.
        s.launch(|| ());
    });
}

#[test]
fn closure_that_waits_for_the_call_around_its_scope_gets_a_deadlock_error() {
    let _watchdog = watchdog();
    for _ in 0..20 {
        let (give, given) = channel::<Shared<()>>();
        let (report, reported) = channel::<Error>();
        let around = Lazy::share(spawn(move || {
            scope(|s| {
                s.launch(move || {
                    let around = given.recv().unwrap();
                    report.send(Shared::wait(&around).unwrap_err().clone()).unwrap();
                });
            });
        }));
        give.send(around.clone()).unwrap();
        let error = reported.recv().unwrap();
        assert!(error.is_deadlock(), "{error}");
        assert!(error.to_string().contains("scope"), "{error}");
        Shared::wait(&around).unwrap();
    }
}

#[test]
fn scopes_nest_and_recurse_over_borrowed_slices() {
    fn sort(numbers: &mut [u32]) {
        if numbers.len() < 32 {
            return numbers.sort_unstable();
        }
        let pivot = numbers[numbers.len() / 2];
        let (mut low, mut same): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut high = Vec::new();
        for &number in numbers.iter() {
            match number.cmp(&pivot) {
                std::cmp::Ordering::Less => low.push(number),
                std::cmp::Ordering::Equal => same.push(number),
                std::cmp::Ordering::Greater => high.push(number),
            }
        }
        scope(|s| {
            s.launch(|| sort(&mut low));
            s.launch(|| sort(&mut high));
        });
        let sorted = low.into_iter().chain(same).chain(high);
        numbers.iter_mut().zip(sorted).for_each(|(place, number)| *place = number);
    }

    let _watchdog = watchdog();
    let mut numbers: Vec<u32> =
        (0..20_000_u32).map(|n| n.wrapping_mul(2_654_435_761) >> 7).collect();
    let mut expected = numbers.clone();
    expected.sort_unstable();
    sort(&mut numbers);
    assert_eq!(numbers, expected);
}

#[test]
fn endless_scope_keeps_no_call_that_has_ended() {
    let _watchdog = watchdog();
    let mut counts = BTreeMap::new();
    scope(|s| {
        for n in 0..9_000_u32 {
            *counts.entry(*s.spawn(move || n % 3)).or_insert(0) += 1;
        }
    });
    assert_eq!(counts, BTreeMap::from([(0, 3_000), (1, 3_000), (2, 3_000)]));
}
