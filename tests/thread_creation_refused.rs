//! The system gives no thread at all: every call says so, and nothing hangs.

mod common;

use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::counters::{Drops, Token};
use common::panics::caught;
use common::watchdog;
use pybackground::{Lazy, background, configure, snapshot, spawn, spawn_compute};

static RUNS: AtomicUsize = AtomicUsize::new(0);

fn no_threads() {
    static CONFIGURED: Once = Once::new();
    // No address space has room for such a stack.
    CONFIGURED.call_once(|| configure().stack_size(1 << 46).install().unwrap());
}

#[background]
fn by_attribute(_token: Token) {
    RUNS.fetch_add(1, Ordering::SeqCst);
}

#[background(limit = 1)]
fn limited(_token: Token) {
    RUNS.fetch_add(1, Ordering::SeqCst);
}

#[background(timeout = 3600)]
fn with_timeout(_token: Token) {
    RUNS.fetch_add(1, Ordering::SeqCst);
}

#[background]
async fn asynchronous(_token: Token) {
    RUNS.fetch_add(1, Ordering::SeqCst);
}

#[test]
fn every_form_of_a_call_is_refused_and_says_so() {
    let _watchdog = watchdog();
    no_threads();
    let drops = Drops::default();
    let run = |_token: Token| {
        RUNS.fetch_add(1, Ordering::SeqCst);
    };
    let (one, two) = (drops.token(), drops.token());
    let calls = [
        by_attribute(drops.token()),
        limited(drops.token()),
        limited(drops.token()),
        with_timeout(drops.token()),
        asynchronous(drops.token()),
        background(run)(drops.token()),
        spawn(move || run(one)),
        spawn_compute(move || run(two)),
        Lazy::with_timeout(by_attribute(drops.token()), Duration::from_secs(3600)),
    ];
    drops.wait_for(calls.len());
    for call in calls {
        assert!(Lazy::is_ready(&call));
        let error = Lazy::join(call).unwrap_err();
        assert!(error.is_refused() && !error.is_panic() && !error.is_timeout());
        assert_eq!(error.called_at().file(), file!());
        let told = error.to_string();
        assert!(told.contains("refused") && told.contains("thread"), "{told}");
        assert!(told.contains(error.function()) && told.contains(file!()), "{told}");
    }
    assert_eq!((RUNS.load(Ordering::SeqCst), drops.count()), (0, 9));
}

#[test]
fn the_use_of_a_refused_call_panics_at_its_line() {
    let _watchdog = watchdog();
    no_threads();
    let x = spawn(|| 7);
    let before = line!();
    let panic = caught(|| *x);
    panic.assert_told_between(before, line!());
    assert!(panic.text().contains("refused"), "{}", panic.text());
    assert!(panic.text().contains("Lazy::join"), "what to do: {}", panic.text());
}

#[test]
fn many_calls_from_many_threads_are_all_refused() {
    let _watchdog = watchdog();
    no_threads();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let x = spawn(|| RUNS.fetch_add(1, Ordering::SeqCst));
                    drop(spawn(|| RUNS.fetch_add(1, Ordering::SeqCst)));
                    assert!(Lazy::join(x).unwrap_err().is_refused());
                }
            });
        }
    });
    assert_eq!(RUNS.load(Ordering::SeqCst), 0);
    common::wait_until(|| snapshot().queued == 0);
    assert_eq!(snapshot().threads, 0);
}
