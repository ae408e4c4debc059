//! What a body sees of the place where it was called, and where its output goes.

mod common;

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;

use common::{Lifeline, child, hold, watchdog};
use pybackground::{Lazy, background};

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
    #[allow(unsafe_code, reason = "there is no other way to change the environment")]
    // SAFETY: no other thread reads the environment: no call is on its way, the watchdog only waits, and
    // so does the harness.
    unsafe {
        std::env::set_var(NAME, "after");
    }
    assert_eq!(Lazy::into_inner(variable(NAME)).as_deref(), Some("after"));
    assert_eq!(directory(), PathBuf::from("/"));
    assert_eq!(Lazy::into_inner(variable("PYBACKGROUND_CHILD")), None);
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
