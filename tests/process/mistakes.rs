//! Bodies that damage their process: the call fails on its own, and no other call is affected.

#![allow(unsafe_code, reason = "safe code does not do these things")]

mod common;

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::time::Duration;

use common::{Lifeline, child, hold, wait_until, watchdog};
use pybackground::{Error, Lazy, background};

#[background(process)]
fn double(n: u32) -> u32 {
    2 * n
}

#[background(process)]
fn forks(n: u32) -> u32 {
    // SAFETY: the copy returns at once.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        return 666;
    }
    let mut status = 0;
    // SAFETY: there is room for the status.
    assert_eq!(unsafe { libc::waitpid(copy, &raw mut status, 0) }, copy);
    n
}

#[test]
fn forked_copy_answers_no_call() {
    let _watchdog = watchdog();
    for n in 0..5 {
        assert_eq!(forks(n), n);
        assert_eq!(double(n), 2 * n);
    }
}

/// The descriptors that a body did not open.
fn not_its_own() -> std::ops::Range<i32> {
    3..20
}

fn write_where_it_should_not(bytes: &[u8]) {
    let written = not_its_own().find(|descriptor| {
        // SAFETY: as many bytes are there; what is not open is an error.
        let sent = unsafe {
            libc::send(*descriptor, bytes.as_ptr().cast(), bytes.len(), libc::MSG_DONTWAIT)
        };
        sent > 0
    });
    assert!(written.is_some());
}

#[background(process)]
fn writes_and_returns(bytes: &[u8]) -> u32 {
    write_where_it_should_not(bytes);
    7
}

#[background(process)]
fn writes_and_waits(bytes: &[u8]) -> u32 {
    write_where_it_should_not(bytes);
    loop {
        std::thread::park();
    }
}

#[test]
fn bytes_that_a_body_writes_to_the_connection_are_no_answer() {
    let _watchdog = watchdog();
    // The second is an answer, but to no call.
    let answer: Vec<u8> = [[0; 8].as_slice(), &[0], &1_u64.to_le_bytes(), &[42]].concat();
    let bodies = [writes_and_returns, writes_and_waits];
    for (body, bytes) in bodies.into_iter().flat_map(|body| {
        [b"junk that is as long as an answer".as_slice(), &answer].map(|bytes| (body, bytes))
    }) {
        let error = Lazy::join(body(bytes)).unwrap_err();
        assert!(error.is_crash(), "{error}");
        assert!(error.to_string().contains("something else than the answer"), "{error}");
        assert_eq!(double(4), 8);
    }
}

/// Replaces all open descriptors but the first three by other files.
fn close_and_open(names: &str) {
    // The main thread has to be waiting: closing the descriptors earlier would end the process.
    wait_until(|| fs::read_to_string("/proc/self/stat").unwrap().contains(") S "));
    // SAFETY: none. They are in use: this is the mistake that the test is about.
    assert_eq!(unsafe { libc::close_range(3, libc::c_uint::MAX, 0) }, 0);
    for n in not_its_own() {
        std::mem::forget(File::create(format!("{names}-{n}")).unwrap());
    }
}

/// Creates a folder for the files of a test.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

#[background(process)]
fn closes_and_opens(names: &str) {
    close_and_open(names);
}

#[test]
fn answer_is_not_written_to_the_users_files() {
    let _watchdog = watchdog();
    let folder = folder("no_answer");
    let error: Error =
        Lazy::join(closes_and_opens(folder.join("victim").to_str().unwrap())).unwrap_err();
    assert!(error.is_crash(), "{error}");
    let victims: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|victim| victim.unwrap().path()).collect();
    assert!(victims.iter().all(|victim| fs::read(victim).unwrap().is_empty()));
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(double(4), 8);
}

const NAMES: &str = "TEST_NAMES";
const PORT: &str = "TEST_PORT";

#[background(process)]
fn closes_and_spins(names: &str, port: u16) {
    close_and_open(names);
    let _held = hold(port);
    loop {
        std::hint::spin_loop();
    }
}

#[test]
fn child_that_closed_the_connection_ends_with_the_program() {
    const TEST: &str = "child_that_closed_the_connection_ends_with_the_program";
    let _watchdog = watchdog();
    if child::is_child() {
        let given = |name| std::env::var(name).unwrap();
        Lazy::join(closes_and_spins(&given(NAMES), given(PORT).parse().unwrap())).unwrap();
        return;
    }
    let (lifeline, folder) = (Lifeline::new(), folder("who_closed"));
    let mut program = child::command(TEST);
    program.env(PORT, lifeline.port().to_string()).env(NAMES, folder.join("victim"));
    let mut program = program.spawn().unwrap();
    let held = lifeline.held();
    program.kill().unwrap();
    program.wait().unwrap();
    held.wait_for_end();
    fs::remove_dir_all(&folder).unwrap();
}

