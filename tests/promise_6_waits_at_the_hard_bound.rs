//! Promise 6: a program whose bodies wait for calls ends, however few threads there may be in all. Each test
//! is a process of its own.

mod common;

use std::process::Command;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::{child, watchdog};
use pybackground::{Lazy, Shared, all, as_completed, background, configure, delay, scope, spawn};

/// Far deeper than the stacks of the few threads hold.
const DEPTH: u64 = 20_000;

/// Runs the rest of the test in a child that may have so many threads in all.
macro_rules! with_threads_in_all {
    ($threads:literal, $test:expr $(, $setting:ident = $value:expr)?) => {
        if !child::is_child() {
            child::succeeds(child::command($test).env("RUST_BACKTRACE", "0"));
            return;
        }
        let _watchdog = watchdog();
        configure().workers(1).max_total_threads($threads)$(.$setting($value))?.install().unwrap();
    };
}

#[background]
fn nested(levels: u64) -> u64 {
    if levels == 0 { 0 } else { 1 + nested(levels - 1) }
}

/// A waiting thread does not run a call with a deadline in place, as long as there are other threads.
#[background(timeout = "1000s")]
fn nested_in_time(levels: u64) -> u64 {
    if levels == 0 { 0 } else { 1 + nested_in_time(levels - 1) }
}

/// As `nested`, through waits for any of several calls.
#[background]
fn nested_among_others(levels: u64) -> u64 {
    if levels == 0 {
        return 0;
    }
    let calls = [nested_among_others(levels - 1), spawn(|| 0), spawn(|| 0)];
    1 + as_completed(calls).map(|(_, depth)| depth.unwrap()).max().unwrap_or(0)
}

#[background]
fn sum(#[lazy] a: u64, #[lazy] b: u64) -> u64 {
    a + b
}

/// As `nested`, through waits for calls that wait for their arguments.
#[background]
fn nested_in_arguments(levels: u64) -> u64 {
    if levels == 0 {
        return 0;
    }
    *sum(nested_in_arguments(levels - 1), sum(spawn(|| 1), spawn(|| 0)))
}

/// The recursion has its value, or its call says that it was refused, and by which bound.
fn ends(call: Lazy<u64>, bound: &str) {
    match Lazy::join(call) {
        Ok(depth) => assert_eq!(depth, DEPTH),
        Err(error) => {
            let report = error.to_string();
            assert!(report.contains(bound), "{report}");
        }
    }
}

#[test]
fn deep_recursion_ends_at_max_total_threads() {
    with_threads_in_all!(3, "deep_recursion_ends_at_max_total_threads");
    ends(nested(DEPTH), "max_total_threads is 3");
}

#[test]
fn deep_recursion_of_calls_with_a_deadline_ends_at_max_total_threads() {
    const TEST: &str = "deep_recursion_of_calls_with_a_deadline_ends_at_max_total_threads";
    with_threads_in_all!(3, TEST);
    ends(nested_in_time(DEPTH), "max_total_threads is 3");
}

/// Several at once, so that each of the threads is blocked in another recursion when the last of them blocks.
fn several_end(recursion: fn(u64) -> Lazy<u64>) {
    const LEVELS: u64 = 30;
    assert_eq!(all((0..8).map(|_| recursion(LEVELS))), [LEVELS; 8]);
}

#[test]
fn recursions_of_waits_for_any_call_end_at_max_total_threads() {
    with_threads_in_all!(3, "recursions_of_waits_for_any_call_end_at_max_total_threads");
    several_end(nested_among_others);
}

/// No body runs on top of another one.
#[test]
fn recursion_of_calls_with_arguments_ends_without_a_reserve_of_stack() {
    const TEST: &str = "recursion_of_calls_with_arguments_ends_without_a_reserve_of_stack";
    with_threads_in_all!(3, TEST, stack_reserve = 0);
    for _ in 0..20 {
        ends(nested_in_arguments(30), "max_total_threads is 3");
    }
}

#[test]
fn the_only_thread_runs_the_calls_that_it_waits_for() {
    with_threads_in_all!(1, "the_only_thread_runs_the_calls_that_it_waits_for");
    let sum = spawn(|| nested_in_time(10) + Lazy::into_inner(nap(5)));
    let others: Vec<_> = (0..10).map(|number| spawn(move || number)).collect();
    assert_eq!(sum, 15);
    assert_eq!(others.into_iter().map(Lazy::into_inner).sum::<u64>(), 45);
}

#[background]
async fn nap(number: u64) -> u64 {
    delay(Duration::from_millis(1)).await;
    number
}

#[test]
fn the_only_thread_polls_the_futures_of_which_it_waits_for_any() {
    with_threads_in_all!(1, "the_only_thread_polls_the_futures_of_which_it_waits_for_any");
    let sum =
        spawn(|| as_completed((0..10).map(nap)).map(|(_, number)| number.unwrap()).sum::<u64>());
    assert_eq!(sum, 45);
}

/// The thread has looked for something to run long before the future is woken.
#[test]
fn the_only_thread_waits_for_a_future_that_is_woken_late() {
    with_threads_in_all!(1, "the_only_thread_waits_for_a_future_that_is_woken_late");
    let late = spawn(|| {
        let late = async_call(async {
            delay(Duration::from_millis(300)).await;
            7
        });
        *late
    });
    assert_eq!(late, 7);
}

