//! Names in the expansion of `#[background]` do not collide with names in the code around it.

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
fn expansion_needs_no_prelude() {
    assert_eq!(without_prelude::every_option("ab", (1, 2)), 3);
    assert_eq!(without_prelude::asynchronous(vec![1]), 1);
    assert!(Lazy::join(without_prelude::never()).map(|_| ()).unwrap_err().is_panic());
    assert_eq!(without_prelude::Type(1).method(), "1");
    assert_eq!(with_everything_shadowed::every_option(&[1], (2, 3)), 3);
    assert_eq!(with_everything_shadowed::asynchronous([1, 2], &2), 3);
}

/// A generated `let x` would compare with these instead of binding.
#[allow(dead_code, non_upper_case_globals, non_camel_case_types)]
mod with_constants_named_like_variables {
    use ::pybackground::background;

    pub(super) const __arg0: u8 = 1;
    pub(super) static __arg1: u8 = 2;
    pub(super) struct arg0;
    pub(super) struct arg1();
    pub(super) const arg2: &str = "";
    pub(super) const __self: u8 = 1;
    pub(super) const __inputs: u8 = 1;
    pub(super) const __result: u8 = 1;
    pub(super) const __options: u8 = 1;
    pub(super) const __arguments: u8 = 1;
    pub(super) const __received: u8 = 1;
    pub(super) const inputs: u8 = 1;
    pub(super) const result: u8 = 1;
    pub(super) const value: u8 = 1;
    pub(super) const body: u8 = 1;
    pub(super) const future: u8 = 1;
    pub(super) const argument: u8 = 1;
    pub(super) const __LIMIT: usize = 1;
    pub(super) const LIMIT: usize = 1;
    pub(super) const __FUNCTION: u8 = 3;
    pub(super) const FUNCTION: u8 = 4;
    pub(super) const __MEMORY: u64 = 1 << 40;

    #[background(limit = __LIMIT + LIMIT, timeout = __MEMORY)]
    pub(super) fn patterns((a, _): (u8, u8), text: &str, [b, ..]: &[u8; 2], _unused: u8) -> u8 {
        a + b + text.len() as u8 + __arg0 + __arg1
    }

    #[background]
    pub(super) async fn asynchronous((a, _): (u8, u8), text: &str) -> u8 {
        a + text.len() as u8 + __result + __arg0
    }

    #[background]
    pub(super) fn awaited(#[lazy] a: u8, #[lazy] (b, _): (u8, u8)) -> u8 {
        a + b + __inputs
    }

    #[derive(Clone)]
    pub(super) struct Type(pub(super) u8);

    impl Type {
        #[background]
        pub(super) fn method(&self, _: u8) -> u8 {
            self.0 + __self
        }
    }

    #[background]
    pub(super) fn generic<const N: usize, const __arg3: usize>(a: [u8; N], (b, _): (u8, u8)) -> u8 {
        a[0] + b + __arg3 as u8
    }
}

#[test]
fn constants_do_not_collide_with_generated_variables() {
    use with_constants_named_like_variables as constants;
    assert_eq!(constants::patterns((1, 0), "ab", &[3, 0], 0), 1 + 3 + 2 + 1 + 2);
    assert_eq!(constants::asynchronous((1, 0), "ab"), 1 + 2 + 1 + 1);
    assert_eq!(constants::awaited(1, (2, 0)), 1 + 2 + 1);
    assert_eq!(constants::Type(1).method(0), 2);
    assert_eq!(constants::generic::<1, 5>([1], (2, 0)), 1 + 2 + 5);
}

#[background]
fn reversed(__arg1: u8, __arg0: u8) -> (u8, u8) {
    (__arg1, __arg0)
}

#[background]
fn shifted(_: u8, arg0: u8, __arg0: u8, (arg1, arg3): (u8, u8)) -> [u8; 4] {
    [arg0, __arg0, arg1, arg3]
}

#[background]
fn reserved(__pybackground_arg1: u8, __pybackground_arg0: u8) -> (u8, u8) {
    (__pybackground_arg1, __pybackground_arg0)
}

#[background]
fn inputs(#[lazy] __inputs: u8, __arg0: u8, #[lazy] __arg1: u8) -> (u8, u8, u8) {
    (__inputs, __arg0, __arg1)
}

#[derive(Clone)]
struct Point(u8);

impl Point {
    #[background]
    fn receiver(&self, __self: u8, __arg0: u8, _self: u8) -> (u8, u8, u8, u8) {
        (self.0, __self, __arg0, _self)
    }

    #[background]
    async fn asynchronous(self, __self: u8, __result: u8, __arg0: u8) -> (u8, u8, u8, u8) {
        (self.0, __self, __result, __arg0)
    }
}

#[background(limit = 2)]
fn r#match(r#type: u8, r#fn: &str, #[lazy] r#move: u8) -> usize {
    usize::from(r#type + r#move) + r#fn.len()
}