/// Moves this process from its own group to that of the program.
fn join_group_of_program() {
    // SAFETY: numbers go in and come out.
    let moved = unsafe { libc::setpgid(0, libc::getpgid(libc::getppid())) };
    assert_eq!(moved, 0);
}

#[background(process)]
fn spins_among_others(port: u16) {
    join_group_of_program();
    let mut held = hold(port);
    writeln!(held, "{}", std::process::id()).unwrap();
    loop {
        std::hint::spin_loop();
    }
}

#[background(process)]
fn stops_among_others(port: u16) {
    join_group_of_program();
    let mut held = hold(port);
    writeln!(held, "{}", std::process::id()).unwrap();
    // SAFETY: a signal without a handler.
    unsafe { libc::raise(libc::SIGSTOP) };
}

#[test]
fn child_that_left_its_group_is_killed_alone() {
    const TEST: &str = "child_that_left_its_group_is_killed_alone";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(child::command(TEST).process_group(0));
        return;
    }
    let bodies = [(spins_among_others as fn(u16) -> Lazy<()>, false), (stops_among_others, true)];
    for (body, stops) in bodies {
        let lifeline = Lifeline::new();
        let call = body(lifeline.port());
        let mut held = lifeline.held();
        let pid = held.line();
        wait_until(|| {
            let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            state.contains(") T ") || !stops
        });
        Lazy::cancel(&call);
        assert!(Lazy::join(call).unwrap_err().is_cancelled());
        held.wait_for_end();
        assert_eq!(double(4), 8);
    }
    pybackground::shutdown(Duration::from_secs(60)).unwrap();
}

#[background(process)]
fn catches_its_own_panic() {
    let caught = std::panic::catch_unwind(|| panic!("nobody else's affair"));
    assert!(caught.is_err());
}

/// The hook does not see such a panic, so it has no location.
#[background(process)]
fn panics_without_a_place() {
    std::panic::resume_unwind(Box::new("from elsewhere"))
}

#[background(process)]
fn catches_and_panics_without_a_place() {
    assert!(std::panic::catch_unwind(|| panic!("nobody else's affair")).is_err());
    std::panic::resume_unwind(Box::new("from elsewhere"))
}

#[test]
fn panic_is_not_reported_with_the_location_of_another() {
    let _watchdog = watchdog();
    Lazy::into_inner(catches_its_own_panic());
    for call in [panics_without_a_place(), catches_and_panics_without_a_place()] {
        let error = Lazy::join(call).unwrap_err();
        assert_eq!((error.message(), error.panicked_at()), (Some("from elsewhere"), None));
        assert!(error.to_string().ends_with("from elsewhere (in another process)"), "{error}");
    }
}

/// Its destructor panics, and catches that.
struct Careful;

impl Drop for Careful {
    fn drop(&mut self) {
        assert!(std::panic::catch_unwind(|| panic!("while it unwinds")).is_err());
    }
}

const UNWINDS: u32 = line!() + 4;
#[background(process)]
fn panics_beside_a_careful_destructor() {
    let _careful = Careful;
    panic!("on the way");
}

#[test]
fn panic_of_a_destructor_that_catches_it_hides_no_location() {
    let _watchdog = watchdog();
    let error = Lazy::join(panics_beside_a_careful_destructor()).unwrap_err();
    assert_eq!(error.message(), Some("on the way"));
    let at = error.panicked_at().expect("the place of the panic that went on");
    assert!(at.starts_with(&format!("{}:{UNWINDS}:", file!())), "{at}");
}

#[background(process)]
fn ends(code: i32) {
    std::process::exit(code)
}

#[test]
fn end_that_the_system_does_not_report_is_a_crash() {
    const TEST: &str = "end_that_the_system_does_not_report_is_a_crash";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    // SAFETY: `SIG_IGN` is no function, so nothing has to be safe in a handler.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let error = Lazy::join(ends(0)).unwrap_err();
    let crash = error.crash().unwrap();
    assert_eq!((crash.signal(), crash.code()), (None, None));
    assert!(error.to_string().contains("it ignores SIGCHLD"), "{error}");
    assert_eq!(double(4), 8);
}
