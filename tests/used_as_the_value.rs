//! A `Lazy` is used as its value is: as a key, by index, in loops, as a file, as an error. The table of
//! what is forwarded has a test of its own; here are the corners.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::{BufRead, Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use pybackground::{Lazy, background, spawn};

#[background]
fn number(n: i64) -> i64 {
    n
}

#[background]
fn text(text: &str) -> String {
    text.to_owned()
}

#[test]
#[expect(clippy::mutable_key_type, reason = "the value that is hashed and compared never changes")]
fn keys_of_maps() {
    let mut hashed = HashMap::from([(text("a"), 1)]);
    assert_eq!((hashed.get("a"), hashed.get("b")), (Some(&1), None));
    assert_eq!(hashed[&Lazy::ready(String::from("a"))], 1);
    assert_eq!(hashed.insert(text("a"), 2), Some(1));
    let sorted: BTreeMap<Lazy<i64>, i64> = (0..10).rev().map(|n| (number(n), n)).collect();
    assert!(sorted.values().copied().eq(0..10));
    assert_eq!((sorted.get(&3), sorted.range(..2).count()), (Some(&3), 2));
    let mut list: Vec<Lazy<i64>> = [3, 1, 2].map(number).into();
    list.sort();
    assert_eq!(list, [1, 2, 3]);
    assert_eq!(number(3).max(number(4)), 4);
}

/// Each of these is found by more than one kind of key, and hashes as that kind does.
#[test]
#[expect(clippy::mutable_key_type, reason = "the value that is hashed and compared never changes")]
fn keys_are_found_by_what_they_are_borrowed_as() {
    let path = HashSet::from([spawn(|| PathBuf::from("a/b"))]);
    assert!(path.contains(Path::new("a/b")) && path.contains(&PathBuf::from("a/b")));
    let os = HashSet::from([spawn(|| OsString::from("a"))]);
    assert!(os.contains(OsStr::new("a")));
    let list = HashSet::from([spawn(|| vec![1, 2])]);
    assert!(list.contains(&[1, 2][..]));
    let boxed = HashSet::from([spawn(|| Box::<str>::from("a"))]);
    assert!(boxed.contains("a"));
    let literal = HashSet::from([spawn(|| "a")]);
    assert!(literal.contains("a"));
}

#[test]
fn an_element_is_found_by_the_length_in_one_expression() {
    let mut list = spawn(|| vec![1, 2, 3]);
    list[0] = 4;
    assert_eq!(list[list.len() - 1], 3);
    list[1] += 1;
    assert_eq!(list, [4, 3, 3]);
    let ages = spawn(|| HashMap::from([("Ada", 36)]));
    assert_eq!(ages["Ada"], 36);
    let grid = spawn(|| [[1, 2], [3, 4]]);
    assert_eq!(grid[1][0], 3);
}

#[test]
fn loops_go_over_the_value() {
    let mut list = spawn(|| vec![1, 2]);
    for n in &mut list {
        *n *= 10;
    }
    let mut seen = Vec::new();
    for n in &list {
        seen.push(*n);
    }
    for n in list {
        seen.push(n + 1);
    }
    assert_eq!(seen, [10, 20, 11, 21]);
    let mut lines = spawn(|| "a b".split(' '));
    assert_eq!(lines.next(), Some("a"));
    for rest in lines {
        assert_eq!(rest, "b");
    }
    let shared = Lazy::share(spawn(|| vec![1, 2]));
    assert_eq!(shared.iter().zip(&shared).map(|(a, b)| a * b).sum::<i32>(), 5);
}

#[test]
fn values_are_changed_in_place() {
    let mut names = spawn(|| vec!["b"]);
    names.push("a");
    names.sort_unstable();
    assert_eq!(names.join(" "), "a b");
    names[0] = "c";
    assert_eq!(names.iter().copied().collect::<String>(), "cb");
    let mut n = number(1);
    *n += 1;
    assert_eq!(std::mem::replace(&mut *n, 7), 2);
    assert_eq!(Lazy::into_inner(n), 7);
}

#[test]
fn files_are_read_and_written() {
    let mut out = spawn(|| Cursor::new(Vec::new()));
    writeln!(out, "one").unwrap();
    out.write_all(b"two\n").unwrap();
    let mut file = spawn(|| Cursor::new(b"one\ntwo\n".to_vec()));
    assert_eq!(file.get_ref(), out.get_ref());
    let mut line = String::new();
    assert_eq!(file.read_line(&mut line).unwrap(), 4);
    assert_eq!((line.as_str(), file.stream_position().unwrap()), ("one\n", 4));
    file.seek_relative(-4).unwrap();
    let copied = std::io::copy(&mut file, &mut std::io::sink()).unwrap();
    assert_eq!(copied, 8);
}

#[test]
fn an_error_has_the_source_of_its_value() {
    #[derive(Debug)]
    struct Outer(std::fmt::Error);

    impl Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("outer")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    let boxed: Box<dyn Error> = spawn(|| Outer(std::fmt::Error)).into();
    assert!(boxed.source().unwrap().is::<std::fmt::Error>());
    assert_eq!(boxed.to_string(), "outer");
}

#[test]
fn what_a_method_finds_is_the_values_own() {
    let x = spawn(|| Some(String::from("a")));
    assert_eq!(x.as_ref().map(String::len), Some(1), "that of `Option`, not of `AsRef`");
    let copy: String = text("a").clone();
    assert_eq!(copy, "a");
    let cell = spawn(|| RefCell::new(1));
    *cell.borrow_mut() += 1;
    assert_eq!(*cell.borrow(), 2);
}

#[test]
fn values_made_without_a_call() {
    let ready: Lazy<i32> = 7.into();
    assert_eq!(Lazy::ready(7), ready);
    assert!(Lazy::is_ready(&ready));
    assert_eq!((Lazy::function(&ready), Lazy::called_at(&ready)), (None, None));
}

/// `Lazy` has associated functions only: the methods are the value's.
#[test]
fn methods_are_those_of_the_value() {
    struct Talkative;

    impl Talkative {
        fn names(&self) -> [&str; 10] {
            [
                self.join(),
                self.wait(),
                self.peek(),
                self.is_ready(),
                self.into_inner(),
                self.with_timeout(),
                self.function(),
                self.called_at(),
                self.value(),
                self.is_timeout(),
            ]
        }
    }

    macro_rules! methods {
        ($($name:ident)+) => {$(
            impl Talkative {
                #[allow(clippy::wrong_self_convention, clippy::unused_self, reason = "the names matter")]
                fn $name(&self) -> &'static str {
                    stringify!($name)
                }
            }
        )+};
    }
    methods! { join wait peek is_ready into_inner with_timeout function called_at value is_timeout }

    let x = spawn(|| Talkative);
    assert_eq!(
        [
            x.join(),
            x.wait(),
            x.peek(),
            x.is_ready(),
            x.into_inner(),
            x.with_timeout(),
            x.function(),
            x.called_at(),
            x.value(),
            x.is_timeout()
        ],
        Talkative.names()
    );
}
