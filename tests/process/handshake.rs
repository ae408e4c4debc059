//! A process that was started as a child and is none: it ends, says nothing, or says something else.

mod common;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use common::{child, children, watchdog};
use pybackground::{Error, Lazy, background, processes};

/// What the processes that are started do before the library sees that they are children.
const BEFORE: &str = "TEST_BEFORE";

mod before {
    #![allow(unsafe_code, reason = "it has to run before the library does")]

    use std::io::Write;
    use std::os::fd::AsFd;

    // SAFETY: a place in this section holds a function that is called before `main`; this one needs
    // nothing of what `main` sets up, and does nothing in a process that is no child.
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
            // SAFETY: a signal that nobody handles.
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

/// The error of a call whose process misbehaves, in the other half of the test.
fn error_of_call() -> Error {
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_handshake_failure(), "{error}");
    assert_eq!(children(), [], "it is killed and reaped");
    error
}

fn misbehaving(how: &str, test: &str) {
    let mut command: Command = child::command(test);
    child::succeeds(command.env(BEFORE, how));
}

#[test]
fn a_process_that_ends_before_it_greets() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("exit", "a_process_that_ends_before_it_greets");
    }
    let told = error_of_call().to_string();
    let how = "before it was ready, its process ended by itself, with exit code 7";
    assert!(told.contains(how) && told.contains("was linked with this library"), "{told}");
}

/// As by a system without memory. No body has begun.
#[test]
fn a_process_that_is_killed_before_it_greets_is_one_that_was_not_to_be_had() {
    const TEST: &str = "a_process_that_is_killed_before_it_greets_is_one_that_was_not_to_be_had";
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("die", TEST);
    }
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_spawn_failure() && !error.is_crash(), "{error}");
    let told = error.to_string();
    assert!(told.contains("before it was ready, its process was ended by signal 9"), "{told}");
    assert_eq!(children(), []);
}

#[test]
fn a_process_that_says_nothing() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("hang", "a_process_that_says_nothing");
    }
    processes().start_timeout(Duration::from_millis(20)).install().unwrap();
    let told = error_of_call().to_string();
    assert!(told.contains("within 20ms"), "{told}");
    assert!(told.contains("`processes().start_timeout(..)`"), "{told}");
    assert!(told.contains("was linked with this library"), "{told}");
}

#[test]
fn a_process_that_says_something_else() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("talk", "a_process_that_says_something_else");
    }
    let told = error_of_call().to_string();
    assert!(told.contains("it is another program; `process` needs a program that"), "{told}");
}

#[test]
fn a_call_that_is_cancelled_waits_for_no_greeting() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("hang", "a_call_that_is_cancelled_waits_for_no_greeting");
    }
    let call = pid();
    common::wait_until(|| !children().is_empty());
    Lazy::cancel(&call);
    assert!(Lazy::join(call).unwrap_err().is_cancelled());
    common::wait_until(|| children().is_empty());
}

/// As under a profiler, or with a library in C that has a thread of its own.
#[test]
fn a_process_that_had_a_thread_before_serves() {
    let _watchdog = watchdog();
    if !child::is_child() {
        return misbehaving("thread", "a_process_that_had_a_thread_before_serves");
    }
    assert_ne!(pid(), std::process::id());
}
