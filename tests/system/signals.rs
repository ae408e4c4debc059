//! Signals break off the waits of threads, and a stopped program loses time: every wait goes on, and every
//! deadline is heard once.
#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

use std::ffi::c_int;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{child, watchdog};
use pybackground::{Error, Lazy, background, delay, sleep, spawn};
use signal_hook::consts::{SIGCONT, SIGUSR1};

const SHORT: Duration = Duration::from_millis(3);

/// Sends signals to one thread of process `$0` after another, as fast as it can, until that has ended.
const STORM: &str = r#"
    while [ -d /proc/$0/task ]; do
        for thread in /proc/$0/task/*; do
            for signal in "$@"; do kill -s "$signal" "${thread##*/}"; done
        done
    done
"#;

/// What waits, in each of the ways there are, while signals come, the `last` of which is heard.
#[expect(clippy::zombie_processes, reason = "the storm ends after this process")]
fn every_wait_ends_as_it_should_beside(signals: &[&str], last: c_int) {
    const ROUNDS: usize = 50;
    const CALLS: usize = 20;

    #[background(timeout = SHORT)]
    fn too_long() {
        sleep(Duration::MAX);
    }

    #[background]
    async fn later(n: usize) -> usize {
        delay(SHORT).await;
        n
    }

    let _watchdog = watchdog();
    let heard = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(last, heard.clone()).unwrap();
    let this = std::process::id().to_string();
    let mut storm = Command::new("sh");
    storm.args(["-c", STORM, &this]).args(signals).stdout(Stdio::null()).stderr(Stdio::null());
    let _runs_on = storm.spawn().unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    for round in 0..ROUNDS {
        common::wait_until(|| heard.swap(false, Ordering::SeqCst));
        let start = Instant::now();
        let sleepers: Vec<Lazy<usize>> = (0..CALLS)
            .map(|n| {
                let runs = runs.clone();
                spawn(move || {
                    sleep(SHORT);
                    runs.fetch_add(1, Ordering::SeqCst);
                    *spawn(move || n) + 1
                })
            })
            .collect();
        let endless = spawn(|| sleep(Duration::MAX));
        let late: Vec<Lazy<()>> = (0..CALLS).map(|_| too_long()).collect();
        assert!(Lazy::wait_timeout(&endless, SHORT).is_none());
        assert!(start.elapsed() >= SHORT);
        assert!(Lazy::cancel(&endless));
        assert!(Lazy::join(endless).is_err_and(|error| error.is_cancelled()));
        assert!(
            late.into_iter().map(Lazy::join).all(|end| end.is_err_and(|e: Error| e.is_timeout()))
        );
        assert!(start.elapsed() >= SHORT);
        assert_eq!(later(round), round);
        assert!(sleepers.into_iter().eq(1..=CALLS));
        assert_eq!(runs.load(Ordering::SeqCst), (round + 1) * CALLS);
    }
    pybackground::wait_idle(Duration::MAX).unwrap();
}

#[test]
fn signals_that_threads_handle() {
    if child::is_child() {
        return every_wait_ends_as_it_should_beside(&["USR1"], SIGUSR1);
    }
    child::succeeds(&mut child::command("signals_that_threads_handle"));
}

#[test]
fn stopped_and_continued() {
    if child::is_child() {
        return every_wait_ends_as_it_should_beside(&["STOP", "CONT"], SIGCONT);
    }
    child::succeeds(&mut child::command("stopped_and_continued"));
}
