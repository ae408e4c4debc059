//! The programs of the README print what it says.

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

/// Asserts that README shows the program, and returns what the program prints when it runs in `folder`.
fn run(source: &str, program: &str, folder: &Path) -> Output {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    assert!(readme.contains(&format!("```rust,no_run\n{source}```")), "README has another program");
    Command::new(program).current_dir(folder).env("RUST_BACKTRACE", "0").output().unwrap()
}

#[test]
fn first_program_prints_its_three_values() {
    let source = include_str!("programs/first.rs");
    let output = run(source, env!("CARGO_BIN_EXE_readme_first"), &env::temp_dir());
    assert!(source.contains("// prints 3 2 1, "));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "3 2 1\n");
    assert!(output.status.success());
}

#[test]
fn second_program_prints_the_length_of_one_file_and_the_error_of_the_other() {
    let folder = env::temp_dir().join(format!("readme-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("a.txt"), "abc").unwrap();
    let source = include_str!("programs/second.rs");
    // On a busy machine a file may take the two seconds after which the program skips it.
    let outputs =
        std::iter::repeat_with(|| run(source, env!("CARGO_BIN_EXE_readme_second"), &folder));
    let nothing_skipped = |output: &Output| {
        let errors = String::from_utf8_lossy(&output.stderr);
        !output.stdout.is_empty() && errors.contains("`readme_second::length`")
    };
    let output = outputs.take(100).find(nothing_skipped).expect("an output with both files");
    fs::remove_dir_all(&folder).unwrap();

    assert_eq!(String::from_utf8_lossy(&output.stdout), "3 bytes\n");
    assert!(source.contains("// `app::length` (defined at src/main.rs:4:4) panicked: .."));
    let errors = String::from_utf8_lossy(&output.stderr);
    let error =
        errors.lines().find(|line| line.starts_with("`readme_second::length` (defined at "));
    let (place, reason) = error.unwrap().split_once(") panicked: ").unwrap();
    assert!(place.ends_with("second.rs:4:4"), "{errors}");
    assert!(reason.starts_with("a file: Os {"), "{errors}");
    assert!(output.status.success());
}
