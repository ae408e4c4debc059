//! A program built with `panic = "abort"`: a body that panics ends the process with its own words, and
//! nothing else does.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::child::told;

fn cargo(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO"));
    command.args(["--offline", "--config", "profile.dev.panic = \"abort\""]).args(arguments);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo can be started")
}

/// Cargo runs the program of its `--config`, which is not the one that others may have built before.
fn run(what: &str) -> Output {
    // The target directory of this very test, which has the attribute's crates.
    let executable = std::env::current_exe().expect("this test has an executable");
    let target = executable.ancestors().nth(3).and_then(Path::to_str).expect("a path in UTF-8");
    cargo(&["run", "--quiet", "--target-dir", target, "-p", "panic-abort", "--", what])
}

#[test]
fn a_panic_ends_the_process_and_a_cancellation_does_not() {
    let output = run("panic");
    let text = told(&output);
    assert!(!output.status.success() && text.contains("the body's own words"), "{text}");
    assert!(!text.contains("went on after"), "{text}");
    let output = run("cancel");
    let text = told(&output);
    assert!(output.status.success() && text.contains("all is well"), "{text}");
}
