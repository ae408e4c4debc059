//! The end of a program leaves nothing of its calls, however it comes.

#![allow(unsafe_code, reason = "safe code makes no copy of a process")]

mod common;

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{
    Lifeline, child, children, copy_this_program, hold, hold_with_sleeper, signal, watchdog,
};
use pybackground::{Lazy, background, shutdown};

const PORT: &str = "TEST_PORT";

fn port() -> u16 {
    std::env::var(PORT).unwrap().parse().unwrap()
}

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

#[background(process)]
fn spin(port: u16) {
    let _held = hold_with_sleeper(port);
    loop {
        std::hint::spin_loop();
    }
}

/// Makes a call that never ends, and two that end and leave idle children.
fn busy_and_idle_children() {
    let spinning = spin(port());
    let (one, two) = (pid(), pid());
    assert_ne!((*one, *two), (0, 0));
    std::mem::forget(spinning);
}

/// Starts the other half of a test as the leader of a process group, as a shell does. Its processes hold the lifeline.
fn start(test: &str, lifeline: &Lifeline) -> std::process::Child {
    let wrapper: &[&str] =
        if ignores_interrupts() { &["env", "--default-signal=INT"] } else { &[] };
    let mut command = child::wrapped(wrapper, test);
    command.env(PORT, lifeline.port().to_string()).stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0).spawn().unwrap()
}

/// Whether this process ignores SIGINT, as one behind the `&` of a shell does, and its children would.
fn ignores_interrupts() -> bool {
    const SIGINT: u64 = 2;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask >> (SIGINT - 1) & 1 == 1)
}

/// Ends a program with running calls by `end`, and waits until none of its processes is left.
#[track_caller]
fn nothing_is_left(test: &str, end: impl FnOnce(&mut std::process::Child)) {
    let _watchdog = watchdog();
    if child::is_child() {
        // The program holds the lifeline as well, and reports on it that its idle children have started.
        let mut held = hold(port());
        busy_and_idle_children();
        std::io::Write::write_all(&mut held, b"ready\n").unwrap();
        std::io::Read::read(&mut held, &mut [0]).unwrap();
        return;
    }
    let lifeline = Lifeline::new();
    let mut program = start(test, &lifeline);
    // The program connects before its calls do.
    let (mut held, spinning) = (lifeline.held(), lifeline.held());
    assert_eq!(held.line(), "ready");
    end(&mut program);
    program.wait().unwrap();
    held.wait_for_end();
    spinning.wait_for_end();
}

#[test]
fn killed_program_leaves_nothing() {
    nothing_is_left("killed_program_leaves_nothing", |program| program.kill().unwrap());
}

#[test]
fn interrupted_program_leaves_nothing() {
    nothing_is_left("interrupted_program_leaves_nothing", |program| {
        signal("INT", program.id());
    });
}

#[background(process)]
fn hold_on(port: u16) {
    std::mem::forget(hold(port));
}

/// The copy keeps the program's ends of the connections open.
#[test]
#[cfg(target_os = "linux")]
fn killed_program_with_a_forked_copy_leaves_nothing() {
    const TEST: &str = "killed_program_with_a_forked_copy_leaves_nothing";
    let _watchdog = watchdog();
    if child::is_child() {
        let _spinning = spin(port());
        Lazy::into_inner(hold_on(port()));
        die_and_leave_a_copy();
    }
    let lifeline = Lifeline::new();
    let mut program = child::command(TEST);
    program.env(PORT, lifeline.port().to_string());
    program.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut program = program.spawn().unwrap();
    let (mut input, held) = (program.stdin.take().unwrap(), [lifeline.held(), lifeline.held()]);
    std::io::Write::write_all(&mut input, b"!").unwrap();
    program.wait().unwrap();
    for held in held {
        assert_eq!(held.wait_for_end(), "");
    }
    // The copy lived until here.
    drop(input);
}

/// Waits for a byte from the test, and dies. The copy lives until the test closes the pipe.
#[cfg(target_os = "linux")]
fn die_and_leave_a_copy() {
    fn read_input() {
        let mut byte = 0_u8;
        // SAFETY: there is room for a byte.
        unsafe { libc::read(0, (&raw mut byte).cast(), 1) };
    }
    read_input();
    // SAFETY: the copy calls only functions that are allowed after `fork`.
    unsafe {
        if libc::fork() == 0 {
            read_input();
            libc::_exit(0);
        }
        libc::raise(libc::SIGKILL);
    }
}

/// A terminal sends the signal to the whole foreground group.
#[test]
fn ctrl_c_at_a_terminal_leaves_nothing() {
    nothing_is_left("ctrl_c_at_a_terminal_leaves_nothing", |program| {
        let interrupt = format!("kill -s INT -- -{}", program.id());
        assert!(Command::new("sh").args(["-c", &interrupt]).status().unwrap().success());
    });
}

#[test]
fn shutdown_reaps_all_children() {
    const TEST: &str = "shutdown_reaps_all_children";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    let lifeline = Lifeline::new();
    let spinning = spin(lifeline.port());
    let held = lifeline.held();
    assert_ne!((*pid(), *pid()), (0, 0));
    let unfinished = shutdown(Duration::ZERO).unwrap_err();
    assert!(unfinished.running[0].function.ends_with("::spin"));
    assert_eq!(children(), [0_u32; 0]);
    held.wait_for_end();
    assert!(Lazy::join(spinning).unwrap_err().is_cancelled());
    assert!(Lazy::join(pid()).unwrap_err().is_refused());
}

#[test]
fn deleted_or_replaced_executable_still_serves() {
    const TEST: &str = "deleted_or_replaced_executable_still_serves";
    let _watchdog = watchdog();
    if !child::is_child() {
        let folder = std::env::temp_dir().join(format!("deleted-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let copy = folder.join("program");
        copy_this_program(&copy);
        let mut command = Command::new(&copy);
        let original = child::command(TEST);
        command.args(original.get_args());
        command.envs(original.get_envs().filter_map(|(name, value)| Some((name, value?))));
        child::succeeds(&mut command);
        std::fs::remove_dir_all(&folder).unwrap();
        return;
    }
    let path = std::env::current_exe().unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_ne!(pid(), std::process::id());
    // As an update does. A call from another directory starts a new process.
    std::fs::write(&path, "another program").unwrap();
    std::env::set_current_dir("/").unwrap();
    assert_ne!(pid(), std::process::id());
}
