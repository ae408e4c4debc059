//! Chance against scopes: closures borrow from the frame of their scope, and are joined, dropped, cancelled, late, refused a
//! value by a panic, nested, or sent out. When a scope has returned, none of them is left.
//!
//! One second, or as many as `PYBACKGROUND_STRESS_SECONDS` says. `bash .ci/long asan` runs it under a sanitizer, which sees
//! a closure that reads or writes a frame after its scope.

mod common;

use std::mem::forget;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::watchdog;
use pybackground::{Lazy, Scope, checkpoint, configure, scope, spawn};

const CALLERS: u64 = 4;

/// Marsaglia's xorshift.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 16) & 0xFFFF_FFFF).unwrap() % bound
    }
}

/// Counts itself in a frame that the scope borrows, and reads what it borrows when it is dropped.
struct Counted<'a> {
    alive: &'a AtomicUsize,
    text: &'a str,
}

impl<'a> Counted<'a> {
    fn new(alive: &'a AtomicUsize, text: &'a str) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self { alive, text }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        assert!(self.text.starts_with("borrowed"));
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Sorts by closures that borrow the two halves.
fn sort(numbers: &mut [u32]) {
    if numbers.len() < 2 {
        return;
    }
    let last = numbers.len() - 1;
    let pivot = numbers[last];
    let mut at = 0;
    for next in 0..last {
        if numbers[next] < pivot {
            numbers.swap(at, next);
            at += 1;
        }
    }
    numbers.swap(at, last);
    let (low, high) = numbers.split_at_mut(at);
    scope(|s| {
        s.launch(|| sort(low));
        sort(&mut high[1..]);
    });
}

/// A closure that spawns others, which spawn others.
fn grow<'scope>(s: &'scope Scope<'scope, '_>, depth: usize, leaves: &'scope AtomicUsize) {
    if depth == 0 {
        leaves.fetch_add(1, Ordering::SeqCst);
    } else {
        s.launch(move || grow(s, depth - 1, leaves));
        s.launch(move || grow(s, depth - 1, leaves));
    }
}

/// Spawns a closure and treats its `Lazy` in one of many ways.
fn closure<'scope>(
    s: &'scope Scope<'scope, '_>,
    chance: &mut Chance,
    (alive, text): (&'scope AtomicUsize, &'scope str),
) {
    let (captured, sleeps) = (Counted::new(alive, text), chance.below(3) == 0);
    let body = move || {
        if sleeps {
            thread::sleep(Duration::from_micros(50));
        }
        checkpoint();
        let value = Counted::new(captured.alive, captured.text);
        drop(captured);
        value
    };
    let lazy = s.spawn(body);
    match chance.below(7) {
        0 => assert_eq!(lazy.text, text),
        1 => drop(lazy),
        2 => {
            Lazy::cancel(&lazy);
        }
        3 => {
            let late = Lazy::with_timeout(lazy, Duration::from_micros(30));
            if let Ok(value) = Lazy::join(late) {
                assert_eq!(value.text, text);
            }
        }
        4 => {
            // A sibling has the value, and drops it.
            s.launch(move || {
                if let Ok(value) = Lazy::join(lazy) {
                    assert!(value.text.starts_with("borrowed"));
                }
            });
        }
        5 => {
            let panics = s.spawn(move || -> u32 {
                let _value = lazy;
                resume_unwind(Box::new("as a panic, without a message"));
            });
            assert!(Lazy::join(panics).is_err());
        }
        _ => {
            // The value leaks, and nothing else does.
            let leaks = s.spawn(|| text.len());
            forget(leaks);
        }
    }
}

fn one_step(chance: &mut Chance) {
    match chance.below(6) {
        0 => {
            let mut numbers: Vec<u32> =
                (0..64).map(|_| u32::try_from(chance.below(1000)).unwrap()).collect();
            sort(&mut numbers);
            assert!(numbers.is_sorted());
        }
        1 => {
            let (depth, leaves) = (chance.below(5), AtomicUsize::new(0));
            scope(|s| grow(s, depth, &leaves));
            assert_eq!(leaves.into_inner(), 1 << depth);
        }
        2 => {
            // In a body that is cancelled, its scope stops, and still waits.
            let seed = chance.0 | 1;
            let call = spawn(move || one_scope(&mut Chance(seed), true));
            if chance.below(2) == 0 {
                Lazy::cancel(&call);
            }
            if let Err(error) = Lazy::join(call) {
                assert!(error.is_cancelled(), "{error}");
            }
        }
        _ => one_scope(chance, false),
    }
}

/// A scope that returns, or that unwinds in the middle. `may_stop` if it is in a body that may be cancelled.
fn one_scope(chance: &mut Chance, may_stop: bool) {
    let alive = AtomicUsize::new(0);
    let text = format!("borrowed {}", chance.below(1000));
    let mut written = [0_u8; 16];
    let (count, panics) = (chance.below(12), chance.below(8) == 0);
    let left = catch_unwind(AssertUnwindSafe(|| {
        scope(|s| {
            for byte in &mut written {
                s.launch(move || *byte += 1);
            }
            for _ in 0..count {
                closure(s, chance, (&alive, &text));
            }
            if panics {
                resume_unwind(Box::new("as a panic, without a message"));
            }
            s.spawn(|| text.as_str())
        })
    }));
    assert_eq!(alive.load(Ordering::SeqCst), 0, "a closure or its value is left");
    match left {
        Ok(lazy) => {
            assert!(!panics);
            match Lazy::join(lazy) {
                Ok(value) => assert_eq!(value, text),
                Err(error) => assert!(may_stop && error.is_cancelled(), "{error}"),
            }
            assert!(may_stop || written == [1; 16]);
        }
        Err(panic) => {
            // The other one is that of a body which stops.
            let is_own = panics && panic.is::<&str>();
            if !is_own {
                resume_unwind(panic);
            }
        }
    }
}

#[test]
fn nothing_of_a_scope_is_left_after_it() {
    let seconds = std::env::var("PYBACKGROUND_STRESS_SECONDS")
        .map_or(1.0, |text| text.parse().expect("PYBACKGROUND_STRESS_SECONDS is a number"));
    configure().workers(3).keep_alive(Duration::from_micros(200)).install().unwrap();
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let mut chance = Chance((caller + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
            scope.spawn(move || {
                while Instant::now() < end {
                    let _watchdog = watchdog();
                    for _ in 0..100 {
                        one_step(&mut chance);
                    }
                }
            });
        }
    });
}
