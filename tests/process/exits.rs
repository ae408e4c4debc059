//! A child that is retired ends by `exit`: its exit handlers run, and C's buffers are written.

#![allow(unsafe_code, reason = "exit handlers and C's buffers have no safe interface")]

mod common;

use std::ffi::CString;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use common::{Lifeline, child, children, hold, hold_with_sleeper, wait_until, watchdog};
use pybackground::{Lazy, background, processes, shutdown};

/// A user without rights, in place of root.
const USER: u32 = 61_237;

/// Where this process notes its exit.
static NOTES: OnceLock<String> = OnceLock::new();

extern "C" fn note_exit() {
    let mut notes = fs::File::options().append(true).open(NOTES.get().unwrap()).unwrap();
    writeln!(notes, "handler").unwrap();
}

extern "C" fn never_end() {
    loop {
        std::thread::park();
    }
}

/// Leaves a text in a buffer of C's, and an exit handler.
fn prepare_exit(notes: &str) {
    NOTES.set(notes.to_owned()).unwrap();
    let path = CString::new(notes).unwrap();
    // SAFETY: the texts end with a zero, the file is open, and the handler is a function of this program.
    unsafe {
        let file = libc::fopen(path.as_ptr(), c"a".as_ptr());
        assert!(!file.is_null());
        assert!(libc::fputs(c"buffer\n".as_ptr(), file) >= 0);
        assert_eq!(libc::atexit(note_exit), 0);
    }
}

#[background(process)]
fn prepare(notes: &str) -> u32 {
    prepare_exit(notes);
    std::process::id()
}

#[background(process)]
fn prepare_and_hold(notes: &str, port: u16) {
    prepare_exit(notes);
    std::mem::forget(hold(port));
}

#[background(process)]
fn prepare_and_panic(notes: &str) {
    prepare_exit(notes);
    panic!("its process is retired");
}

/// From now on the system refuses this process a thread and a process.
fn refuse_threads() {
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit lives until the call returns; root has no limit, and the number of a user goes in.
    unsafe {
        assert_eq!(libc::setrlimit(libc::RLIMIT_NPROC, &raw const none), 0);
        if libc::getuid() == 0 {
            assert_eq!(libc::setuid(USER), 0);
        }
    }
    assert!(std::thread::Builder::new().spawn(|| ()).is_err());
}

#[background(process)]
fn prepare_and_refuse_threads(notes: &str) {
    prepare_exit(notes);
    refuse_threads();
}

#[background(process)]
fn never_exit(port: u16) {
    std::mem::forget(hold_with_sleeper(port));
    // SAFETY: the handler is a function of this program.
    assert_eq!(unsafe { libc::atexit(never_end) }, 0);
}

#[background(process)]
fn leave_sleeper(port: u16) {
    std::mem::forget(hold_with_sleeper(port));
}

/// An empty file for the notes of a test.
fn notes(test: &str) -> PathBuf {
    let notes = std::env::temp_dir().join(format!("{test}-{}", std::process::id()));
    fs::write(&notes, "").unwrap();
    notes
}

#[track_caller]
fn assert_exited(notes: PathBuf) {
    assert_eq!(fs::read_to_string(&notes).unwrap(), "handler\nbuffer\n");
    fs::remove_file(notes).unwrap();
}

/// Runs the other half of a test in a process of its own, which has settings and children of its own.
fn in_a_process_of_its_own(test: &str) -> bool {
    if child::is_child() {
        return true;
    }
    child::succeeds(&mut child::command(test));
    false
}

#[test]
fn idle_child_exits() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("idle_child_exits") {
        processes().keep_alive(Duration::from_millis(1)).install().unwrap();
        let notes = notes("idle");
        Lazy::into_inner(prepare(notes.to_str().unwrap()));
        wait_until(|| children().is_empty());
        assert_exited(notes);
    }
}

#[test]
fn child_of_a_single_call_exits() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("child_of_a_single_call_exits") {
        processes().keep_alive(Duration::ZERO).install().unwrap();
        let notes = notes("single");
        Lazy::into_inner(prepare(notes.to_str().unwrap()));
        wait_until(|| children().is_empty());
        assert_exited(notes);
    }
}

