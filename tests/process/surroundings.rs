//! What a body sees of the place where it was called, and where its output goes.

mod common;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{Lifeline, as_user, child, children, hold, wait_until, watchdog};
use pybackground::{Lazy, background, processes};

#[background(process)]
fn directory() -> PathBuf {
    std::env::current_dir().unwrap()
}

#[background(process)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[background(process)]
fn print_and_read() -> Vec<u8> {
    println!("on the output");
    print!("and more");
    eprintln!("on the error output");
    let mut read = Vec::new();
    std::io::stdin().read_to_end(&mut read).unwrap();
    read
}

#[cfg(target_os = "linux")]
#[background(process)]
fn name_in_lists() -> String {
    std::fs::read_to_string("/proc/self/comm").unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn lists_of_processes_show_the_program() {
    let _watchdog = watchdog();
    assert_eq!(name_in_lists(), std::fs::read_to_string("/proc/self/comm").unwrap());
}

#[test]
fn the_directory_and_the_variables_are_those_of_the_caller() {
    const TEST: &str = "the_directory_and_the_variables_are_those_of_the_caller";
    const NAME: &str = "TEST_VARIABLE";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(child::command(TEST).env(NAME, "before"));
        return;
    }
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("before"));
    assert_eq!(directory(), std::env::current_dir().unwrap());

    std::env::set_current_dir("/").unwrap();
    set_variable(NAME, "after");
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("after"));
    assert_eq!(directory(), PathBuf::from("/"));
    assert_eq!(Lazy::into_inner(variable("PYBACKGROUND_CHILD")), None);
}

#[background(process)]
fn change_directory() -> u32 {
    std::env::set_current_dir("/").unwrap();
    std::process::id()
}

#[background(process)]
fn change_variable(name: &str) -> u32 {
    set_variable(name, "left behind");
    std::process::id()
}

#[allow(unsafe_code, reason = "there is no other way to change the environment")]
fn set_variable(name: &str, value: &str) {
    // SAFETY: no other thread reads or changes the environment: no call is on its way in this process, the
    // watchdog only waits, and so does the harness.
    unsafe {
        std::env::set_var(name, value);
    }
}

#[background(process)]
fn pid() -> u32 {
    std::process::id()
}

#[test]
fn what_a_body_changes_is_left_to_no_other() {
    const NAME: &str = "TEST_LEFT_BEHIND";
    const TEST: &str = "what_a_body_changes_is_left_to_no_other";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    let here = std::env::current_dir().unwrap();
    assert_ne!(here, PathBuf::from("/"));
    for _ in 0..3 {
        let changed = Lazy::into_inner(change_directory());
        assert_eq!(directory(), here);
        assert_ne!(pid(), changed);
        let changed = Lazy::into_inner(change_variable(NAME));
        assert_eq!(Lazy::into_inner(variable(NAME)), None);
        assert_ne!(pid(), changed);
    }
    // Who is not fit any more is gone.
    wait_until(|| children().len() == 1);
}

#[test]
fn callers_in_two_directories_take_turns_with_two_processes() {
    const TEST: &str = "callers_in_two_directories_take_turns_with_two_processes";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    processes().max(2).install().unwrap();
    let here = std::env::current_dir().unwrap();
    let pid_in = |directory: &Path| {
        std::env::set_current_dir(directory).unwrap();
        Lazy::into_inner(pid())
    };
    let pids = [pid_in(&here), pid_in(Path::new("/"))];
    assert_ne!(pids[0], pids[1]);
    for _ in 0..5 {
        assert_eq!([pid_in(&here), pid_in(Path::new("/"))], pids);
    }
    // One of them makes room for a third.
    assert!(!pids.contains(&pid_in(&std::env::temp_dir())));
    assert_eq!(children().len(), 2);
}

#[test]
fn a_directory_that_nobody_may_enter_any_more_is_still_the_callers() {
    use std::os::unix::fs::PermissionsExt;
    const TEST: &str = "a_directory_that_nobody_may_enter_any_more_is_still_the_callers";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut as_user(61_873, TEST));
        return;
    }
    let closed = std::env::temp_dir().join(format!("closed-{}", std::process::id()));
    std::fs::create_dir(&closed).unwrap();
    std::env::set_current_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, PermissionsExt::from_mode(0o000)).unwrap();
    let outcome = Lazy::join(directory());
    std::fs::remove_dir(&closed).unwrap();
    assert_eq!(outcome.unwrap(), closed);
}

#[test]
fn variables_that_are_too_long_for_a_new_process_are_told_as_that() {
    const TEST: &str = "variables_that_are_too_long_for_a_new_process_are_told_as_that";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    (0..100).for_each(|n| set_variable(&format!("TEST_LONG_{n}"), &"x".repeat(120_000)));
    let error = Lazy::join(pid()).unwrap_err();
    assert!(error.is_spawn_failure(), "{error}");
    let told = error.to_string();
    assert!(told.contains("remove some before the call") && !told.contains("limits"), "{told}");
}

#[test]
fn output_goes_where_the_callers_goes_and_input_is_empty() {
    const TEST: &str = "output_goes_where_the_callers_goes_and_input_is_empty";
    let _watchdog = watchdog();
    if !child::is_child() {
        let mut command = child::command(TEST);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut program = command.spawn().unwrap();
        program.stdin.take().unwrap().write_all(b"not for the body").unwrap();
        let output = program.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", child::told(&output));
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("on the output\nand more"), "{said}");
        assert!(String::from_utf8(output.stderr).unwrap().contains("on the error output\n"));
        return;
    }
    assert_eq!(Lazy::into_inner(print_and_read()), b"");
}

const LINES: u32 = 2_000;

/// Each is printed in many pieces.
fn line(name: char, number: u32) -> String {
    format!("<{name} prints {number}, and {name} {number} again>")
}

/// Prints when the other does, which the test tells by hanging up.
#[background(process)]
fn print_lines(name: char, port: u16) {
    hold(port).read_exact(&mut [0]).unwrap_err();
    for number in 0..LINES {
        println!("<{name} prints {number}, and {name} {number} again>");
    }
}

#[test]
fn lines_that_are_printed_at_once_are_whole() {
    const TEST: &str = "lines_that_are_printed_at_once_are_whole";
    const NAMES: [char; 2] = ['a', 'b'];
    let _watchdog = watchdog();
    if !child::is_child() {
        let said = child::succeeds(&mut child::command(TEST));
        let mut printed: Vec<&str> = said.lines().filter(|line| line.contains('<')).collect();
        let numbers = || 0..LINES;
        let mut expected: Vec<String> =
            NAMES.iter().flat_map(|name| numbers().map(|number| line(*name, number))).collect();
        printed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(printed, expected);
        return;
    }
    // The harness began a line.
    println!();
    let lifeline = Lifeline::new();
    let calls = NAMES.map(|name| print_lines(name, lifeline.port()));
    let held = NAMES.map(|_| lifeline.held());
    drop(held);
    calls.into_iter().for_each(Lazy::into_inner);
}
