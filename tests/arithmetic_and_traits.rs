//! A `Lazy` behaves like its value: operators, comparisons, formats. The table of what is forwarded has a
//! test of its own; here are the corners.
#![expect(clippy::float_cmp, reason = "the same operation gives the same bits")]

use std::cmp::Ordering;
use std::fmt::{Debug, Display};

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
