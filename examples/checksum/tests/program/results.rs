//! Every file is hashed, what is the same is found, and the output is the same each time.

use crate::support::{Run, Workplace};

const HASH_OF_ABC: &str = "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85";
const HASH_OF_NOTHING: &str = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262";

fn success(stdout: &str) -> Run {
    Run { code: Some(0), stdout: stdout.to_owned(), stderr: String::new() }
}

#[test]
fn files_are_listed_by_name_with_their_hashes() {
    let place = Workplace::new("files_are_listed_by_name_with_their_hashes");
    place.write("files/b", "abc");
    place.write("files/a/nested/deeply", "");
    place.write("files/c", "abc");
    let expected = format!(
        "\
{HASH_OF_NOTHING}  files/a/nested/deeply
{HASH_OF_ABC}  files/b
{HASH_OF_ABC}  files/c

2 copies of 3 bytes waste 3 bytes:
  files/b
  files/c

files:            3
bytes:            6 bytes
unreadable:       0
duplicate groups: 1
wasted:           3 bytes
"
    );
    assert_eq!(place.run(&["--list", "files"]), success(&expected));
}

#[test]
fn the_current_folder_is_hashed_if_none_is_named() {
    let place = Workplace::new("the_current_folder_is_hashed_if_none_is_named");
    place.write("files/a", "abc");
    let run = Run::of(place.command(&["--list"]).current_dir(place.path("files")));
    assert!(run.stdout.starts_with(&format!("{HASH_OF_ABC}  ./a\n")), "{run:?}");
}

#[test]
fn an_empty_folder_has_no_files() {
    let place = Workplace::new("an_empty_folder_has_no_files");
    let expected = "\
files:            0
bytes:            0 bytes
unreadable:       0
duplicate groups: 0
wasted:           0 bytes
";
    assert_eq!(place.run(&["files"]), success(expected));
}

#[test]
fn thousands_of_files_are_all_hashed() {
    let place = Workplace::new("thousands_of_files_are_all_hashed");
    for number in 0..3000 {
        place.write(format!("files/{}/{number}", number % 10), format!("{}", number / 2));
    }
    let first = place.run(&["--list", "files"]);
    assert!(first.stdout.contains("\nfiles:            3000\n"), "{}", first.stdout);
    assert!(first.stdout.contains("\nduplicate groups: 1500\n"), "{}", first.stdout);
    assert_eq!(place.run(&["--list", "files"]), first);
}

#[test]
fn compare_adds_both_times_and_their_ratio() {
    let place = Workplace::new("compare_adds_both_times_and_their_ratio");
    place.write("files/a", "abc");
    let plain = place.run(&["files"]);
    let run = place.run(&["--compare", "files"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));

    let added = run.stdout.strip_prefix(&plain.stdout).unwrap();
    let figures: Vec<(&str, f64)> = added
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(label, figure)| (label, figure.trim().trim_end_matches(" s").parse().unwrap()))
        .collect();
    let labels: Vec<&str> = figures.iter().map(|(label, _)| *label).collect();
    assert_eq!(labels, ["one after the other", "in the background", "speed-up"]);
    assert!(figures.iter().all(|(_, figure)| *figure >= 0.0), "{added}");
}

#[cfg(unix)]
mod unix {
    use super::*;

    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    #[test]
    fn hard_links_and_empty_files_waste_nothing() {
        let place = Workplace::new("hard_links_and_empty_files_waste_nothing");
        place.write("files/a", "abc");
        fs::hard_link(place.path("files/a"), place.path("files/b")).unwrap();
        place.write("files/empty", "");
        place.write("files/empty too", "");
        let run = place.run(&["files"]);
        assert!(run.stdout.contains("duplicate groups: 0\n"), "{}", run.stdout);

        place.write("files/c", "abc");
        let expected = "\
2 copies of 3 bytes waste 3 bytes:
  files/a
  files/b (hard link to files/a)
  files/c

files:            5
bytes:            9 bytes
unreadable:       0
duplicate groups: 1
wasted:           3 bytes
";
        assert_eq!(place.run(&["files"]), success(expected));
    }

    #[test]
    fn symbolic_links_are_followed_only_as_the_argument() {
        let place = Workplace::new("symbolic_links_are_followed_only_as_the_argument");
        place.write("files/a", "abc");
        symlink("a", place.path("files/link to a file")).unwrap();
        symlink(".", place.path("files/link to itself")).unwrap();
        symlink("nowhere", place.path("files/link to nowhere")).unwrap();
        symlink("files", place.path("link")).unwrap();
        for folder in ["files", "link"] {
            let run = place.run(&[folder]);
            assert!(run.stdout.starts_with("files:            1\n"), "{run:?}");
            assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
        }
    }

    #[test]
    fn a_name_that_is_no_text_is_hashed_and_escaped() {
        let place = Workplace::new("a_name_that_is_no_text_is_hashed_and_escaped");
        let name = OsStr::from_bytes(b"files/caf\xe9\n");
        // Some file systems take only text as a name.
        if fs::write(place.path(name), "abc").is_ok() {
            let run = place.run(&["--list", "files"]);
            let expected = format!("{HASH_OF_ABC}  \"files/caf\\xE9\\n\"\n");
            assert!(run.stdout.starts_with(&expected), "{run:?}");
        }
    }
}
