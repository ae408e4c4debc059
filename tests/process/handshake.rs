//! A process that was started as a child and does not become one: it ends, sends nothing, or sends something else.

mod common;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{child, children, watchdog};
use pybackground::{Error, Lazy, background, processes};

/// Selects what a child does before the library's entry runs.
const BEFORE: &str = "TEST_BEFORE";

mod before {
    #![allow(unsafe_code, reason = "it has to run before the library does")]

    use std::io::Write;
    use std::os::fd::AsFd;

    // SAFETY: the loader calls each function in this section before `main`. This one needs nothing that `main` sets up,
    // and does nothing in a process that is no child.
    #[used]
    #[unsafe(link_section = ".init_array.00099")]
    static MISBEHAVE: extern "C" fn() = misbehave;

    extern "C" fn misbehave() {
        let Ok(how) = std::env::var(super::BEFORE) else { return };
        if std::env::var_os("PYBACKGROUND_CHILD").is_none() {
            return;
        }
        if how == "talk" {
            let link = std::io::stdin().as_fd().try_clone_to_owned().unwrap();
            let _ = std::fs::File::from(link).write_all(&[b'>'; 64]);
        }
        if how == "exit" {
            std::process::exit(7);
        }
        if how == "die" {
            // SAFETY: the signal has no handler.
            unsafe { libc::raise(libc::SIGKILL) };
        }
        if how == "thread" {
            std::thread::spawn(park);
            return;
        }
        park();
    }

    fn park() {
        loop {
            std::thread::park();
        }
    }

    // SAFETY: as above. Linkers that go by the number put it after all others.
    #[used]
    #[unsafe(link_section = ".init_array.70000")]
    static LAST: extern "C" fn() = note;

    extern "C" fn note() {
        super::LAST_HAS_RUN.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

static LAST_HAS_RUN: AtomicBool = AtomicBool::new(false);

#[background(process)]
fn last_has_run() -> bool {
    LAST_HAS_RUN.load(Ordering::Relaxed)
}

#[test]
fn all_constructors_run_in_a_child() {
    let _watchdog = watchdog();
    assert!(LAST_HAS_RUN.load(Ordering::Relaxed));
    assert!(last_has_run());
}

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

/// Returns the error of a call whose child misbehaves, in the other half of the test.
fn error_of_call() -> Error {
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_handshake_failure(), "{error}");
    assert_eq!(children(), [0_u32; 0], "it is killed and reaped");
    error
}

fn misbehaving(how: &str, test: &str) {
    let mut command: Command = child::command(test);
    child::succeeds(command.env(BEFORE, how));
}

#[test]
fn child_that_exits_before_its_greeting_is_a_handshake_failure() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("exit", "child_that_exits_before_its_greeting_is_a_handshake_failure");
    }
    let text = error_of_call().to_string();
    let how = "before it was ready, its process ended by itself, with exit code 7";
    assert!(text.contains(how) && text.contains("was linked with this library"), "{text}");
}

/// As a system without memory does. No body has begun.
#[test]
fn child_that_is_killed_before_its_greeting_is_a_spawn_failure() {
    const TEST: &str = "child_that_is_killed_before_its_greeting_is_a_spawn_failure";
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("die", TEST);
    }
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_spawn_failure() && !error.is_crash(), "{error}");
    let text = error.to_string();
    assert!(text.contains("before it was ready, its process was ended by signal 9"), "{text}");
    assert_eq!(children(), [0_u32; 0]);
}

#[test]
fn silent_child_is_killed_after_start_timeout() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("hang", "silent_child_is_killed_after_start_timeout");
    }
    processes().start_timeout(Duration::from_millis(20)).install().unwrap();
    let text = error_of_call().to_string();
    assert!(text.contains("within 20ms"), "{text}");
    assert!(text.contains("`processes().start_timeout(..)`"), "{text}");
    assert!(text.contains("was linked with this library"), "{text}");
}

#[test]
fn child_with_another_greeting_is_another_program() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("talk", "child_with_another_greeting_is_another_program");
    }
    let text = error_of_call().to_string();
    assert!(text.contains("it is another program; `process` needs a program that"), "{text}");
}

#[test]
fn cancelled_call_waits_for_no_greeting() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("hang", "cancelled_call_waits_for_no_greeting");
    }
    let call = pid();
    common::wait_until(|| !children().is_empty());
    Lazy::cancel(&call);
    assert!(Lazy::join(call).unwrap_err().is_cancelled());
    common::wait_until(|| children().is_empty());
}

/// As under a profiler, or with a C library that has a thread of its own.
#[test]
fn child_with_an_earlier_thread_serves() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("thread", "child_with_an_earlier_thread_serves");
    }
    assert_ne!(pid(), std::process::id());
}
