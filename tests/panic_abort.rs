//! A program built with `panic = "abort"`: a body that panics ends the process with its own words, and
//! nothing else does.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::child::told;

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO"));
    command.args(["--offline", "--config", "profile.dev.panic = \"abort\""]).args(arguments);
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

/// Cargo runs the program of its `--config`, which is not the one that others may have built before.
fn run(what: &str) -> Output {
    run_recorded(what, Path::new(""))
}

/// Runs the program with a path for its timeline.
fn run_recorded(what: &str, timeline: &Path) -> Output {
    // The target directory of this very test, which has the attribute's crates.
    let executable = std::env::current_exe().expect("this test has an executable");
    let target = executable.ancestors().nth(3).and_then(Path::to_str).expect("a path in UTF-8");
    let run = ["run", "--quiet", "--target-dir", target, "-p", "panic-abort", "--", what];
    let mut command = cargo(&run);
    command.env("PYBACKGROUND_TIMELINE", timeline).output().expect("cargo can be started")
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

/// The panic hook completes the page, on whichever thread the panic is; without a panic the end of `main` does.
#[test]
fn timeline_is_complete_however_the_process_ends() {
    let folder = std::env::temp_dir().join(format!("panic-abort-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("run.html");
    for (what, succeeds) in [("panic", false), ("panic in main", false), ("cancel", true)] {
        // The end of the process waits for the disk, but not for ever.
        let mut runs = (0..3).map(|_| {
            let output = run_recorded(what, &path);
            assert_eq!(output.status.success(), succeeds, "{what}: {}", told(&output));
            std::fs::read_to_string(&path).unwrap()
        });
        assert!(runs.any(|page| is_complete(&page)), "{what}");
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Whether the page has a call, the end of the recording, and its own end.
fn is_complete(page: &str) -> bool {
    let (_, events) = page.split_once("id=\"data\">\n").expect("a page has events");
    let has = |kind: &str| events.lines().any(|line| line.starts_with(kind));
    has("c ") && has("Z ") && page.ends_with("</html>\n")
}
