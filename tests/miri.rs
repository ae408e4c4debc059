//! A short run through the library for Miri, which interprets it and checks each access of memory: the erased
//! lifetimes of a scope above all. `.ci/long miri` runs it, `.ci/run` with one seed.
//!
//! It is one test, because a process takes seconds to start under Miri, which looks for leaks and threads at its end.

mod common;

use std::num::ParseIntError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use common::counters::{Drops, Token};
use common::futures::block_on;
use common::gate::Gate;
use common::panics::caught;
use common::watchdog;
use pybackground::{
    BackgroundIterator, Error, Lazy, Scope, Shared, Timeout, all, as_completed, background,
    cancelled, checkpoint, configure, scope, shutdown, sleep, snapshot, spawn, sync, try_all,
    wait_idle,
};

#[test]
fn library_reads_and_writes_only_memory_that_it_owns() {
    let _watchdog = (!cfg!(miri)).then(watchdog);
    // The monitor's clock is the real one, and Miri is slow.
    configure().workers(2).report_after(Duration::ZERO).install().unwrap();
    for (name, part) in [
        ("scope_lends_and_returns", scope_lends_and_returns as fn()),
        ("scope_values_that_borrow", scope_values_that_borrow),
        ("scope_that_panics", scope_that_panics),
        ("scope_calls_that_panic", scope_calls_that_panic),
        ("scope_calls_that_never_start", scope_calls_that_never_start),
        ("scope_waits_for_overdue_bodies", scope_waits_for_overdue_bodies),
        ("scope_reference_in_a_closure", scope_reference_in_a_closure),
        ("scope_destructors", scope_destructors),
        ("calls", calls),
        ("nested_calls", nested_calls),
        ("panics", panics),
        ("several_calls", several_calls),
        ("continuations", continuations),
        ("shared_values", shared_values),
        ("async_calls", async_calls),
        ("cancellation", cancellation),
        ("timeouts", timeouts),
        ("limit", limit),
        ("cycle", cycle),
        ("locks", locks),
    ] {
        println!("{name}");
        part();
    }
    // Miri reports threads that run at the end of `main`, and what is allocated then.
    shutdown(Duration::MAX).unwrap();
    assert_eq!(snapshot().threads, 0);
}

#[background]
fn length(word: &str) -> usize {
    word.len()
}

#[background]
fn parse(text: &str) -> Result<u32, ParseIntError> {
    text.parse()
}

fn calls() {
    let words = ["some", "slow", "words"].map(length);
    assert_eq!(words.into_iter().map(|length| *length).sum::<usize>(), 13);
    assert_eq!(background(i32::pow)(2, 10) + spawn(|| 1), 1025);
    let text = spawn(|| String::from("a value on the heap"));
    assert!(text.ends_with("heap"));
    assert_eq!(Lazy::into_inner(text).len(), 19);
    drop(spawn(|| vec![1]));
}

#[background(compute)]
fn fib(n: u32) -> u32 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

#[background]
fn depth(n: u32) -> u32 {
    if n == 0 { 0 } else { depth(n - 1) + 1 }
}

fn nested_calls() {
    assert_eq!(fib(3), 2);
    assert_eq!(depth(3), 3);
}

fn panics() {
    let call = spawn(|| -> u32 { panic!("boom") });
    assert_eq!(Lazy::wait(&call).unwrap_err().message(), Some("boom"));
    assert_eq!(caught(|| *call).text(), "boom");
    drop(spawn(|| -> u32 { panic!("unseen") }));
}

fn several_calls() {
    assert_eq!(all(["a", "bc"].map(length)), [1, 2]);
    assert!(try_all(["1", "x", "2"].map(parse)).is_err());
    let mut sum = 0;
    for (position, number) in as_completed(["1", "2", "3"].map(parse)) {
        sum += position + number.unwrap().unwrap() as usize;
    }
    assert_eq!(sum, 9);
    let lengths = ["a", "bc", "def"].into_iter().background_map(2, length);
    assert_eq!(lengths.collect::<Vec<_>>(), [1, 2, 3]);
}

#[background]
fn add(#[lazy] a: usize, #[lazy] b: usize) -> usize {
    a + b
}