#[test]
fn raw_names_work() {
    assert_eq!(r#match(1, "a", 2), 4);
}

#[test]
fn parameters_do_not_collide_with_generated_variables() {
    assert_eq!(reversed(1, 2), (1, 2));
    assert_eq!(shifted(0, 1, 2, (3, 4)), [1, 2, 3, 4]);
    assert_eq!(reserved(1, 2), (1, 2));
    assert_eq!(inputs(1, 2, 3), (1, 2, 3));
    assert_eq!(Point(1).receiver(2, 3, 4), (1, 2, 3, 4));
    assert_eq!(Point(1).asynchronous(2, 3, 4), (1, 2, 3, 4));
}

macro_rules! same_names_of_two_origins {
    ($function:ident, $method:ident, $name:ident, $under:ident) => {
        #[background]
        fn $function($name: u8, __arg0: u8, $under: u8, _x: u8, __arg1: u8) -> [u8; 5] {
            [$name, __arg0, $under, _x, __arg1]
        }

        impl Point {
            #[background(timeout = 60.0 + f64::from($name()))]
            async fn $method(&self, $name: u8, __arg0: u8, $under: u8, _x: u8) -> [u8; 5] {
                [self.0, $name, __arg0, $under, _x]
            }
        }
    };
}
same_names_of_two_origins!(two_origins, two_origins_method, __arg0, _x);

fn __arg0() -> u8 {
    1
}

#[test]
fn parameters_that_a_macro_keeps_apart_stay_apart() {
    assert_eq!(two_origins(1, 2, 3, 4, 5), [1, 2, 3, 4, 5]);
    assert_eq!(Point(1).two_origins_method(2, 3, 4, 5), [1, 2, 3, 4, 5]);
}

const fn size() -> usize {
    2
}

#[background(limit = size())]
fn limit_of_the_same_name(size: u8) -> u8 {
    size
}

/// Methods of all types, which the compiler finds before those that take a reference.
#[allow(dead_code)]
mod with_methods_of_all_types {
    use ::pybackground::{Limit, background};

    pub(super) trait Methods: ::core::marker::Sized {
        fn place(self) {}
        fn get(self) {}
        fn choose(self) {}
        fn compute(self) {}
        fn own_stack(self) {}
        fn name(self) {}
        fn limit(self) {}
        fn timeout(self) {}
        fn run_timeout(self) {}
        fn take(self) {}
        fn run(self) {}
        fn is_kept(self) {}
        fn number(self) {}
        fn new() {}
        fn of() {}
        fn single_flight() {}
    }
    impl<T> Methods for T {}

    const MOST: usize = 2;
    static SHARED: Limit = Limit::new(2);

    #[background(limit = MOST, timeout = 60, run_timeout = 60, name = "name", compute)]
    pub(super) fn number(text: &str) -> usize {
        text.len()
    }

    #[background(limit = SHARED, own_stack)]
    pub(super) fn limit(#[lazy] text: &'static str) -> usize {
        text.len()
    }

    #[background(single_flight)]
    pub(super) fn shared(text: &str) -> usize {
        text.len()
    }
}

#[test]
fn expansion_calls_no_method_of_a_trait_of_the_user() {
    assert_eq!(with_methods_of_all_types::number("a"), 1);
    assert_eq!(with_methods_of_all_types::limit("a"), 1);
    assert_eq!(with_methods_of_all_types::shared("a"), 1);
}

/// Labels, lifetimes and inner items may have any name.
#[background]
fn inner_names<'pybackground: 'static, 'a: 'static>(x: &'a str, y: &'pybackground str) -> usize {
    const __ARG0: usize = 1;
    let __arg0 = __ARG0;
    let __self = 1;
    '__arg0: loop {
        'body: {
            if __arg0 > 1 {
                break 'body;
            }
            break '__arg0;
        }
    }
    x.len() + y.len() + __arg0 + __self
}

#[test]
fn names_inside_a_body_do_not_collide() {
    assert_eq!(limit_of_the_same_name(1), 1);
    assert_eq!(inner_names("a", "b"), 4);
}

/// As in a crate with a `Result` alias and macros of common names.
#[allow(dead_code, non_snake_case, unused_macros)]
mod with_common_aliases {
    use ::pybackground::background;

    pub(super) type Result<T> = ::core::result::Result<T, ::std::string::String>;
    pub(super) type Option<T> = ::core::option::Option<Result<T>>;
    pub(super) type Lazy = u8;
    pub(super) fn drop() {}
    pub(super) fn Some() {}
    pub(super) fn Ok() {}
    pub(super) fn Err() {}

    macro_rules! matches {
        () => {};
    }
    macro_rules! vec {
        () => {};
    }

    #[background]
    pub(super) fn plain(text: &str) -> Result<usize> {
        ::core::result::Result::Ok(text.len())
    }

    #[background]
    pub(super) async fn asynchronous(text: &str) -> Option<Lazy> {
        ::core::option::Option::Some(::core::result::Result::Ok(text.len() as u8))
    }
}

#[test]
fn expansion_ignores_aliases_of_prelude_names() {
    assert_eq!(with_common_aliases::plain("ab"), Ok(2));
    assert_eq!(with_common_aliases::asynchronous("ab"), Some(Ok(2)));
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
fn expansion_finds_the_library_by_another_name() {
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
fn options_do_not_see_parameters() {
    assert_eq!(same_name(1), 1);
    assert_eq!(path_to_same_name(1, 2), 3);
}
