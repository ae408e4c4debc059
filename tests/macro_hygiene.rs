//! What `#[background]` generates neither sees nor is seen by the code around it.

#![allow(clippy::all, clippy::pedantic, reason = "all that people write, good or not, has to work")]

use pybackground::{Lazy, background};

mod without_prelude {
    #![no_implicit_prelude]

    use ::pybackground::background;

    #[background(timeout = 60.0, limit = 2, name = "bare", compute)]
    pub(super) fn every_option(text: &str, (a, _): (u8, u8)) -> usize {
        text.len() + a as usize
    }

    #[background(timeout = ::std::time::Duration::MAX)]
    pub(super) async fn asynchronous(list: ::std::vec::Vec<u8>) -> usize {
        list.len()
    }

    #[background]
    pub(super) fn never() -> ! {
        ::std::panic!("never")
    }

    #[derive(::std::clone::Clone)]
    pub(super) struct Type(pub(super) u8);

    impl Type {
        #[background]
        pub(super) fn method(&self) -> ::std::string::String {
            ::std::format!("{}", self.0)
        }
    }
}

#[allow(dead_code, non_camel_case_types, unused_macros)]
mod with_everything_shadowed {
    use ::pybackground::background;

    pub(super) struct Option;
    pub(super) struct Result;
    pub(super) struct Some;
    pub(super) struct None;
    pub(super) struct Box;
    pub(super) struct Vec;
    pub(super) struct String;
    pub(super) struct Lazy;
    pub(super) struct Duration;
    pub(super) struct Options;
    pub(super) struct bool;
    pub(super) struct str;
    pub(super) struct u64;
    pub(super) struct u32;
    pub(super) struct usize;
    pub(super) trait Clone {}
    pub(super) trait Send {}
    pub(super) trait Sized {}
    pub(super) trait ToOwned {}
    pub(super) trait Fn {}
    pub(super) trait FnOnce {}
    pub(super) trait Future {}
    pub(super) mod std {}
    pub(super) mod core {}
    pub(super) mod alloc {}
    pub(super) mod pybackground {}
    pub(super) mod __private {}

    macro_rules! compile_error {
        ($($t:tt)*) => {
            fail
        };
    }
    macro_rules! concat {
        ($($t:tt)*) => {
            fail
        };
    }
    macro_rules! stringify {
        ($($t:tt)*) => {
            fail
        };
    }
    macro_rules! module_path {
        ($($t:tt)*) => {
            fail
        };
    }
    macro_rules! panic {
        ($($t:tt)*) => {
            fail
        };
    }

    // Methods that would be found before those of the traits.
    pub(super) trait Methods: ::core::marker::Sized {
        fn give(self) {}
        fn take(self) {}
        fn get(&self) {}
        fn borrow(&self) {}
        fn clone(&self) {}
        fn to_owned(&self) {}
        fn copy(&self) {}
        fn timeout(self) {}
        fn limit(self) {}
        fn into_timeout(self) {}
    }
    impl<T> Methods for T {}

    #[background(timeout = 60.0, limit = 2, name = "shadowed", compute)]
    pub(super) fn every_option(text: &'static [u8], (a, _): (u8, u8)) -> u8 {
        text[0] + a
    }

    #[background(timeout = 30 + 30)]
    pub(super) async fn asynchronous(list: [u8; 2], lent: &u8) -> u8 {
        list[0] + *lent
    }
}

#[test]
fn the_prelude_is_not_needed_and_may_be_shadowed() {
    assert_eq!(without_prelude::every_option("ab", (1, 2)), 3);
    assert_eq!(without_prelude::asynchronous(vec![1]), 1);
    assert!(Lazy::join(without_prelude::never()).map(|_| ()).unwrap_err().is_panic());
    assert_eq!(without_prelude::Type(1).method(), "1");
    assert_eq!(with_everything_shadowed::every_option(&[1], (2, 3)), 3);
    assert_eq!(with_everything_shadowed::asynchronous([1, 2], &2), 3);
}

mod renamed {
    use pybackground as other;

    #[other::background(crate = other)]
    pub(super) fn by_use(text: &str) -> usize {
        text.len()
    }

    #[other::background(crate = ::pybackground, timeout = 60)]
    pub(super) fn by_absolute_path() -> u8 {
        1
    }

    pub(super) mod facade {
        pub(in super::super) use pybackground::*;
    }

    #[facade::background(crate = crate::renamed::facade)]
    pub(super) async fn by_reexport() -> u8 {
        2
    }

    macro_rules! through_a_macro {
        ($name:ident) => {
            #[$crate::renamed::facade::background(crate = $crate::renamed::facade)]
            pub(super) fn $name(&(): &()) -> u8 {
                3
            }
        };
    }
    through_a_macro!(by_crate_variable);
}

#[test]
fn the_library_may_go_by_another_name() {
    assert_eq!(renamed::by_use("ab"), 2);
    assert_eq!(renamed::by_absolute_path(), 1);
    assert_eq!(renamed::by_reexport(), 2);
    assert_eq!(renamed::by_crate_variable(&()), 3);
}

// A name that both a parameter and the timeout use means two things.
const fn seconds() -> f64 {
    60.0
}

#[background(timeout = seconds())]
fn same_name(seconds: u8) -> u8 {
    seconds
}

#[background(timeout = self::seconds() + f64::from(u8::from_str_radix("1", 10).unwrap()))]
fn path_to_same_name(seconds: u8, from: u8) -> u8 {
    seconds + from
}

#[test]
fn options_are_evaluated_outside_of_the_parameters() {
    assert_eq!(same_name(1), 1);
    assert_eq!(path_to_same_name(1, 2), 3);
}
