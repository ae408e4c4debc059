//! The messages of the attribute and of the compiler, one file for each rule.
//!
//! After a change of a message, run `TRYBUILD=overwrite cargo test -p ui`, and read the difference. The
//! component `rust-src` adds lines of the standard library to some messages, so the files are written
//! without it.

use std::process::Command;

/// The compiler whose messages are in the files. Other versions word some of them in another way, so only this
/// one compares them. `.ci/run` demands it.
const COMPILER: &str = "rustc 1.95.";

fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("the compiler runs");
    String::from_utf8(output.stdout).expect("the version is text")
}

#[test]
fn messages() {
    let cases = trybuild::TestCases::new();
    // Code that must compile: unsafe code, which other tests forbid, and code that needs few features.
    cases.pass("pass/*.rs");
    let compiler = compiler();
    if !compiler.starts_with(COMPILER) {
        eprintln!("skipped: the messages are those of {COMPILER}x, and this is {compiler}");
        return;
    }
    // Errors of the attribute.
    cases.compile_fail("refused/*.rs");
    // Errors of the compiler with the messages of the runtime's traits.
    cases.compile_fail("types/*.rs");
    // Errors in the user's own code, reported once, at the user's line.
    cases.compile_fail("own/*.rs");
    // What the guide explains on its page about messages.
    cases.compile_fail("page/*.rs");
    // Operations of a value that its `Lazy` does not have.
    cases.compile_fail("values/*.rs");
}
