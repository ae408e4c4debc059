//! A `Lazy` behaves like its value: operators, comparisons, formats, collections, files. The table of
//! what is forwarded has a test of its own; here are the corners.
#![expect(clippy::float_cmp, reason = "the same operation gives the same bits")]

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt::{Debug, Display};
use std::io::{BufRead, Cursor, Seek, Write};
use std::path::{Path, PathBuf};

use pybackground::{Lazy, Timeout, background, spawn};

#[background]
fn number(n: i64) -> i64 {
    n
}

#[background]
fn text(text: &str) -> String {
    text.to_owned()
}

macro_rules! every_form {
    ($($test:ident: $op:tt $assign:tt on $a:expr, $b:expr;)+) => {$(
        #[test]
        fn $test() {
            let (a, b, expected) = ($a, $b, $a $op $b);
            let lazy = |n| spawn(move || n);
            assert_eq!(lazy(a) $op b, expected, "Lazy op value");
            assert_eq!(a $op lazy(b), expected, "value op Lazy");
            assert_eq!(lazy(a) $op lazy(b), expected, "Lazy op Lazy");
            assert_eq!(&lazy(a) $op &lazy(b), expected, "&Lazy op &Lazy");
            assert_eq!(lazy(a) $op &b, expected, "Lazy op &value");
            assert_eq!(lazy(a) $op &lazy(b), expected, "Lazy op &Lazy");
            assert_eq!(&lazy(a) $op b, expected, "&Lazy op value");
            assert_eq!(&lazy(a) $op &b, expected, "&Lazy op &value");
            assert_eq!(&lazy(a) $op lazy(b), expected, "&Lazy op Lazy");
            let shared = |n| Lazy::share(lazy(n));
            assert_eq!(shared(a) $op b, expected, "Shared op value");
            assert_eq!(a $op shared(b), expected, "value op Shared");
            assert_eq!(shared(a) $op shared(b), expected, "Shared op Shared");
            assert_eq!(&shared(a) $op b, expected, "&Shared op value");
            assert_eq!(&shared(a) $op &b, expected, "&Shared op &value");
            assert_eq!(&shared(a) $op &shared(b), expected, "&Shared op &Shared");
            let mut c = lazy(a);
            c $assign b;
            assert_eq!(c, expected, "Lazy op= value");
            let mut c = lazy(a);
            c $assign lazy(b);
            assert_eq!(c, expected, "Lazy op= Lazy");
            let mut c = lazy(a);
            c $assign &b;
            assert_eq!(c, expected, "Lazy op= &value");
            let mut c = lazy(a);
            c $assign &lazy(b);
            assert_eq!(c, expected, "Lazy op= &Lazy");
            let mut c = a;
            c $assign lazy(b);
            assert_eq!(c, expected, "value op= Lazy");
            let mut c = a;
            c $assign shared(b);
            assert_eq!(c, expected, "value op= Shared");
        }
    )+};
}

// No two operands give the same both ways round, so that swapped ones are seen.
every_form! {
    addition: + += on 40_i32, 2;
    subtraction: - -= on 40_i64, 2;
    multiplication: * *= on 40_u8, 2;
    division: / /= on 40_u64, 3;
    remainder: % %= on 40_i128, 7;
    bits_and: & &= on 0b1100_u16, 0b1010;
    bits_or: | |= on 0b1100_usize, 0b1010;
    bits_xor: ^ ^= on 0b1100_isize, 0b1010;
    shift_left: << <<= on 3_u32, 4;
    shift_right: >> >>= on 48_u128, 4;
    sum_of_floats: + += on 0.5_f64, 0.25;
    difference_of_floats: - -= on 0.5_f32, 0.25;
    product_of_floats: * *= on 0.5_f64, 0.25;
    quotient_of_floats: / /= on 0.5_f64, 0.25;
    remainder_of_floats: % %= on 0.5_f64, 0.3;
}

#[test]
fn signs() {
    assert_eq!(-number(3), -3);
    assert_eq!(!number(3), !3);
    assert!(!spawn(|| false));
}

#[test]
fn strings_are_put_together() {
    assert_eq!(text("a") + "b", "ab");
    let mut x = text("a");
    x += "b";
    assert_eq!(x, "ab");
    let owned = String::from("b");
    assert_eq!(text("a") + &owned, "ab");
    assert_eq!(text("a") + &text("b"), "ab");
    assert_eq!(owned + &text("a"), "ba");
}

