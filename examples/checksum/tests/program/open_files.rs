//! However many threads there are, only so many files are open at once.

use std::process::Command;

use crate::support::{Run, Workplace};

/// Files that may be open: the 64 that the program promises, and a few for the program itself.
const ALLOWED: &str = "80";

#[test]
fn few_files_are_open_at_once() {
    let place = Workplace::new("few_files_are_open_at_once");
    for number in 0..200 {
        let file = std::fs::File::create(place.path(format!("files/{number}"))).unwrap();
        file.set_len(256 * 1024).unwrap();
    }
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "ulimit -n \"$1\" && exec \"$2\" files", "sh", ALLOWED])
        .arg(place.command(&[]).get_program())
        .current_dir(place.path("."))
        .env("PYBACKGROUND_WORKERS", "200");
    let run = Run::of(&mut shell);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    assert!(run.stdout.contains("\nfiles:            200\n"), "{}", run.stdout);
}
