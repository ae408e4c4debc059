//! What cannot be read is named and does not stop the rest; what cannot be done is refused.

use std::process::Stdio;

use crate::support::{Run, Workplace};

fn refused(stderr: &str) -> Run {
    Run { code: Some(2), stdout: String::new(), stderr: stderr.to_owned() }
}

/// Puts a file and a folder below `files` whose paths are longer than the system takes, so that
/// nobody can open them by these, not even the superuser.
#[cfg(target_os = "linux")]
fn nest_too_deeply(place: &Workplace) {
    use std::fs;

    const LONGEST_PATH: usize = 4096;
    const LEVEL: usize = 250;

    // The deepest folder that can be read, as `files/ddd/ddd/..`.
    let levels = (LONGEST_PATH - "files/".len()) / (LEVEL + "/".len());
    let mut folder = place.path("files");
    for _ in 0..levels {
        folder.push("d");
    }
    place.write(folder.join("f".repeat(LEVEL)), "out of reach");
    place.write(folder.join("d".repeat(LEVEL)).join("file"), "further out of reach");
    // From the innermost outwards, so that each path is short when it is needed.
    while folder != place.path("files") {
        fs::rename(&folder, folder.with_file_name("d".repeat(LEVEL))).unwrap();
        folder.pop();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_hashed() {
    let place = Workplace::new("what_cannot_be_read_is_named_and_the_rest_is_hashed");
    place.write("files/a", "abc");
    place.write("files/z", "abc");
    nest_too_deeply(&place);
    let run = place.run(&["files"]);
    let expected = "\
2 copies of 3 bytes waste 3 bytes:
  files/a
  files/z

files:            2
bytes:            6 bytes
unreadable:       2
duplicate groups: 1
wasted:           3 bytes
";
    assert_eq!((run.code, run.stdout.as_str()), (Some(1), expected));

    let complaints: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(complaints.len(), 2, "{complaints:#?}");
    for (complaint, first_letter) in complaints.iter().zip(["d", "f"]) {
        assert!(complaint.starts_with("checksum: cannot read files/ddd"), "{complaint}");
        let name = format!("/{}: ", first_letter.repeat(250));
        let (_, reason) = complaint.split_once(&name).unwrap();
        assert!(reason.starts_with("File name too long"), "{complaint}");
    }
}

#[test]
fn a_folder_that_does_not_exist_is_refused() {
    let place = Workplace::new("a_folder_that_does_not_exist_is_refused");
    let expected = refused("checksum: there is no folder elsewhere\n");
    assert_eq!(place.run(&["elsewhere"]), expected);
}

#[test]
fn a_file_is_refused() {
    let place = Workplace::new("a_file_is_refused");
    place.write("files/a", "abc");
    let expected = refused("checksum: files/a is no folder; name the folder that it is in\n");
    assert_eq!(place.run(&["files/a"]), expected);
}

#[test]
fn an_unknown_option_is_refused() {
    let place = Workplace::new("an_unknown_option_is_refused");
    let expected =
        refused("checksum: invalid option '--fast'; `checksum --help` tells what there is\n");
    assert_eq!(place.run(&["--fast"]), expected);
}

#[test]
fn help_names_every_option() {
    let place = Workplace::new("help_names_every_option");
    let run = place.run(&["--help"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    for option in ["--list", "--compare", "--help", "DIR", "Exit code"] {
        assert!(run.stdout.contains(option), "{option}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error() {
    let place = Workplace::new("output_that_cannot_be_written_is_an_error");
    let full = std::fs::File::create("/dev/full").unwrap();
    let output = place
        .command(&["files"])
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("checksum: cannot write the result: "), "{stderr}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let place = Workplace::new("a_reader_that_has_seen_enough_is_no_error");
    place.write("files/a", "abc");
    let mut child =
        place.command(&["files"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