#[test]
fn recycled_child_exits() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("recycled_child_exits") {
        processes().recycle_after(1).install().unwrap();
        let notes = notes("recycled");
        Lazy::into_inner(prepare(notes.to_str().unwrap()));
        wait_until(|| children().is_empty());
        assert_exited(notes);
    }
}

#[test]
fn child_that_panicked_exits() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("child_that_panicked_exits") {
        let notes = notes("panicked");
        let panicked = Lazy::join(prepare_and_panic(notes.to_str().unwrap()));
        assert!(panicked.unwrap_err().is_panic());
        wait_until(|| children().is_empty());
        assert_exited(notes);
    }
}

#[test]
fn child_that_gets_no_thread_exits() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("child_that_gets_no_thread_exits") {
        processes().recycle_after(1).install().unwrap();
        let notes = notes("no-thread");
        // The exit handler runs as the other user.
        let public = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        fs::set_permissions(&notes, public).unwrap();
        Lazy::into_inner(prepare_and_refuse_threads(notes.to_str().unwrap()));
        wait_until(|| children().is_empty());
        assert_exited(notes);
    }
}

#[test]
fn shutdown_waits_for_exits() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("shutdown_waits_for_exits") {
        let notes = ["one", "two"].map(notes);
        let calls = notes.each_ref().map(|notes| prepare(notes.to_str().unwrap()));
        let pids = calls.map(Lazy::into_inner);
        shutdown(Duration::from_secs(60)).unwrap();
        assert_eq!(children(), [0_u32; 0]);
        if pids[0] != pids[1] {
            notes.into_iter().for_each(assert_exited);
        }
    }
}

const NOTES_VARIABLE: &str = "TEST_NOTES";
const PORT_VARIABLE: &str = "TEST_PORT";

fn given(name: &str) -> String {
    std::env::var(name).unwrap()
}

#[test]
fn child_exits_at_the_end_of_main() {
    const TEST: &str = "child_exits_at_the_end_of_main";
    let _watchdog = watchdog();
    if child::is_child() {
        let port = given(PORT_VARIABLE).parse().unwrap();
        return Lazy::into_inner(prepare_and_hold(&given(NOTES_VARIABLE), port));
    }
    let (lifeline, notes) = (Lifeline::new(), notes("main"));
    let mut program = child::command(TEST);
    program.env(PORT_VARIABLE, lifeline.port().to_string()).env(NOTES_VARIABLE, &notes);
    child::succeeds(&mut program);
    lifeline.held().wait_for_end();
    assert_exited(notes);
}

/// Runs the other half of a test, which makes a call and ends; nothing of the call may live on.
#[track_caller]
fn nothing_outlives_main(test: &str, call: fn(u16) -> Lazy<()>) {
    let _watchdog = watchdog();
    if child::is_child() {
        return Lazy::into_inner(call(given(PORT_VARIABLE).parse().unwrap()));
    }
    let lifeline = Lifeline::new();
    let mut program = child::command(test);
    program.env(PORT_VARIABLE, lifeline.port().to_string());
    // A pipe would stay open as long as the child.
    program.stdout(Stdio::null()).stderr(Stdio::null());
    assert!(program.status().unwrap().success());
    lifeline.held().wait_for_end();
}

#[test]
fn exit_handler_that_never_ends_does_not_outlive_main() {
    nothing_outlives_main("exit_handler_that_never_ends_does_not_outlive_main", never_exit);
}

#[test]
fn process_that_a_body_left_behind_does_not_outlive_main() {
    nothing_outlives_main("process_that_a_body_left_behind_does_not_outlive_main", leave_sleeper);
}

#[test]
fn exit_handler_that_never_ends_is_killed_at_shutdown() {
    let _watchdog = watchdog();
    if in_a_process_of_its_own("exit_handler_that_never_ends_is_killed_at_shutdown") {
        let lifeline = Lifeline::new();
        Lazy::into_inner(never_exit(lifeline.port()));
        let held = lifeline.held();
        shutdown(Duration::from_secs(60)).unwrap();
        assert_eq!(children(), [0_u32; 0]);
        held.wait_for_end();
    }
}