fn continuations() {
    assert_eq!(Lazy::map(length("abc"), |n| n + 1), 4);
    assert_eq!(Lazy::and_then(length("abc"), |n| spawn(move || n * 2)), 6);
    assert_eq!(add(length("a"), length("bc")), 3);
    let failed = Lazy::map(spawn(|| -> u32 { panic!("boom") }), |n| n + 1);
    assert!(Lazy::join(failed).is_err());
}

fn shared_values() {
    let gate = Gate::default();
    let pass = gate.clone();
    let shared = Lazy::share(spawn(move || {
        pass.pass();
        String::from("shared")
    }));
    let clones = [shared.clone(), shared.clone()];
    let threads = clones.map(|clone: Shared<String>| thread::spawn(move || clone.len()));
    gate.open();
    assert_eq!(threads.map(|thread| thread.join().unwrap()), [6, 6]);
    assert_eq!(*shared, "shared");
}

#[background]
async fn total() -> usize {
    length("ab").await + length("c").await
}

fn async_calls() {
    assert_eq!(total(), 3);
    assert_eq!(block_on(total()), 3);
    let failed = spawn(|| -> u32 { panic!("boom") });
    assert!(block_on(Lazy::outcome(failed)).is_err());
    drop(total());
}

fn cancellation() {
    let gate = Gate::default();
    let pass = gate.clone();
    let polls = spawn(move || {
        pass.pass();
        while !cancelled() {
            thread::yield_now();
        }
        checkpoint();
    });
    let sleeps = spawn(|| sleep(Duration::MAX));
    gate.open();
    gate.wait_for_arrivals(1);
    assert!(Lazy::cancel(&polls) && Lazy::cancel(&sleeps));
    assert!(Lazy::join(polls).unwrap_err().is_cancelled());
    assert!(Lazy::join(sleeps).unwrap_err().is_cancelled());
    wait_idle(Duration::MAX).unwrap();
}

fn timeouts() {
    let gate = Gate::default();
    let pass = gate.clone();
    let drops = Drops::default();
    let value = drops.token();
    let late = spawn(move || {
        pass.pass();
        value
    });
    gate.wait_for_arrivals(1);
    assert!(Lazy::with_timeout(late, Duration::from_millis(1)) == Timeout);
    gate.open();
    wait_idle(Duration::MAX).unwrap();
    assert_eq!(drops.count(), 1);
}

#[background(limit = 1)]
fn alone(inside: &'static AtomicUsize) {
    assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
    thread::yield_now();
    inside.fetch_sub(1, Ordering::Relaxed);
}

fn limit() {
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    (0..4).map(|_| alone(&INSIDE)).collect::<Vec<_>>().into_iter().for_each(Lazy::into_inner);
}

fn cycle() {
    let (give, come) = channel::<Lazy<bool>>();
    let own = spawn(move || Lazy::join(come.recv().unwrap()).is_err_and(|e| e.is_deadlock()));
    let (tell, told) = channel();
    let watched = Lazy::map(own, move |deadlock| {
        tell.send(deadlock).unwrap();
        deadlock
    });
    give.send(watched).unwrap();
    assert!(told.recv().unwrap());
}

fn locks() {
    static COUNT: sync::Mutex<u32> = sync::Mutex::new(0);
    let calls: Vec<Lazy<()>> = (0..3).map(|_| spawn(|| *COUNT.lock().unwrap() += 1)).collect();
    all(calls);
    assert_eq!(*COUNT.lock().unwrap(), 3);
}

fn scope_lends_and_returns() {
    let mut numbers = vec![1, 2, 3, 4];
    let name = String::from("lent");
    let letters = scope(|s| {
        let (low, high) = numbers.split_at_mut(2);
        s.launch(|| low.iter_mut().for_each(|number| *number += 1));
        let name = &name;
        s.launch(move || {
            scope(|inner| high.iter_mut().for_each(|number| inner.launch(|| *number *= 2)));
        });
        *s.spawn(move || name.len())
    });
    assert_eq!((numbers, letters), (vec![2, 3, 6, 8], 4));
}

