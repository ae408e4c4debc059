//! The table of forwarded traits says what is so: each of its examples is run, with each type it names.
//!
//! What it says does not compile is held against the compiler in `tests/ui`, beside other messages.
#![allow(
    unused_imports,
    unused_mut,
    unused_variables,
    clippy::borrow_deref_ref,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::clone_on_copy,
    clippy::cmp_owned,
    clippy::explicit_auto_deref,
    clippy::match_like_matches_macro,
    clippy::needless_borrow,
    clippy::needless_borrows_for_generic_args,
    clippy::needless_ifs,
    clippy::op_ref,
    reason = "a table of what can be written, well or not"
)]

use std::borrow::BorrowMut;
use std::collections::{BTreeSet, HashSet};
use std::convert::identity;
use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, BufRead, Cursor, Seek, Write as _};
use std::num::ParseIntError;
use std::path::Path;

use pybackground_runtime::{Lazy, Timeout, all, spawn, value};

const TABLE: &str = include_str!("../src/forward/table.md");

/// The cells of the lines between the head of a table and its end.
fn cells(head: &str) -> Vec<Vec<&'static str>> {
    let lines = TABLE.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let rows = lines.take_while(|line| line.starts_with('|'));
    rows.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// What a cell has between backticks.
fn codes(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(|code| code.replace(r"\|", "|")).collect()
}

fn squeezed(code: &str) -> String {
    code.split_whitespace().collect()
}

/// Makes the calls, and asserts what an example leads to.
macro_rules! check {
    ($wrap:path, [$($name:ident = $value:expr;)+] $check:expr) => {
        $(let mut $name = $wrap(spawn(|| $value));)+
        assert!($check);
    };
}

/// Asserts it of a `Shared`, by that name or by the one that the table has.
macro_rules! check_shared {
    (yes $calls:tt $check:expr) => {{
        use pybackground_runtime::Shared as Lazy;
        check! { pybackground_runtime::Lazy::share, $calls $check }
    }};
    (no $calls:tt $check:expr) => {};
}

/// Runs each example as part of an expression, which is true; the table has the same.
macro_rules! examples {
    ($calls:tt $($of:literal $shared:ident { $($code:literal => $check:expr;)+ })+) => {
        #[test]
        fn each_example_does_what_it_does_for_the_value() {
            $($(
                assert!(squeezed(stringify!($check)).contains(&squeezed($code)), "{} is run", $code);
                { check! { identity, $calls $check } }
                check_shared! { $shared $calls $check }
            )+)+
        }

        #[test]
        fn the_table_has_these_examples() {
            let mut rows = cells("| of `T` |").into_iter();
            $(
                let [of, examples, shared] = rows.next().expect($of)[..] else { panic!("{}", $of) };
                assert_eq!((of, shared), ($of, stringify!($shared)));
                assert_eq!(codes(examples), [$($code),+]);
            )+
            assert_eq!(rows.next(), None);
        }
    };
}

/// Runs what is to be written instead of something that does not compile.
macro_rules! instead {
    ($calls:tt $($not:literal: $code:literal => $check:expr;)+) => {
        #[test]
        fn what_to_write_instead_compiles() {
            $(
                assert!(squeezed(stringify!($check)).contains(&squeezed($code)), "{} is run", $code);
                { check! { identity, $calls $check } }
            )+
        }

        #[test]
        fn the_table_has_what_to_write_instead() {
            let mut rows = cells("| this does not compile |").into_iter();
            $(
                let [not, _, instead] = rows.next().expect($not)[..] else { panic!("{}", $not) };
                assert_eq!((codes(not), codes(instead)), (vec![$not.into()], vec![$code.into()]));
            )+
            assert_eq!(rows.next(), None);
        }
    };
}

