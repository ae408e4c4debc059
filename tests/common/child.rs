//! Tests that need a process of their own: they start their own executable again.

use std::process::{Command, Output};

pub(crate) const CHILD: &str = "PYBACKGROUND_TEST_CHILD";

/// Whether this process was started by a test to run its other half.
pub(crate) fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

/// A command that runs the test of that name in this executable, as a child.
pub(crate) fn command(test: &str) -> Command {
    wrapped(&[], test)
}

/// As `command`, started by another program.
pub(crate) fn wrapped(wrapper: &[&str], test: &str) -> Command {
    let executable = std::env::current_exe().expect("this test has an executable");
    let mut command = match wrapper {
        [] => Command::new(executable),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(executable);
            command
        }
    };
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    command
}

/// Everything that the process printed, and its end, for messages.
pub(crate) fn told(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Runs the test of that name in a process of its own, which has to succeed.
#[track_caller]
pub(crate) fn succeeds(command: &mut Command) -> String {
    let output = command.output().expect("the child can be started");
    let told = told(&output);
    assert!(output.status.success(), "the child failed: {told}");
    assert!(told.contains("1 passed"), "the child ran no test: {told}");
    told
}