fn scope_values_that_borrow() {
    let text = String::from("some slow words");
    let words: Vec<Lazy<&str>> =
        scope(|s| text.split(' ').map(|word| s.spawn(move || word)).collect());
    assert_eq!(words.iter().map(|word| word.len()).sum::<usize>(), 13);

    let mut numbers = vec![3, 1, 2];
    let sorted: &mut [i32] = scope(|s| {
        Lazy::into_inner(s.spawn(|| {
            numbers.sort_unstable();
            &mut numbers[..2]
        }))
    });
    sorted[0] = 7;
    assert_eq!(numbers, [7, 2, 3]);

    let sent = thread::spawn(scope(|s| {
        let call = s.spawn(|| text.len());
        move || *call
    }));
    assert_eq!(sent.join().unwrap(), 15);
}

fn scope_that_panics() {
    let (gate, ended) = (Gate::default(), AtomicUsize::new(0));
    let panic = caught(|| {
        scope(|s| {
            s.launch(|| {
                gate.pass();
                ended.fetch_add(1, Ordering::Relaxed);
            });
            let _open = gate.opened_at_end();
            panic!("in the scope");
        })
    });
    assert_eq!(panic.text(), "in the scope");
    assert_eq!(ended.into_inner(), 1);
}

fn scope_calls_that_panic() {
    let text = String::from("lent");
    scope(|s| {
        let call = s.spawn(|| -> u32 { panic!("{text}") });
        assert_eq!(Lazy::join(call).unwrap_err().message(), Some("lent"));
    });
    let panic = caught(|| scope(|s| s.launch(|| panic!("{text}"))));
    assert!(panic.text().contains("panicked: lent"), "{}", panic.text());
}

fn scope_calls_that_never_start() {
    let drops = Drops::default();
    let lent = String::from("lent");
    scope(|s| {
        for n in 0..4 {
            let (token, lent) = (drops.token(), &lent);
            let call = s.spawn(move || {
                let _token = token;
                lent.len()
            });
            match n % 4 {
                0 => _ = Lazy::cancel(&call),
                1 => drop(Lazy::with_timeout(call, Duration::ZERO)),
                2 => drop(call),
                _ => drop(Lazy::cancel_on_drop(call)),
            }
        }
    });
    assert_eq!(drops.count(), 4);
}

fn scope_waits_for_overdue_bodies() {
    let (gate, lent) = (Gate::default(), String::from("lent"));
    let drops = Drops::default();
    scope(|s| {
        let token = drops.token();
        let (gate, lent) = (&gate, &lent);
        let late = s.spawn(move || {
            gate.pass();
            (token, lent.len()).1
        });
        gate.wait_for_arrivals(1);
        assert!(Lazy::with_timeout(late, Duration::from_millis(1)) == Timeout);
        let stopped = s.spawn(move || {
            gate.pass();
            // Time for a scope that does not wait to return and to drop what it lent.
            (0..20).for_each(|_| thread::yield_now());
            assert_eq!(lent, "lent");
            checkpoint();
        });
        gate.wait_for_arrivals(2);
        assert!(Lazy::cancel(&stopped));
        gate.open();
    });
    assert_eq!(drops.count(), 1);
}

fn scope_reference_in_a_closure() {
    let ran = AtomicUsize::new(0);
    scope(|s| {
        let (send, receive) = channel::<&Scope<'_, '_>>();
        let ran = &ran;
        s.launch(move || {
            let scope = receive.recv().unwrap();
            scope.launch(move || _ = ran.fetch_add(1, Ordering::Relaxed));
        });
        send.send(s).unwrap();
    });
    assert_eq!(ran.into_inner(), 1);
}

/// Reads what it borrows, and panics, when it is dropped.
struct Reads<'a>(&'a str, #[expect(dead_code, reason = "it counts its drop")] Token);

impl Drop for Reads<'_> {
    fn drop(&mut self) {
        assert_eq!(self.0, "not lent", "in a destructor");
    }
}

fn scope_destructors() {
    let (lent, drops) = (String::from("lent"), Drops::default());
    let ended: Result<(), _> = catch_unwind(AssertUnwindSafe(|| {
        scope(|s| {
            for n in 0..4 {
                let reads = Reads(&lent, drops.token());
                let call = s.spawn(move || drop(reads));
                match n % 3 {
                    0 => _ = Lazy::cancel(&call),
                    1 => _ = Lazy::join(call).map_err(|error: Error| error.message().map(drop)),
                    _ => drop(call),
                }
            }
            let reads = Reads(&lent, drops.token());
            drop(s.spawn(move || reads));
        });
    }));
    drop(ended);
    assert_eq!(drops.count(), 5);
}