examples! {
    [
        n = 6_i64;
        m = 7_i64;
        yes = true;
        text = String::from("ab");
        list = vec![1_i64, 2];
        pair = (6_i64, 7_i64);
        failed = "x".parse::<i64>().unwrap_err();
        double = (|n| 2 * n) as fn(i64) -> i64;
        bytes = Cursor::new(b"ab".to_vec());
    ]
    "methods, fields, calls: `Deref`" yes {
        "list.len()" => list.len() == 2;
        "pair.0" => pair.0 == 6;
        "double(3)" => double(3) == 6;
        "*n" => *n == 6;
    }
    "methods that change it: `DerefMut`" no {
        "list.push(3)" => { list.push(3); *list == [1, 2, 3] };
        "*n = 8" => { *n = 8; *n == 8 };
    }
    "`Display`, `Debug`" yes {
        r#"format!("{n} {text:?}")"# => format!("{n} {text:?}") == r#"6 "ab""#;
        "n.to_string()" => n.to_string() == "6";
    }
    "`Binary`, `Octal`, `LowerHex`, `UpperHex`, `LowerExp`, `UpperExp`, `Pointer`" yes {
        r#"format!("{n:#b} {n:e}")"# => format!("{n:#b} {n:e}") == "0b110 6e0";
    }
    "`PartialEq`, `Eq`" yes {
        "n == 6" => n == 6;
        "n != m" => n != m;
    }
    "with [`Timeout`](crate::Timeout), whatever `T`" yes {
        "n != Timeout" => n != Timeout;
    }
    "of strings, in every form" yes {
        r#"text == "ab""# => text == "ab";
        r#""ab" == text"# => "ab" == text;
        r#"text == String::from("ab")"# => text == String::from("ab");
    }
    "of vectors with arrays and slices" yes {
        "list == [1, 2]" => list == [1, 2];
        "[1, 2] == list" => [1, 2] == list;
        "list == [1, 2][..]" => list == [1, 2][..];
        "vec![1, 2] == list" => vec![1, 2] == list;
    }
    "`PartialOrd`, `Ord`" yes {
        "n < 7" => n < 7;
        "n < m" => n < m;
        "n.max(m)" => n.max(m) == 7;
    }
    "`Hash`, `Borrow`" yes {
        r#"HashSet::from([text]).contains("ab")"# => HashSet::from([text]).contains("ab");
        "BTreeSet::from([n, m]).contains(&6)" => BTreeSet::from([n, m]).contains(&6);
    }
    "`BorrowMut`, `AsMut`" no {
        "AsMut::<[i64]>::as_mut(&mut list)" => { AsMut::<[i64]>::as_mut(&mut list)[0] = 3; list == [3, 2] };
        "BorrowMut::<i64>::borrow_mut(&mut n)" => *BorrowMut::<i64>::borrow_mut(&mut n) == 6;
    }
    "`AsRef`" yes {
        "Path::new(&text)" => Path::new(&text) == Path::new("ab");
    }
    "`Add`, `Sub`, `Mul`, `Div`, `Rem`, `BitAnd`, `BitOr`, `BitXor`, `Shl`, `Shr`" yes {
        "n + 1" => n + 1 == 7;
        "n + m" => n + m == 13;
    }
    "between references" yes {
        "&n + 1" => &n + 1 == 7;
        "&n + &1" => &n + &1 == 7;
        "&n + &m" => &n + &m == 13;
    }
    "of a value and a reference" no {
        "n + &1" => n + &1 == 7;
        "n + &m" => n + &m == 13;
        "&n + m" => &n + m == 13;
    }
    "of a number with what it gets" yes {
        "1 + n" => 1 + n == 7;
        "total += n" => { let mut total = 1; total += n; total == 7 };
    }
    "`AddAssign` and the like" no {
        "n += 1" => { n += 1; n == 7 };
        "n += &1" => { n += &1; n == 7 };
        "n += m" => { n += m; n == 13 };
        "n += &m" => { n += &m; n == 13 };
    }
    "`Add<&str>`, `AddAssign<&str>` of a `String`" no {
        r#"text + "c""# => text + "c" == "abc";
        r#"text += "c""# => { text += "c"; text == "abc" };
    }
    "`Neg`, `Not`" yes {
        "-n" => -n == -6;
        "!yes" => !!yes;
        "-&n" => -&n == -6;
    }
    "`Sum`, `Product` of numbers" yes {
        "[n, m].into_iter().sum::<i64>()" => [n, m].into_iter().sum::<i64>() == 13;
    }
    "`Index`" yes {
        "list[0]" => list[0] == 1;
        "list[1..]" => list[1..] == [2];
    }
    "`IndexMut`" no {
        "list[0] = 3" => { list[0] = 3; list == [3, 2] };
    }
    "`IntoIterator` of a reference" yes {
        "for number in &list {}" => { for number in &list {} list == [1, 2] };
    }
    "of the value, and of what changes it" no {
        "for number in list {}" => { for number in list {} true };
        "for number in &mut list {}" => { for number in &mut list {} list == [1, 2] };
    }
    "`Extend`" no {
        "list.extend([3])" => { list.extend([3]); list == [1, 2, 3] };
    }
    "`Error`" yes {
        "Box::<dyn Error>::from(failed)" => Box::<dyn Error>::from(failed).to_string() == "invalid digit found in string";
    }
    "`Default`, `From<T>`" yes {
        "Lazy::<i64>::default()" => Lazy::<i64>::default() == 0;
        "Lazy::from(6)" => Lazy::from(6) == 6;
    }
    "`io::Read`, `io::BufRead`, `io::Seek`" no {
        "io::read_to_string(bytes)" => io::read_to_string(bytes).unwrap() == "ab";
        "bytes.lines()" => bytes.lines().next().unwrap().unwrap() == "ab";
        "bytes.rewind()" => bytes.rewind().is_ok();
    }
    "`io::Write`, `fmt::Write`" no {
        r#"write!(bytes, "c")"# => { write!(bytes, "c").unwrap(); bytes.get_ref() == b"cb" };
        r#"write!(text, "c")"# => { write!(text, "c").unwrap(); text == "abc" };
    }
}

