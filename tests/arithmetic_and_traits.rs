//! A `Lazy` behaves like its value: operators, comparisons, formats, collections, and what may be
//! sent and shared.
#![expect(clippy::float_cmp, reason = "the same operation gives the same bits")]

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{Debug, Display};
use std::rc::Rc;

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
            let mut c = lazy(a);
            c $assign b;
            assert_eq!(c, expected, "Lazy op= value");
            let mut c = lazy(a);
            c $assign lazy(b);
            assert_eq!(c, expected, "Lazy op= Lazy");
            let mut c = a;
            c $assign lazy(b);
            assert_eq!(c, expected, "value op= Lazy");
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
    assert_eq!(hashed[&Lazy::ready(String::from("a"))], 1);
    assert_eq!(hashed.insert(text("a"), 2), Some(1));
    let sorted: BTreeMap<Lazy<i64>, i64> = (0..10).rev().map(|n| (number(n), n)).collect();
    assert!(sorted.values().copied().eq(0..10));
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
        fn names(&self) -> [&str; 8] {
            [
                self.join(),
                self.wait(),
                self.peek(),
                self.is_ready(),
                self.into_inner(),
                self.with_timeout(),
                self.function(),
                self.called_at(),
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
    methods! { join wait peek is_ready into_inner with_timeout function called_at }

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
            x.called_at()
        ],
        Talkative.names()
    );
}

mod auto_traits {
    use super::*;

    /// Whether a type has a trait, found while compiling: the method of the type itself goes before
    /// the one that every type has.
    macro_rules! has {
        ($type:ty: $trait:ident) => {{
            #[allow(dead_code, reason = "either goes before the other")]
            struct Probe<T>(std::marker::PhantomData<T>);
            #[allow(dead_code, reason = "either goes before the other")]
            trait Fallback {
                const HAS: bool = false;
            }
            impl<T> Fallback for Probe<T> {}
            #[allow(dead_code, reason = "either goes before the other")]
            impl<T: $trait> Probe<T> {
                const HAS: bool = true;
            }
            let _: Option<Probe<$type>> = None;
            <Probe<$type>>::HAS
        }};
    }

    const _: () = {
        assert!(has!(Lazy<u8>: Send) && has!(Lazy<u8>: Sync));
        assert!(has!(Lazy<Cell<u8>>: Send) && !has!(Lazy<Cell<u8>>: Sync));
        assert!(!has!(Lazy<Rc<u8>>: Send) && !has!(Lazy<Rc<u8>>: Sync));
        assert!(has!(Lazy<Rc<u8>>: Unpin) && has!(Lazy<std::marker::PhantomPinned>: Sized));
        assert!(has!(pybackground::Error: Send) && has!(pybackground::Error: Sync));
        assert!(has!(pybackground::Error: Clone) && has!(Timeout: Copy));
    };

    #[test]
    fn a_lazy_of_what_cannot_be_sent_can_be_made_where_it_is_used() {
        let x = Lazy::ready(Rc::new(7));
        assert_eq!(**x, 7);
    }

    #[test]
    fn a_lazy_of_what_cannot_be_shared_can_be_sent() {
        let x = spawn(|| Cell::new(7));
        assert_eq!(std::thread::spawn(move || x.get()).join().unwrap(), 7);
    }

    #[test]
    fn an_error_is_a_std_error() {
        fn fails() -> Result<i64, Box<dyn std::error::Error + Send + Sync>> {
            Ok(Lazy::join(spawn(|| -> i64 { panic!("boom") }))? + 1)
        }

        assert!(fails().unwrap_err().to_string().contains("boom"));
    }
}
