//! Reports of long waits: what they say, and that they never harm the program.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

#[cfg(debug_assertions)]
use common::futures::Word;
use common::gate::Gate;
use common::{child, watchdog};
use pybackground::{Lazy, background, configure, sleep, spawn};

fn start(test: &str, report_after: Option<&str>) -> Child {
    let mut command = child::command(test);
    if let Some(time) = report_after {
        command.env("PYBACKGROUND_REPORT_AFTER", time);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the end of the standard input, which the parent closes.
fn wait_for_parent() {
    let mut end = String::new();
    std::io::stdin().read_to_string(&mut end).unwrap();
}

#[background]
fn blocked_in_a_channel(gate: Gate) {
    gate.pass();
}

/// Passes on a call whose body is blocked until the parent ends the input of this process.
fn with_a_blocked_body(wait: impl FnOnce(Lazy<()>)) {
    let gate = Gate::default();
    let _opened = gate.opened_at_end();
    let x = blocked_in_a_channel(gate.clone());
    std::thread::spawn(move || {
        wait_for_parent();
        gate.open();
    });
    wait(x);
}

/// A wait whose timeout comes while another body holds the lock of the standard error.
#[test]
fn report_leaves_the_lock_of_stderr_and_deadlines_alone() {
    if !child::is_child() {
        let _watchdog = watchdog();
        let test = "report_leaves_the_lock_of_stderr_and_deadlines_alone";
        let child = start(test, Some("0.01"));
        let output = child.wait_with_output().unwrap();
        let report = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{report}");
        assert!(report.contains("has been waited for longer than 10ms"), "{report}");
        return;
    }
    let ((start, started), (done, is_done)) = (channel(), channel::<()>());
    let holder = spawn(move || {
        let _lock = std::io::stderr().lock();
        start.send(()).unwrap();
        let _ = is_done.recv();
    });
    started.recv().unwrap();
    let late = spawn(|| sleep(Duration::MAX));
    let late = Lazy::with_timeout(late, Duration::from_millis(300));
    assert!(Lazy::wait(&late).unwrap_err().is_timeout());
    drop(done);
    Lazy::into_inner(holder);
}

/// The parent never reads the standard error, which is a full pipe.
#[cfg(target_os = "linux")]
#[test]
fn full_stderr_does_not_block_a_waiter() {
    use std::io::Write;

    if !child::is_child() {
        let _watchdog = watchdog();
        let mut child = start("full_stderr_does_not_block_a_waiter", Some("0.01"));
        assert!(child.wait().unwrap().success());
        return;
    }
    // The test harness writes nothing to it. A thread fills the pipe until it blocks.
    let (send, filled) = channel();
    std::thread::spawn(move || {
        let mut pipe = std::fs::OpenOptions::new().write(true).open("/proc/self/fd/2").unwrap();
        loop {
            pipe.write_all(&[b'x'; 4096]).unwrap();
            send.send(()).unwrap();
        }
    });
    while filled.recv_timeout(Duration::from_millis(200)).is_ok() {}
    for _ in 0..2 {
        let late = Lazy::with_timeout(spawn(|| sleep(Duration::MAX)), Duration::from_millis(100));
        assert!(Lazy::wait(&late).unwrap_err().is_timeout());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn report_says_what_a_body_is_blocked_in() {
    if child::is_child() {
        return with_a_blocked_body(Lazy::into_inner);
    }
    let _watchdog = watchdog();
    let mut child = start("report_says_what_a_body_is_blocked_in", Some("0.2"));
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let text = "blocked in a lock, channel or condition variable at 0x";
    assert!(lines.any(|line| line.contains(text)));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

/// Debug builds report a stuck wait without a setting.
#[cfg(all(target_os = "linux", debug_assertions))]
#[test]
fn stuck_wait_is_reported_by_default_with_the_way_to_switch_it_off() {
    if child::is_child() {
        return with_a_blocked_body(Lazy::into_inner);
    }
    let _watchdog = watchdog();
    let test = "stuck_wait_is_reported_by_default_with_the_way_to_switch_it_off";
    let mut child = start(test, None);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let head = lines.find(|line| line.contains("has been waited for longer than 10s")).unwrap();
    assert!(head.contains("::blocked_in_a_channel`"), "{head}");
    assert!(head.contains("a body that is blocked in a lock or channel on thread `background-"));
    assert!(lines.any(|line| line.contains("PYBACKGROUND_REPORT_AFTER=0 switches it off")));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(!lines.any(|line| line.contains("has been waited for")), "it is reported once");
}

#[cfg(debug_assertions)]
#[background]
async fn hears(word: Word) -> u64 {
    word.heard().await
}

/// The call that is queued would wake the future, and nothing tells so.
#[cfg(debug_assertions)]
#[test]
fn wait_for_a_call_that_no_thread_is_left_for_is_reported_by_default() {
    if child::is_child() {
        configure().max_total_threads(1).install().unwrap();
        return Lazy::into_inner(spawn(|| {
            let word = Word::default();
            let said = word.clone();
            let says = spawn(move || said.say(7));
            assert_eq!(hears(word), 7);
            Lazy::into_inner(says);
        }));
    }
    let _watchdog = watchdog();
    let test = "wait_for_a_call_that_no_thread_is_left_for_is_reported_by_default";
    let mut child = start(test, None);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let head = lines.find(|line| line.contains("has been waited for longer than 10s")).unwrap();
    assert!(head.contains("no thread is left for the queued calls"), "{head}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The closure waits for a body that is blocked.
#[cfg(all(target_os = "linux", debug_assertions))]
#[test]
fn stuck_end_of_a_scope_is_reported_by_default() {
    if child::is_child() {
        return with_a_blocked_body(|x| {
            let (start, started) = channel();
            pybackground::scope(|s| {
                let x = &x;
                s.launch(move || {
                    start.send(()).unwrap();
                    Lazy::wait(x).unwrap();
                });
                // Its thread is another one.
                started.recv().unwrap();
            });
        });
    }
    let _watchdog = watchdog();
    let mut child = start("stuck_end_of_a_scope_is_reported_by_default", None);
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let head = lines.find(|line| line.contains("has been waited for longer than 10s")).unwrap();
    assert!(head.contains("a body that is blocked in a lock or channel on thread `background-"));
    assert!(
        lines.any(|line| line.contains("waits for the end of a scope at tests/long_waits.rs:"))
    );
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn report_after_zero_is_no_report() {
    if !child::is_child() {
        let _watchdog = watchdog();
        let child = start("report_after_zero_is_no_report", Some(""));
        let output = child.wait_with_output().unwrap();
        let report = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !report.contains("pybackground:"), "{report}");
        return;
    }
    configure().report_after(Duration::ZERO).install().unwrap();
    let late = Lazy::with_timeout(spawn(|| sleep(Duration::MAX)), Duration::from_millis(100));
    assert!(Lazy::wait(&late).unwrap_err().is_timeout());
}
