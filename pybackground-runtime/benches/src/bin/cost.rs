//! One operation, a fixed number of times, for a counter of instructions: see `cost/measure.sh`.
//!
//! The counter collects inside [`measured`] alone. The pool has one thread, and that thread either
//! runs the measured code or is held by a body; so the measured path is one thread's, and its count
//! is the same every time unless the system happens to switch to the monitor in the middle of it.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use pybackground::{Lazy, background, configure, spawn, sync};

/// So few take less than a time slice, and so the monitor rarely comes in between.
const OPERATIONS: usize = 250;

/// How long calls wait until the monitor, which looks at them ever more rarely, does so every eight milliseconds.
const RARELY_LOOKED_AT: Duration = Duration::from_millis(50);

/// More calls in a worker's queue than it wants before it computes on the spot.
const ENOUGH: usize = 8;

/// A deadline that never comes, but for which the monitor's thread is started.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// Taking and releasing a lock for which no other thread waits, in the place where it is used.
macro_rules! add_with_lock {
    ($lock:expr, $take:ident) => {{
        let lock = $lock;
        // The first use of a thread-local is not measured.
        drop(lock.$take());
        measured(|| (0..OPERATIONS).for_each(|n| *black_box(&lock).$take().unwrap() += n));
        check(*lock.$take().unwrap());
    }};
}

/// As `add_with_lock`, for reading.
macro_rules! read_with_lock {
    ($lock:expr) => {{
        let (lock, mut sum) = ($lock, 0);
        drop(lock.read());
        measured(|| (0..OPERATIONS).for_each(|_| sum += *black_box(&lock).read().unwrap()));
        assert_eq!(sum, OPERATIONS);
    }};
}

fn main() -> ExitCode {
    let one = configure().workers(1).max_threads(1).install();
    one.expect("there was no call yet");
    let operation = std::env::args().nth(1);
    #[cfg(feature = "timeline")]
    let _recording =
        std::env::args().nth(2).map(|path| pybackground::timeline(path).expect("a recording"));
    match operation.as_deref() {
        Some("dispatch") => dispatch(),
        Some("join") => join(),
        Some("in-place-join") => in_place_join(),
        Some("compute") => compute(),
        Some("nested") => nested(),
        Some("scope") => scope_of_two(),
        Some("mutex") => add_with_lock!(sync::Mutex::new(0), lock),
        Some("std-mutex") => add_with_lock!(std::sync::Mutex::new(0), lock),
        Some("write") => add_with_lock!(sync::RwLock::new(0), write),
        Some("std-write") => add_with_lock!(std::sync::RwLock::new(0), write),
        Some("read") => read_with_lock!(sync::RwLock::new(1)),
        Some("std-read") => read_with_lock!(std::sync::RwLock::new(1)),
        _ => {
            eprintln!(
                "usage: cost dispatch|join|in-place-join|compute|nested|scope|mutex|std-mutex|write|std-write|read|std-read"
            );
            return ExitCode::FAILURE;
        }
    }
    println!("{OPERATIONS}");
    // At once: what the end of the process costs is nobody's business.
    std::process::exit(0)
}

#[background]
fn identity(number: usize) -> usize {
    number
}

#[background(compute)]
fn identity_compute(number: usize) -> usize {
    number
}

/// What the counter looks at.
#[inline(never)]
fn measured<R>(operations: impl FnOnce() -> R) -> R {
    operations()
}

/// Making calls from outside while every worker is busy.
fn dispatch() {
    let (release, wait) = mpsc::channel();
    let held = on_the_worker(move || wait.recv().expect("the other side releases"));
    let waiting = identity(0);
    std::thread::sleep(RARELY_LOOKED_AT);
    let mut calls = Vec::with_capacity(OPERATIONS);
    measured(|| calls.extend((0..OPERATIONS).map(identity)));
    release.send(0).expect("the body waits");
    check(
        Lazy::into_inner(held)
            + Lazy::into_inner(waiting)
            + calls.into_iter().map(Lazy::into_inner).sum::<usize>(),
    );
}

/// Joining calls that have ended.
fn join() {
    let calls: Vec<Lazy<usize>> = (0..OPERATIONS).map(identity).collect();
    // The only worker takes calls from outside in their order: with the last all have ended.
    assert!(Lazy::wait(&calls[OPERATIONS - 1]).is_ok());
    check(measured(|| calls.into_iter().map(Lazy::into_inner).sum()));
}

/// Calls that a worker makes and joins at once, and so runs itself.
fn in_place_join() {
    let sum = || measured(|| (0..OPERATIONS).map(|n| Lazy::into_inner(identity(n))).sum());
    check(Lazy::into_inner(on_the_worker(sum)));
}

/// Calls that a worker with enough calls waiting runs where it makes them.
fn compute() {
    let sum = on_the_worker(|| {
        let waiting: Vec<Lazy<usize>> = (0..ENOUGH).map(|_| identity(0)).collect();
        let calls = || {
            let calls = (0..OPERATIONS).map(identity_compute);
            calls.map(Lazy::into_inner).sum::<usize>()
        };
        measured(calls) + waiting.into_iter().map(Lazy::into_inner).sum::<usize>()
    });
    check(Lazy::into_inner(sum));
}

/// A recursion of `compute` calls of a worker with enough calls waiting: each level runs two where it makes them.
fn nested() {
    let sum = on_the_worker(|| {
        let waiting: Vec<Lazy<usize>> = (0..ENOUGH).map(|_| identity(0)).collect();
        let sum = measured(|| Lazy::into_inner(sum_of(0, OPERATIONS)));
        sum + waiting.into_iter().map(Lazy::into_inner).sum::<usize>()
    });
    check(Lazy::into_inner(sum));
}

/// The sum of the numbers between: as many calls as numbers, and one less.
#[background(compute)]
fn sum_of(begin: usize, end: usize) -> usize {
    if end - begin == 1 {
        return begin;
    }
    let middle = usize::midpoint(begin, end);
    let (first, second) = (sum_of(begin, middle), sum_of(middle, end));
    Lazy::into_inner(first) + Lazy::into_inner(second)
}

/// Scopes in a body, each of two closures that the worker runs at the end of the scope.
fn scope_of_two() {
    let sum = on_the_worker(|| {
        measured(|| {
            (0..OPERATIONS)
                .map(|number| {
                    let (mut half, mut rest) = (0, 0);
                    pybackground::scope(|s| {
                        s.launch(|| half = number / 2);
                        s.launch(|| rest = number - number / 2);
                    });
                    half + rest
                })
                .sum()
        })
    });
    check(Lazy::into_inner(sum));
}

/// Runs `body` on the worker as soon as the monitor's thread is there, which is started for the first
/// deadline or the first call that waits, whichever comes first.
fn on_the_worker(body: impl FnOnce() -> usize + Send + 'static) -> Lazy<usize> {
    let (begin, wait) = mpsc::channel();
    let call = spawn(move || {
        wait.recv().expect("the other side begins");
        body()
    });
    let call = Lazy::with_timeout(call, NEVER);
    begin.send(()).expect("the body waits");
    call
}

fn check(sum: usize) {
    assert_eq!(sum, OPERATIONS * (OPERATIONS - 1) / 2);
}
