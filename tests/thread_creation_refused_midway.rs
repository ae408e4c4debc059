//! The system gives a few threads and then no more: every call completes or is refused, none is lost.
//!
//! Only a user other than root is held to a number of threads: the tests start themselves again as one.
#![cfg(target_os = "linux")]

mod common;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::counters::Drops;
use common::{child, watchdog};
use pybackground::{Lazy, background, configure, scope, snapshot, spawn};

/// A user who runs nothing else, so that the limit counts the processes of these tests alone.
const USER: u32 = 61_234;

/// As `USER`, for a test that counts on each thread.
const OTHER_USER: u32 = 61_235;

/// As `with_threads_of`, as the user that most of these tests share.
fn with_threads(threads: usize, test: &str) {
    with_threads_of(USER, threads, test);
}

/// Starts the test of that name again as another user who may have so many threads; the process dies
/// with the watchdog of this one. Says on the screen why it cannot, if so.
fn with_threads_of(user: u32, threads: usize, test: &str) {
    let _watchdog = watchdog();
    let (user, group) = (format!("--reuid={user}"), format!("--regid={user}"));
    let limit = format!("--nproc={threads}:{threads}");
    let wrapper =
        ["setpriv", &user, &group, "--clear-groups", "--pdeathsig=KILL", "prlimit", &limit];
    let can_be_done = Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg(std::env::current_exe().unwrap())
        .arg("--list")
        .output()
        .is_ok_and(|output| output.status.success());
    if can_be_done {
        child::succeeds(&mut child::wrapped(&wrapper, test));
    } else {
        eprintln!("skipped: it takes root, `setpriv`, `prlimit`, and an executable all may run");
    }
}

/// The main thread and the test's are two; so there are from none to three of the runtime's.
const THREADS: std::ops::RangeInclusive<usize> = 2..=5;

/// Makes calls whose bodies make calls of that kind and join them, which blocks some of the threads.
fn every_call_completes_or_is_refused(inner: fn(usize) -> Lazy<usize>) {
    const ROUNDS: usize = 20;
    const CALLS: usize = 100;

    let runs = Arc::new(AtomicUsize::new(0));
    let (mut ended, mut refused) = (0, 0);
    for _ in 0..ROUNDS {
        let calls: Vec<Lazy<usize>> = (0..CALLS)
            .map(|n| {
                let runs = runs.clone();
                spawn(move || {
                    runs.fetch_add(1, Ordering::SeqCst);
                    match (Lazy::join(inner(n)), Lazy::join(inner(n))) {
                        (Ok(x), Ok(y)) => x + y,
                        (x, y) => {
                            assert!(
                                [x, y]
                                    .into_iter()
                                    .all(|x| x.map_or_else(|e| e.is_refused(), |x| x == n))
                            );
                            2 * n
                        }
                    }
                })
            })
            .collect();
        for (n, call) in calls.into_iter().enumerate() {
            match Lazy::join(call) {
                Ok(sum) => {
                    assert_eq!(sum, 2 * n);
                    ended += 1;
                }
                Err(error) => {
                    assert!(error.is_refused(), "{error}");
                    refused += 1;
                }
            }
        }
    }
    assert_eq!((ended + refused, runs.load(Ordering::SeqCst)), (ROUNDS * CALLS, ended));
}

#[test]
fn calls_that_a_waiting_thread_may_run_itself() {
    if child::is_child() {
        return every_call_completes_or_is_refused(|n| spawn(move || n));
    }
    THREADS.for_each(|threads| with_threads(threads, "calls_that_a_waiting_thread_may_run_itself"));
}

#[test]
fn calls_that_wait_for_a_slot() {
    #[background(limit = 2)]
    fn limited(n: usize) -> usize {
        n
    }

    if child::is_child() {
        return every_call_completes_or_is_refused(limited);
    }
    THREADS.for_each(|threads| with_threads(threads, "calls_that_wait_for_a_slot"));
}

#[test]
fn calls_that_have_a_deadline() {
    #[background(timeout = 3600)]
    fn with_timeout(n: usize) -> usize {
        n
    }

    if child::is_child() {
        return every_call_completes_or_is_refused(with_timeout);
    }
    THREADS.for_each(|threads| with_threads(threads, "calls_that_have_a_deadline"));
}

#[test]
fn calls_that_nobody_joins() {
    const CALLS: usize = 2_000;

    if child::is_child() {
        let drops = Drops::default();
        for _ in 0..CALLS {
            let token = drops.token();
            drop(spawn(move || drop(token)));
        }
        drops.wait_for(CALLS);
        common::wait_until(|| snapshot().queued == 0);
        assert_eq!(drops.count(), CALLS);
        return;
    }
    THREADS.for_each(|threads| with_threads(threads, "calls_that_nobody_joins"));
}

/// One more thread than there may be is only risked while the body of the only one waits for something else.
#[test]
fn calls_that_wait_for_the_end_of_a_body_that_waits() {
    #[background]
    async fn pending() {
        std::future::pending::<()>().await;
    }

    if child::is_child() {
        configure().workers(1).max_threads(1).install().unwrap();
        let pending = pending();
        let waits =
            spawn(move || Lazy::wait_timeout(&pending, Duration::from_millis(300)).is_none());
        let calls: Vec<_> = (0..10).map(|n| spawn(move || n)).collect();
        assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<i32>(), 45);
        assert!(Lazy::into_inner(waits));
        return;
    }
    // The two of the test, the worker and the monitor.
    with_threads_of(OTHER_USER, 4, "calls_that_wait_for_the_end_of_a_body_that_waits");
}

/// Closures that join others, of which the scope has a few threads or none.
#[test]
fn closures_of_a_scope_that_join_others() {
    const CLOSURES: usize = 20;

    if child::is_child() {
        let runs = AtomicUsize::new(0);
        let (mut ended, mut refused) = (0, 0);
        for _ in 0..3 {
            scope(|s| {
                let outer = (0..CLOSURES).map(|_| {
                    s.spawn(|| {
                        runs.fetch_add(1, Ordering::SeqCst);
                        Lazy::join(s.spawn(|| ())).map_err(|error| error.is_refused())
                    })
                });
                let outer: Vec<Lazy<Result<(), bool>>> = outer.collect();
                for outer in outer {
                    match Lazy::join(outer) {
                        Ok(inner) => {
                            assert!(inner != Err(false));
                            ended += 1;
                        }
                        Err(error) => {
                            assert!(error.is_refused(), "{error}");
                            refused += 1;
                        }
                    }
                }
            });
        }
        assert_eq!((ended + refused, runs.into_inner()), (3 * CLOSURES, ended));
        return;
    }
    (2..=6).for_each(|threads| with_threads(threads, "closures_of_a_scope_that_join_others"));
}
