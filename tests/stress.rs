//! Chance against the runtime: threads make calls of every kind, nested, limited, timed, shared,
//! dropped, with bodies that panic, and at the end every body has run as often as it had to.
//!
//! Two seconds, or as many as `PYBACKGROUND_STRESS_SECONDS` says; `PYBACKGROUND_STRESS_SEED` repeats
//! the calls of a run, though not what the threads made of them. Built with `--cfg
//! pybackground_chaos` the threads give way to each other where they race.

mod common;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use common::chance::Chance;
use common::counters::AtOnce;
use pybackground::{Lazy, background, configure, sleep, snapshot, spawn};

const CALLERS: u64 = 4;

/// So long without a step is a hang, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

static STEPS: AtomicU64 = AtomicU64::new(0);

/// How often a body began, and how often one was called that has to begin.
static BEGAN: AtomicU64 = AtomicU64::new(0);
static CALLED: AtomicU64 = AtomicU64::new(0);
static LIMITED: AtOnce = AtOnce::new();
static ALIVE: AtomicUsize = AtomicUsize::new(0);

/// A value of which every copy has to be dropped.
#[derive(Debug)]
struct Token(u64);

impl Token {
    fn new(value: u64) -> Self {
        ALIVE.fetch_add(1, Ordering::SeqCst);
        Self(value)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A call that has to begin is made; its body says that it did.
fn called() {
    CALLED.fetch_add(1, Ordering::SeqCst);
}

fn began() {
    BEGAN.fetch_add(1, Ordering::SeqCst);
}

#[background]
fn tree(depth: u64) -> u64 {
    began();
    if depth == 0 {
        return 1;
    }
    called();
    called();
    tree(depth - 1) + tree(depth - 1)
}

#[background(compute)]
fn compute_tree(depth: u64) -> u64 {
    began();
    if depth == 0 {
        return 1;
    }
    called();
    called();
    compute_tree(depth - 1) + compute_tree(depth - 1)
}

#[background(limit = 3)]
fn limited(depth: u64) -> u64 {
    began();
    {
        let _inside = LIMITED.enter();
        thread::yield_now();
    }
    if depth == 0 {
        return 1;
    }
    called();
    1 + Lazy::into_inner(limited(depth - 1))
}

#[background]
async fn suspended(rounds: u64) -> u64 {
    began();
    for _ in 0..rounds {
        let mut first = true;
        std::future::poll_fn(|context| {
            if std::mem::take(&mut first) {
                context.waker().wake_by_ref();
                return std::task::Poll::Pending;
            }
            std::task::Poll::Ready(())
        })
        .await;
    }
    rounds
}

#[background]
fn value(x: u64) -> Token {
    began();
    Token::new(x)
}

#[background]
fn panics(x: u64) -> u64 {
    began();
    // As a panic, without the panic hook's words.
    std::panic::resume_unwind(Box::new(x.to_string()))
}

/// Bodies that wait for each other in a circle; tells how many were told so.
fn ring(length: usize) -> usize {
    let (tell, told) = channel();
    let (calls, givers): (Vec<_>, Vec<_>) = (0..length)
        .map(|_| {
            let (give, come) = channel::<Lazy<()>>();
            let tell = tell.clone();
            called();
            let call = spawn(move || {
                began();
                let deadlock = Lazy::join(come.recv().unwrap()).is_err_and(|e| e.is_deadlock());
                tell.send(deadlock).unwrap();
            });
            (call, give)
        })
        .unzip();
    for (at, call) in calls.into_iter().enumerate() {
        givers[(at + 1) % length].send(call).unwrap();
    }
    told.iter().take(length).filter(|deadlock| *deadlock).count()
}

/// A body that makes calls, all of which sleep until they are told to stop.
fn cancelled_with_its_calls(calls: u64, after: Duration) {
    let (alive, over) = channel::<()>();
    let call = spawn(move || {
        let below = alive.clone();
        let _calls: Vec<_> = (0..calls)
            .map(|_| {
                let alive = below.clone();
                spawn(move || {
                    let _alive = alive;
                    sleep(Duration::MAX);
                })
            })
            .collect();
        let _alive = alive;
        sleep(Duration::MAX);
    });
    thread::sleep(after);
    assert!(Lazy::cancel(&call));
    assert!(over.recv().is_err(), "nobody is left to send");
}

fn one_step(chance: &mut Chance) {
    let x = chance.below(6);
    match chance.below(14) {
        11 => {
            let call = spawn(move || Token::new(x));
            let in_time = Lazy::cancel(&call);
            match Lazy::join(call) {
                Ok(value) => assert_eq!((value.0, in_time), (x, false)),
                Err(error) => assert!(error.is_cancelled() && in_time, "{error}"),
            }
        }
        12 => assert_eq!(ring(1 + usize::try_from(x).unwrap()), 1),
        13 => cancelled_with_its_calls(x, Duration::from_micros(chance.below(100))),
        0 => {
            called();
            assert_eq!(tree(x), 1 << x);
        }
        1 => {
            called();
            assert_eq!(compute_tree(x), 1 << x);
        }
        2 => {
            called();
            assert_eq!(limited(x), x + 1);
        }
        3 => {
            called();
            assert_eq!(suspended(x), x);
        }
        4 => {
            called();
            let error = Lazy::join(panics(x)).unwrap_err();
            assert_eq!(error.message(), Some(x.to_string().as_str()));
        }
        5 => {
            called();
            drop(value(x));
        }
        6 => {
            called();
            let value = value(x);
            let mut looked = Lazy::wait_timeout(&value, Duration::from_micros(10 * x)).is_some();
            while !looked {
                looked = Lazy::wait_timeout(&value, Duration::from_micros(50)).is_some();
            }
            assert_eq!(Lazy::peek(&value).unwrap().unwrap().0, x);
        }
        // A call that may time out need not begin.
        7 => {
            let value = Lazy::with_timeout(
                spawn(move || Token::new(x)),
                Duration::from_micros(chance.below(200)),
            );
            match Lazy::join(value) {
                Ok(value) => assert_eq!(value.0, x),
                Err(error) => assert!(error.is_timeout(), "{error}"),
            }
        }
        8 => {
            called();
            let shared = Arc::new(value(x));
            let elsewhere = shared.clone();
            called();
            let other = spawn(move || {
                began();
                elsewhere.0
            });
            assert_eq!(shared.0, x);
            assert_eq!(other, x);
        }
        9 => {
            let many: Vec<_> = (0..20 * x)
                .map(|n| {
                    called();
                    value(n)
                })
                .collect();
            let sum: u64 = many.iter().map(|value| value.0).sum();
            assert_eq!(sum, (0..20 * x).sum::<u64>());
        }
        _ => {
            called();
            let sleeper = spawn(move || {
                began();
                thread::sleep(Duration::from_micros(100 * x));
                x
            });
            called();
            assert_eq!(sleeper + tree(0), x + 1);
        }
    }
}

/// Ends the process when nothing moves any more.
fn watch() {
    thread::spawn(|| {
        let mut seen = 0;
        loop {
            thread::sleep(PATIENCE);
            let steps = STEPS.load(Ordering::Relaxed);
            if steps == seen {
                // Not by `eprintln!`: the test harness would keep it to itself.
                let _ = writeln!(
                    std::io::stderr(),
                    "no step for {PATIENCE:?}, after {steps}: {BEGAN:?} of {CALLED:?} calls began\n{}",
                    snapshot()
                );
                std::process::abort();
            }
            seen = steps;
        }
    });
}

#[test]
fn whatever_is_called_is_run_and_told() {
    let seconds = std::env::var("PYBACKGROUND_STRESS_SECONDS")
        .map_or(2.0, |text| text.parse().expect("PYBACKGROUND_STRESS_SECONDS is a number"));
    let seed = std::env::var("PYBACKGROUND_STRESS_SEED").map_or_else(
        |_| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
            u64::from(now.subsec_nanos()) << 20 | now.as_secs() & 0xFFFF
        },
        |text| text.parse().expect("PYBACKGROUND_STRESS_SEED is a whole number"),
    );
    println!("PYBACKGROUND_STRESS_SEED={seed}");
    let time = Duration::from_secs_f64(seconds);
    watch();
    // Threads that leave soon race with those who wake them.
    configure().workers(3).keep_alive(Duration::from_micros(200)).install().unwrap();

    let end = Instant::now() + time;
    thread::scope(|scope| {
        for caller in 0..CALLERS {
            let mut chance = Chance(seed ^ (caller + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
            scope.spawn(move || {
                while Instant::now() < end {
                    one_step(&mut chance);
                    STEPS.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });

    // Calls whose value nobody waits for may still be under way.
    common::wait_until(|| BEGAN.load(Ordering::SeqCst) >= CALLED.load(Ordering::SeqCst));
    assert_eq!(BEGAN.load(Ordering::SeqCst), CALLED.load(Ordering::SeqCst), "bodies ran twice");
    common::wait_until(|| ALIVE.load(Ordering::SeqCst) == 0);
    common::wait_until(|| snapshot().threads == 0);
    assert!(LIMITED.most() <= 3, "{} bodies at once", LIMITED.most());
    assert!(snapshot().overrunning.is_empty(), "{}", snapshot());
    println!("{STEPS:?} steps, {CALLED:?} calls");
}
