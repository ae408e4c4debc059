//! Promise 3: the first use joins, whatever the use is; the body runs once and the value stays where
//! it is.

mod common;

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use common::gate::Gate;
use common::watchdog;
use pybackground::{Lazy, Timeout, spawn};

/// Uses a value that is not there yet when the use begins: another thread lets the body go on only
/// when the user is about to use it.
fn first_use<T: Send + 'static, R>(value: T, user: impl FnOnce(Lazy<T>) -> R) -> R {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let call = {
        let gate = gate.clone();
        spawn(move || {
            gate.pass();
            value
        })
    };
    gate.wait_for_arrivals(1);
    assert!(!Lazy::is_ready(&call));
    assert!(Lazy::peek(&call).is_none());
    let about_to_use = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            about_to_use.wait();
            gate.open();
        });
        about_to_use.wait();
        user(call)
    })
}

#[test]
fn dereferencing_joins() {
    assert_eq!(first_use(42, |x| *x), 42);
    assert_eq!(first_use(vec!["a", "b"], |x| x.join(", ")), "a, b");
    assert_eq!(
        first_use(String::from("a"), |mut x| {
            x.push('b');
            x.as_str().to_owned()
        }),
        "ab"
    );
}

#[test]
fn taking_the_value_joins() {
    assert_eq!(first_use(Box::new(7), Lazy::into_inner), Box::new(7));
    assert_eq!(first_use(7, |x| Lazy::join(x).unwrap()), 7);
    assert_eq!(first_use(7, |x| *Lazy::wait(&x).unwrap()), 7);
}

#[test]
fn operators_join() {
    assert_eq!(first_use(40, |x| x + 2), 42);
    assert_eq!(first_use(2, |x| 44 - x), 42);
    assert_eq!(first_use(2, |x| &x * &Lazy::ready(21)), 42);
    assert_eq!(first_use(42, |x| -x), -42);
    assert!(first_use(false, |x| !x));
    assert_eq!(
        first_use(40, |mut x| {
            x += 2;
            *x
        }),
        42
    );
}

#[test]
fn comparing_joins() {
    assert!(first_use(3, |x| x == 3));
    assert!(first_use(3, |x| x < 4));
    assert!(first_use(3, |x| x == Lazy::ready(3)));
    assert!(first_use(3, |x| x < Lazy::ready(4)));
    assert!(first_use("text", |x| x == "text"));
    assert!(first_use("text", |x| "text" == x));
    assert!(first_use(3, |x| x != Timeout));
    assert_eq!(first_use(3, |x| Ord::cmp(&x, &Lazy::ready(4))), std::cmp::Ordering::Less);
}

#[test]
fn formatting_joins() {
    assert_eq!(first_use(7, |x| format!("{x:>3}|{x:03}|{x:#b}|{x:?}")), "  7|007|0b111|7");
}

#[test]
fn collecting_joins() {
    assert!(first_use(3, |x| HashSet::from([x]).contains(&Lazy::ready(3))));
    assert!(first_use(3, |x| BTreeSet::from([x, Lazy::ready(3)]).len() == 1));
}

#[test]
fn the_body_runs_once_and_the_value_stays_where_it_is() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);

    let _watchdog = watchdog();
    let mut x = spawn(|| {
        RUNS.fetch_add(1, Ordering::SeqCst);
        [1_u8; 100]
    });
    let first = (&raw const *x).addr();
    for _ in 0..100 {
        assert_eq!((&raw const *x).addr(), first);
    }
    assert_eq!((&raw mut *x).addr(), first);
    assert_eq!(Lazy::into_inner(x), [1; 100]);
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
}

/// Everybody who looks through one `&Lazy` sees the same value, wherever they look from. On threads
/// of the runtime one of them claims the call and runs it, and the others have to hear of it.
#[test]
fn many_threads_use_one_value() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 300;

    let _watchdog = watchdog();
    for _ in 0..ROUNDS {
        let runs = Arc::new(AtomicUsize::new(0));
        let counted = runs.clone();
        let x = spawn(move || counted.fetch_add(1, Ordering::SeqCst));
        let start = Barrier::new(THREADS);
        let seen: Vec<usize> = thread::scope(|scope| {
            let look = || {
                start.wait();
                (&raw const *x).addr()
            };
            let looking: Vec<_> = (0..THREADS).map(|_| scope.spawn(look)).collect();
            looking.into_iter().map(|looking| looking.join().unwrap()).collect()
        });
        assert!(seen.iter().all(|&address| address == seen[0]));
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }
}

#[test]
fn many_bodies_use_one_value() {
    const BODIES: usize = 8;
    const ROUNDS: usize = 300;

    let _watchdog = watchdog();
    for _ in 0..ROUNDS {
        let runs = Arc::new(AtomicUsize::new(0));
        let start = Arc::new(Barrier::new(BODIES + 1));
        let counted = runs.clone();
        // Made inside a body, the call lies in that thread's own queue.
        let x = spawn(move || Arc::new(spawn(move || counted.fetch_add(1, Ordering::SeqCst))));
        let x = Lazy::into_inner(x);
        let looking: Vec<Lazy<usize>> = (0..BODIES)
            .map(|_| {
                let (x, start) = (x.clone(), start.clone());
                spawn(move || {
                    start.wait();
                    (&raw const **x).addr()
                })
            })
            .collect();
        start.wait();
        let seen: Vec<usize> = looking.into_iter().map(Lazy::into_inner).collect();
        assert!(seen.iter().all(|&address| address == seen[0]));
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }
}

/// One claims the call and runs it in place while the others wait through the same reference.
#[test]
fn those_who_wait_while_one_runs_the_call_in_place_hear_of_its_end() {
    let _watchdog = watchdog();
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let passing = gate.clone();
    let seen = spawn(move || {
        let body = passing.clone();
        let x = Arc::new(spawn(move || {
            body.pass();
            7
        }));
        let others: Vec<Lazy<i32>> = (0..7)
            .map(|_| {
                let x = x.clone();
                spawn(move || **x)
            })
            .collect();
        let opener = spawn(move || {
            passing.wait_for_arrivals(1);
            passing.open();
        });
        let mine = **x;
        Lazy::into_inner(opener);
        mine + others.into_iter().map(Lazy::into_inner).sum::<i32>()
    });
    assert_eq!(seen, 56);
}

#[test]
fn a_lazy_is_joined_where_it_was_sent_to() {
    let _watchdog = watchdog();
    let x = spawn(|| String::from("sent"));
    assert_eq!(thread::spawn(move || Lazy::into_inner(x)).join().unwrap(), "sent");
    let y = spawn(|| String::from("sent again"));
    assert_eq!(spawn(move || Lazy::into_inner(y)), "sent again");
}