instead! {
    [
        n = 6_i64;
        m = 7_i64;
        yes = true;
        text = String::from("ab");
        literal = "ab";
        pair = (6_i64, 7_i64);
        parsed = "6".parse::<i64>();
        double = (|n| 2 * n) as fn(i64) -> i64;
        range = 0..3_i64;
    ]
    "match n { 6 => true, _ => false }":
        "match *n { 6 => true, _ => false }" => match *n { 6 => true, _ => false };
    "let (a, b) = pair;":
        "let (a, b) = value(pair);" => { let (a, b) = value(pair); a < b };
    "if yes {}": "if *yes {}" => { if *yes {} true };
    "yes && n == 6": "*yes && n == 6" => *yes && n == 6;
    "i64::abs(n)": "i64::abs(*n)" => i64::abs(*n) == 6;
    "text.into_bytes()":
        "value(text).into_bytes()" => value(text).into_bytes() == b"ab";
    "parsed?": "value(parsed)?" => {
        let plus_one = || Ok::<_, ParseIntError>(value(parsed)? + 1);
        plus_one() == Ok(7)
    };
    "n as u8": "*n as u8" => *n as u8 == 6;
    "for _ in 0..n {}": "for _ in 0..*n {}" => { for _ in 0..*n {} true };
    "u64::try_from(n)": "u64::try_from(*n)" => u64::try_from(*n) == Ok(6);
    "[1].map(double)": "[1].map(&*double)" => [1].map(&*double) == [2];
    "range.count()": "range.into_iter().count()" => range.into_iter().count() == 3;
    "[n, m].into_iter().collect::<Vec<i64>>()":
        "all([n, m].into_iter())" => all([n, m].into_iter()) == [6, 7];
    "[&n, &m].into_iter().sum::<i64>()":
        "[&n, &m].into_iter().map(|x| **x).sum::<i64>()" =>
        [&n, &m].into_iter().map(|x| **x).sum::<i64>() == 13;
    "6 == n": "n == 6" => n == 6;
    "1 + &n": "1 + *n" => 1 + *n == 7;
    "n << 1_u8": "*n << 1_u8" => *n << 1_u8 == 12;
    "let twin: Lazy<i64> = n.clone();":
        "let twin: i64 = n.clone();" => { let twin: i64 = n.clone(); n == twin };
    "let shorter: Lazy<&'a str> = literal;":
        "let shorter: Lazy<&'a str> = Lazy::into_inner(literal).into();" => {
            fn shorten<'a>(literal: Lazy<&'static str>, _: &'a str) -> Lazy<&'a str> {
                let shorter: Lazy<&'a str> = Lazy::into_inner(literal).into();
                shorter
            }
            shorten(literal, "") == "ab"
        };
}