#[background]
async fn async_call(future: impl Future<Output = u64> + Send + 'static) -> u64 {
    future.await
}

/// The call that `ring` makes awaits this one.
static FIRST: OnceLock<Shared<u64>> = OnceLock::new();

/// Returns an async call that awaits `FIRST`.
fn awaits_first() -> Lazy<u64> {
    async_call(async { *FIRST.wait().clone().await })
}

/// The error of a call that waits, in a way, for a call that awaits it.
fn ring(wait: fn() -> u64) -> String {
    let first = Lazy::share(spawn(wait));
    assert!(FIRST.set(first.clone()).is_ok());
    Shared::wait(&first).unwrap_err().to_string()
}

#[test]
fn ring_through_a_future_is_reported_at_max_total_threads() {
    with_threads_in_all!(1, "ring_through_a_future_is_reported_at_max_total_threads");
    let error = ring(|| *awaits_first());
    assert!(error.contains("would never have ended"), "{error}");
}

#[test]
fn ring_through_any_of_several_futures_is_reported_at_max_total_threads() {
    const TEST: &str = "ring_through_any_of_several_futures_is_reported_at_max_total_threads";
    with_threads_in_all!(1, TEST);
    let error = ring(|| {
        let calls = [awaits_first(), awaits_first()];
        as_completed(calls).map(|(_, number)| number.unwrap()).sum()
    });
    assert!(error.contains("would never have ended"), "{error}");
}

#[test]
fn ring_through_the_end_of_a_scope_is_reported_at_max_total_threads() {
    with_threads_in_all!(1, "ring_through_the_end_of_a_scope_is_reported_at_max_total_threads");
    let error = ring(|| {
        scope(|s| s.launch(|| _ = Lazy::into_inner(awaits_first())));
        0
    });
    assert!(error.contains("would never have ended"), "{error}");
}

#[test]
fn ring_through_an_argument_is_reported_at_max_total_threads() {
    with_threads_in_all!(1, "ring_through_an_argument_is_reported_at_max_total_threads");
    let error = ring(|| *sum(awaits_first(), awaits_first()));
    assert!(error.contains("would never have ended"), "{error}");
}

/// Each of the threads waits for a future, which needs a thread when it is woken.
#[test]
fn blocked_threads_poll_the_woken_futures_that_they_wait_for() {
    with_threads_in_all!(4, "blocked_threads_poll_the_woken_futures_that_they_wait_for");
    let calls: Vec<_> = (0..100)
        .map(|number| {
            let nap = nap(number);
            spawn(move || *nap)
        })
        .collect();
    assert_eq!(calls.into_iter().map(Lazy::into_inner).sum::<u64>(), 4950);
}

/// A user that runs nothing else, so that the limit counts the threads of this test alone.
#[cfg(target_os = "linux")]
#[test]
fn deep_recursion_ends_under_a_limit_on_processes() {
    const TEST: &str = "deep_recursion_ends_under_a_limit_on_processes";
    let _watchdog = watchdog();
    if child::is_child() {
        return ends(nested_in_time(DEPTH), "the system gave no thread");
    }
    let wrapper =
        "setpriv --reuid=61236 --regid=61236 --clear-groups --pdeathsig=KILL prlimit --nproc=40:40";
    let wrapper: Vec<&str> = wrapper.split(' ').collect();
    let program = std::env::current_exe().unwrap();
    let can_run = Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg(program)
        .arg("--list")
        .output()
        .is_ok_and(|output| output.status.success());
    if can_run {
        child::succeeds(child::wrapped(&wrapper, TEST).env("RUST_BACKTRACE", "0"));
    } else {
        eprintln!("skipped: it takes root, `setpriv`, `prlimit`, and an executable all may run");
    }
}

#[background]
async fn awaits(given: Receiver<Lazy<u64>>) -> u64 {
    given.recv().unwrap().await + 1
}

/// The call from outside is behind the suspended body that awaits it.
#[test]
fn call_that_a_joined_async_body_awaits_runs_on_the_only_thread() {
    with_threads_in_all!(1, "call_that_a_joined_async_body_awaits_runs_on_the_only_thread");
    let ((give_call, call), (give_async, given)) = (channel(), channel());
    let joins = spawn(move || Lazy::into_inner(given.recv().unwrap()));
    give_async.send(awaits(call)).unwrap();
    give_call.send(nested(1)).unwrap();
    assert_eq!(joins, 2);
}

#[background(limit = 1)]
async fn one_at_a_time(number: u64) -> u64 {
    delay(Duration::from_millis(1)).await;
    number
}

/// The first call has the permit that the second needs.
#[test]
fn the_only_thread_runs_the_call_that_has_the_permit() {
    with_threads_in_all!(1, "the_only_thread_runs_the_call_that_has_the_permit");
    let sum = spawn(|| {
        let (first, second) = (one_at_a_time(1), one_at_a_time(2));
        *second + *first
    });
    assert_eq!(sum, 3);
}
