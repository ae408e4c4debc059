//! A value that is printed under the lock of a standard stream, while its body prints too.
//!
//! Each test is a process of its own, because the streams are those of the process. The deadlock is found where
//! Linux says what a thread is blocked in.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod common;

use std::fmt;
use std::io::Write;
use std::process::Output;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use common::child;
use common::panics::caught;
use common::watchdog;
use pybackground::{Lazy, Shared, background, scope, spawn};

/// Written into a message before a value: lets the body of the value print now that the lock is held.
struct Release(Sender<()>);

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.send(()).unwrap();
        f.write_str("printed: ")
    }
}

#[background]
fn download(n: u32, may_print: Receiver<()>) -> u32 {
    may_print.recv().unwrap();
    println!("downloaded {n}");
    n * 10
}

#[background]
fn warn(n: u32, may_print: Receiver<()>) -> u32 {
    may_print.recv().unwrap();
    eprintln!("warned {n}");
    n * 10
}

/// Runs the test of that name in a process of its own. Returns `None` in that process.
fn in_child(test: &str) -> Option<Output> {
    if child::is_child() {
        return None;
    }
    let output = child::command(test).output().unwrap();
    assert!(output.status.success(), "{}", child::told(&output));
    Some(output)
}

#[track_caller]
fn is_told(message: &str, function: &str, stream: &str) {
    for part in [function, "(called at tests/printing.rs:", stream, "println!(\"{}\", *x)"] {
        assert!(message.contains(part), "{part} is missing in: {message}");
    }
}

#[test]
fn display_panics_with_the_call_and_what_to_write() {
    let _watchdog = watchdog();
    if in_child("display_panics_with_the_call_and_what_to_write").is_some() {
        return;
    }
    let (release, may_print) = channel();
    let x = download(1, may_print);
    let panic = caught(|| println!("{}{x}", Release(release)));
    is_told(panic.text(), "download`", "standard output");
    // The lock is free again, so the body ends.
    assert_eq!(x, 10);
}

#[test]
fn debug_prints_the_error_and_the_program_goes_on() {
    let _watchdog = watchdog();
    if let Some(output) = in_child("debug_prints_the_error_and_the_program_goes_on") {
        let printed = String::from_utf8_lossy(&output.stdout);
        is_told(&printed, "download`", "standard output");
        return;
    }
    let (release, may_print) = channel();
    let x = download(2, may_print);
    println!("{}{x:?}", Release(release));
    assert_eq!(x, 20);
}

#[test]
fn standard_error_is_covered() {
    let _watchdog = watchdog();
    if in_child("standard_error_is_covered").is_some() {
        return;
    }
    let (release, may_print) = channel();
    let x = warn(3, may_print);
    let panic = caught(|| eprintln!("{}{x}", Release(release)));
    is_told(panic.text(), "warn`", "standard error");
    assert_eq!(x, 30);
}

#[test]
fn locked_handle_is_covered() {
    let _watchdog = watchdog();
    if in_child("locked_handle_is_covered").is_some() {
        return;
    }
    let (release, may_print) = channel();
    let x = download(4, may_print);
    let panic = caught(|| {
        let mut out = std::io::stdout().lock();
        release.send(()).unwrap();
        writeln!(out, "{x:>8}").unwrap();
    });
    is_told(panic.text(), "download`", "standard output");
    assert_eq!(x, 40);
}

#[test]
fn shared_value_and_collections_are_covered() {
    let _watchdog = watchdog();
    if in_child("shared_value_and_collections_are_covered").is_some() {
        return;
    }
    let (release, may_print) = channel();
    let x: Shared<u32> = Lazy::share(download(5, may_print));
    let panic = caught(|| println!("{}{x}", Release(release)));
    is_told(panic.text(), "download`", "standard output");
    assert_eq!(*x, 50);

    let (release, may_print) = channel();
    let all = vec![download(6, may_print)];
    println!("{}{all:?}", Release(release));
    assert_eq!(*all[0], 60);
}

#[test]
fn call_that_waits_for_one_that_prints_is_covered() {
    let _watchdog = watchdog();
    if in_child("call_that_waits_for_one_that_prints_is_covered").is_some() {
        return;
    }
    let (release, may_print) = channel();
    let inner = Lazy::share(download(7, may_print));
    let awaited = inner.clone();
    let (start, started) = channel();
    let x = spawn(move || {
        start.send(()).unwrap();
        *awaited + 1
    });
    started.recv().unwrap();
    let panic = caught(|| println!("{}{x}", Release(release)));
    assert!(panic.text().contains("under the lock of standard output"), "{}", panic.text());
    assert_eq!(x, 71);
}

