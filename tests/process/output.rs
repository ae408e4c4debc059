//! Standard output, error and input of a body.

#![allow(unsafe_code, reason = "safe code does not close standard files")]

mod common;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write as _, stderr, stdin};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{Lifeline, child, hold, watchdog};
use pybackground::{Lazy, background};

#[background(process)]
fn print_and_read() -> Vec<u8> {
    println!("on the output");
    print!("and more");
    eprintln!("on the error output");
    let mut read = Vec::new();
    std::io::stdin().read_to_end(&mut read).unwrap();
    read
}

#[test]
fn output_is_the_programs_and_input_is_empty() {
    const TEST: &str = "output_is_the_programs_and_input_is_empty";
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

fn line(name: char, number: u32) -> String {
    format!("<{name} prints {number}, and {name} {number} again>")
}

/// Prints when the others do, which the test starts by hanging up.
#[background(process)]
fn print_lines(name: char, port: u16) {
    hold(port).read_exact(&mut [0]).unwrap_err();
    for number in 0..LINES {
        if name.is_lowercase() {
            println!("<{name} prints {number}, and {name} {number} again>");
        } else {
            stderr().write_all(format!("{}\n", line(name, number)).as_bytes()).unwrap();
        }
    }
}

#[test]
fn lines_of_several_processes_stay_whole() {
    const TEST: &str = "lines_of_several_processes_stay_whole";
    const NAMES: [char; 4] = ['a', 'b', 'C', 'D'];
    let _watchdog = watchdog();
    if !child::is_child() {
        // All of it goes to one pipe.
        let mut shell = Command::new("sh");
        let program = child::command(TEST);
        shell.args(["-c", r#"exec "$0" "$@" 2>&1"#]).arg(program.get_program());
        shell.args(program.get_args());
        shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let said = child::succeeds(&mut shell);
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

/// Returns what the test of this name writes to its standard error in a process of its own.
fn errors_of(test: &str) -> String {
    let output = child::command(test).output().unwrap();
    assert!(output.status.success(), "{}", child::told(&output));
    String::from_utf8(output.stderr).unwrap()
}

#[background(process)]
fn complain(line: &str) {
    eprint!("{line}, ");
}

#[test]
fn error_output_precedes_the_value() {
    const TEST: &str = "error_output_precedes_the_value";
    const TURNS: usize = 100;
    let _watchdog = watchdog();
    if !child::is_child() {
        let mut expected = String::new();
        for turn in 0..TURNS {
            writeln!(expected, "body {turn}, caller {turn}").unwrap();
        }
        let errors = errors_of(TEST);
        assert!(errors.contains(&expected), "{errors}");
        return;
    }
    for turn in 0..TURNS {
        Lazy::into_inner(complain(&format!("body {turn}")));
        eprintln!("caller {turn}");
    }
}

#[background(process)]
fn abort_with_words() {
    eprint!("last ");
    eprint!("words");
    std::process::abort();
}

#[background(process)]
fn complain_and_hang(port: u16) {
    eprint!("I will not! ");
    let _held = hold(port);
    loop {
        std::thread::park();
    }
}

#[test]
fn error_output_precedes_the_end_of_the_process() {
    const TEST: &str = "error_output_precedes_the_end_of_the_process";
    let _watchdog = watchdog();
    if !child::is_child() {
        let errors = errors_of(TEST);
        assert!(errors.contains("last words.\nI will not! end."), "{errors}");
        return;
    }
    assert!(Lazy::join(abort_with_words()).unwrap_err().is_crash());
    eprintln!(".");
    let lifeline = Lifeline::new();
    let endless = complain_and_hang(lifeline.port());
    let held = lifeline.held();
    assert!(Lazy::cancel(&endless));
    pybackground::wait_idle(Duration::from_secs(60)).unwrap();
    held.wait_for_end();
    eprintln!("end.");
}

/// Prints while it has a file open, and returns the number of the file.
#[background(process)]
fn print_beside_a_file(path: &str) -> i32 {
    let file = File::create(path).unwrap();
    println!("on the output");
    eprintln!("on the error output");
    file.as_raw_fd()
}

/// A daemon may close its standard files.
#[test]
fn body_of_a_program_without_output_prints_into_no_file() {
    const TEST: &str = "body_of_a_program_without_output_prints_into_no_file";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    let path = std::env::temp_dir().join(format!("no_output-{}", std::process::id()));
    // SAFETY: nothing prints meanwhile. The copies are put back after the files that took the numbers are closed.
    let kept = [0, 1, 2].map(|file| unsafe { libc::dup(file) });
    // SAFETY: as above.
    let closed = [0, 1, 2].map(|file| unsafe { libc::close(file) });
    let file = Lazy::join(print_beside_a_file(path.to_str().unwrap()));
    let ended = pybackground::shutdown(Duration::from_secs(60));
    // SAFETY: as above.
    let put_back =
        [0, 1, 2].map(|file| unsafe { libc::dup2(kept[file], i32::try_from(file).unwrap()) });
    assert_eq!((closed, put_back), ([0; 3], [0, 1, 2]));
    let printed = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    ended.unwrap();
    assert!(file.unwrap() > 2);
    assert_eq!(printed, "");
}

#[test]
fn value_arrives_while_the_caller_holds_the_lock_of_stderr() {
    // The watchdog could not print without the lock.
    const PATIENCE: Duration = Duration::from_secs(120);
    let call = complain("a word");
    let mut errors = stderr().lock();
    let outcome = Lazy::wait_timeout(&call, PATIENCE);
    assert!(outcome.is_some());
    writeln!(errors, "the body said so").unwrap();
}

#[background(process)]
fn complain_later(port: u16) {
    let mut held = hold(port);
    std::thread::spawn(move || {
        held.read_exact(&mut [0]).unwrap_err();
        eprintln!("one more thing");
    });
}

#[test]
fn thread_that_a_body_left_behind_prints_between_calls() {
    const TEST: &str = "thread_that_a_body_left_behind_prints_between_calls";
    let _watchdog = watchdog();
    if !child::is_child() {
        let mut command = child::command(TEST);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut program = command.spawn().unwrap();
        let errors = BufReader::new(program.stderr.take().unwrap());
        assert!(errors.lines().any(|line| line.unwrap().contains("one more thing")));
        drop(program.stdin.take());
        assert!(program.wait().unwrap().success());
        return;
    }
    let lifeline = Lifeline::new();
    Lazy::into_inner(complain_later(lifeline.port()));
    drop(lifeline.held());
    // Waits until the test has read the line.
    stdin().read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn output_of_a_body_that_hangs_is_printed() {
    const TEST: &str = "output_of_a_body_that_hangs_is_printed";
    let _watchdog = watchdog();
    if !child::is_child() {
        let mut command = child::command(TEST);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut program = command.spawn().unwrap();
        let mut errors = BufReader::new(program.stderr.take().unwrap());
        // It is no whole line.
        errors.read_until(b'!', &mut Vec::new()).unwrap();
        drop(program.stdin.take());
        assert!(program.wait().unwrap().success());
        return;
    }
    let lifeline = Lifeline::new();
    let endless = complain_and_hang(lifeline.port());
    stdin().read_to_end(&mut Vec::new()).unwrap();
    assert!(Lazy::cancel(&endless));
}

#[test]
#[allow(unsafe_code, reason = "nothing else closes it")]
fn calls_return_without_an_error_output() {
    const TEST: &str = "calls_return_without_an_error_output";
    let _watchdog = watchdog();
    if !child::is_child() {
        child::succeeds(&mut child::command(TEST));
        return;
    }
    // SAFETY: the call touches no memory.
    assert_eq!(unsafe { libc::close(2) }, 0);
    for _ in 0..3 {
        Lazy::into_inner(complain("into nothing"));
    }
}