#[test]
fn sums_and_products() {
    assert_eq!([1, 2, 3].map(number).into_iter().sum::<i64>(), 6);
    assert_eq!([2, 3, 7].map(number).into_iter().product::<i64>(), 42);
    assert_eq!([0.5, 0.25].map(|n| spawn(move || n)).into_iter().sum::<f64>(), 0.75);
    assert_eq!((1..5).map(number).fold(0, |left, n| 2 * left + n), 26);
    let calls = [1, 2, 3].map(number);
    assert_eq!(calls.iter().fold(0, |left, n| n - left), 2);
}

#[test]
fn what_is_not_copied_is_moved() {
    #[derive(Debug, PartialEq)]
    struct Meters(Box<i32>);

    impl std::ops::Add for Meters {
        type Output = Self;

        fn add(self, other: Self) -> Self {
            Self(Box::new(*self.0 + *other.0))
        }
    }

    let meters = |n| spawn(move || Meters(Box::new(n)));
    assert_eq!(meters(1) + meters(2), Meters(Box::new(3)));
    assert_eq!(meters(1) + Meters(Box::new(2)), Meters(Box::new(3)));
}

#[test]
fn comparisons() {
    let all = |facts: &[bool]| facts.iter().all(|fact| *fact);
    assert!(all(&[number(3) == 3, number(3) != 4, number(3) < 4, number(4) >= 4]));
    assert!(all(&[number(3) == number(3), number(3) != number(4), number(3) < number(4)]));
    assert_eq!(number(3).partial_cmp(&4), Some(Ordering::Less));
    assert_eq!(spawn(|| f64::NAN).partial_cmp(&3.0), None);
    assert!(all(&[spawn(|| 'a') == 'a', spawn(|| 'a') < 'b', spawn(|| true) == true]));
    let owned = String::from("b");
    assert!(text("a") < owned && spawn(|| "a") < "b");
    assert!(spawn(|| vec![1]) == vec![1] && spawn(|| Some(1)) == Some(1));
}

#[test]
fn strings_compare_with_every_kind_of_string() {
    let owned = String::from("a");
    let slice: &str = &owned;
    assert!(text("a") == "a" && "a" == text("a") && text("a") != "b");
    assert!(text("a") == *slice && text("a") == slice && slice == text("a"));
    assert!(text("a") == owned && owned == text("a"));
    let literal = || spawn(|| "a");
    assert!(literal() == "a" && "a" == literal() && literal() == owned && owned == literal());
    assert!(literal() == *slice && slice == literal());
}

#[test]
#[expect(clippy::op_ref, reason = "references compare as well")]
fn vectors_compare_with_arrays_and_slices_from_both_sides() {
    let list = || spawn(|| vec![String::from("a"), String::from("b")]);
    let (array, vector) = (["a", "b"], vec!["a", "b"]);
    assert!(list() == array && list() == &array && array == list() && &array == list());
    assert!(list() == array[..] && list() == &array[..]);
    assert!(array[..] == list() && &array[..] == list() && vector == list());
    assert!(list() != ["a"] && ["a", "c"] != list());
    let shared = Lazy::share(list());
    assert!(shared == array && vector == shared && shared != ["a"]);
    assert!(array == shared && shared == array[..]);
}

#[test]
fn formats_and_their_flags() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "only printed")]
    struct Point {
        x: i32,
    }

    fn same(lazy: impl Display + Debug, value: impl Display + Debug) {
        assert_eq!(
            format!(
                "{lazy}|{lazy:>8}|{lazy:<8}|{lazy:^8}|{lazy:*^8}|{lazy:08}|{lazy:+}|{lazy:.1}|{lazy:?}|{lazy:#?}"
            ),
            format!(
                "{value}|{value:>8}|{value:<8}|{value:^8}|{value:*^8}|{value:08}|{value:+}|{value:.1}|{value:?}|{value:#?}"
            ),
        );
    }

    same(spawn(|| 7), 7);
    same(spawn(|| 7.25), 7.25);
    same(text("word"), "word");
    assert_eq!(format!("{:#?}", spawn(|| Point { x: 1 })), format!("{:#?}", Point { x: 1 }));
    assert_eq!(format!("{:#?}", [number(1)]), "[\n    1,\n]");
    let x = spawn(|| 250_u8);
    assert_eq!(format!("{x:x} {x:X} {x:#o} {x:#b} {x:e}"), "fa FA 0o372 0b11111010 2.5e2");
    assert_eq!(number(7).to_string(), "7");
}

#[test]
fn a_timeout_prints_with_the_flags_too() {
    let flags = format!("{Timeout:>9}|{Timeout:<9}|{Timeout:.4}");
    assert_eq!(flags, "  Timeout|Timeout  |Time");
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