/// The threads that the body has started have the name of its own thread.
#[test]
fn body_that_has_started_threads_without_names_is_covered() {
    let _watchdog = watchdog();
    if in_child("body_that_has_started_threads_without_names_is_covered").is_some() {
        return;
    }
    let ((release, may_print), (end, ends)) = (channel(), channel::<()>());
    let x = spawn(move || {
        let (start, started) = channel();
        let own = start.clone();
        std::thread::spawn(move || {
            own.send(()).unwrap();
            let _ = ends.recv();
        });
        std::thread::spawn(move || {
            start.send(()).unwrap();
            loop {
                std::thread::yield_now();
            }
        });
        assert_eq!(started.iter().take(2).count(), 2);
        let value: u32 = may_print.recv().map_or(0, |()| 8);
        println!("from the body");
        value
    });
    let panic = caught(|| println!("{}{x}", Release(release)));
    assert!(panic.text().contains("under the lock of standard output"), "{}", panic.text());
    assert_eq!(x, 8);
    drop(end);
}

#[test]
fn closure_of_a_scope_is_covered() {
    let _watchdog = watchdog();
    if in_child("closure_of_a_scope_is_covered").is_some() {
        return;
    }
    let word = String::from("scoped");
    let (release, may_print) = channel();
    scope(|s| {
        let (word, start) = (&word, channel());
        let x = s.spawn(move || {
            start.0.send(()).unwrap();
            may_print.recv().unwrap();
            println!("{word}");
            word.len()
        });
        start.1.recv().unwrap();
        let panic = caught(|| println!("{}{x}", Release(release)));
        assert!(panic.text().contains("under the lock of standard output"), "{}", panic.text());
        assert_eq!(x, 6);
    });
}

/// Only the program knows of the lock, and no thread is left that could release it.
#[test]
fn lock_of_the_program_is_covered_once_no_other_thread_can_go_on() {
    const TEST: &str = "lock_of_the_program_is_covered_once_no_other_thread_can_go_on";
    static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    let log = || LOG.lock().unwrap_or_else(PoisonError::into_inner);
    if !child::is_child() {
        let _watchdog = watchdog();
        let variables = [("PYBACKGROUND_KEEP_ALIVE", "0.01"), ("PYBACKGROUND_REPORT_AFTER", "0")];
        child::succeeds(child::command(TEST).envs(variables));
        return;
    }
    // Without a watchdog, which is a thread that can go on.
    let (release, may_log) = channel();
    let x = spawn(move || {
        may_log.recv().unwrap();
        log().extend(b"from the body");
        12
    });
    let panic = caught(|| {
        let mut log = log();
        release.send(()).unwrap();
        write!(log, "{x}").unwrap();
    });
    assert!(panic.text().contains("so none can ever go on"), "{}", panic.text());
    assert_eq!(x, 12);
    assert_eq!(*log(), b"from the body");
}

/// The formatter holds no lock, so the wait ends by itself.
#[test]
fn format_without_a_lock_waits_for_a_body_that_prints() {
    let _watchdog = watchdog();
    if in_child("format_without_a_lock_waits_for_a_body_that_prints").is_some() {
        return;
    }
    let (release, may_print) = channel();
    let x = download(8, may_print);
    assert_eq!(format!("{}{x}", Release(release)), "printed: 80");
}

/// Another thread holds the lock for longer than the formatter takes to look. The formatter does not.
#[test]
fn lock_that_another_thread_holds_is_no_deadlock() {
    let _watchdog = watchdog();
    if in_child("lock_that_another_thread_holds_is_no_deadlock").is_some() {
        return;
    }
    let (locked, is_locked) = channel();
    let holder = std::thread::spawn(move || {
        let mut out = std::io::stdout().lock();
        locked.send(()).unwrap();
        std::thread::sleep(Duration::from_millis(1500));
        writeln!(out, "released").unwrap();
    });
    is_locked.recv().unwrap();
    let (release, may_print) = channel();
    let x = download(9, may_print);
    assert_eq!(format!("{}{x}", Release(release)), "printed: 90");
    holder.join().unwrap();
}

/// The body takes longer than the formatter takes to look, and prints nothing.
#[test]
fn body_that_is_slow_or_blocked_elsewhere_is_no_deadlock() {
    let _watchdog = watchdog();
    if in_child("body_that_is_slow_or_blocked_elsewhere_is_no_deadlock").is_some() {
        return;
    }
    let (release, may_end) = channel();
    let x = spawn(move || may_end.recv_timeout(Duration::from_secs(100)).map_or(0, |()| 11));
    let opener = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(1500));
        release.send(()).unwrap();
    });
    println!("{x}");
    assert_eq!(x, 11);
    opener.join().unwrap();
}
