//! What `process` and `remote` expand to triggers no lint, and collides with no name around it.

#![forbid(unsafe_code, unused_imports, unused_variables, future_incompatible)]
#![deny(warnings, missing_docs, unused, rust_2018_idioms)]
#![deny(clippy::all, clippy::pedantic, clippy::nursery)]
#![allow(
    clippy::redundant_pub_crate,
    clippy::missing_const_for_fn,
    clippy::trivially_copy_pass_by_ref,
    reason = "they are about what is written here"
)]
#![deny(
    let_underscore,
    nonstandard_style,
    keyword_idents,
    missing_copy_implementations,
    redundant_imports,
    redundant_lifetimes,
    single_use_lifetimes,
    tail_expr_drop_order,
    trivial_casts,
    trivial_numeric_casts,
    unit_bindings,
    unnameable_types,
    unreachable_pub,
    unused_lifetimes,
    unused_qualifications,
    unused_results,
    variant_size_differences
)]

#[allow(
    let_underscore,
    unused_results,
    missing_docs,
    reason = "the attribute expands to none of it"
)]
#[allow(clippy::nursery, reason = "the lints are for what the attribute makes")]
mod common;

use std::time::Duration;

use pybackground::{Lazy, background};

/// A constant of a limit.
const MOST: usize = 2;

/// A constant of memory.
const MEMORY: u64 = 1 << 32;

/// Every option, every kind of parameter.
#[background(process, timeout = 60.0, limit = MOST, name = "all", memory = MEMORY)]
fn all(text: &str, (a, _): (u8, u8), mut list: Vec<u8>, _unused: u8, [b, ..]: &[u8; 2]) -> usize {
    list.push(a + b);
    list.len() + text.len()
}

/// Nothing.
#[background(process)]
fn nothing() {}

/// Fails at times.
///
/// # Errors
///
/// If `text` is no number.
#[background(process, run_timeout = Duration::from_secs(60))]
fn fails(text: &str) -> Result<u8, String> {
    let number = text.parse::<u8>().map_err(|error| error.to_string())?;
    Ok(number)
}

/// Every option, every kind of parameter.
#[background(remote, retry = 3, queue = "default", limit = MOST, memory = MEMORY, timeout = "60s", name = "shop")]
fn far(text: &str, (a, _): (u8, u8), mut list: Vec<u8>, _unused: u8, [b, ..]: &[u8; 2]) -> usize {
    list.push(a + b);
    list.len() + text.len()
}

/// Nothing.
#[background(remote)]
fn far_nothing() {}

/// Everything that is public in a library, in a type.
pub mod library {
    use pybackground::background;

    /// A public type.
    #[derive(Clone, Copy, Debug)]
    pub struct Public;

    impl Public {
        /// An associated function.
        #[background(process)]
        pub fn of_process(number: u8) -> u8 {
            number
        }

        /// An associated function.
        #[background(remote)]
        pub fn of_remote(number: u8) -> u8 {
            number
        }
    }
}

mod without_prelude {
    #![no_implicit_prelude]

    use ::pybackground::background;

    /// Every option.
    #[background(process, timeout = 60.0, limit = 2, name = "bare", memory = "1GiB")]
    pub(super) fn process(text: &str, (a, _): (u8, u8)) -> usize {
        text.len() + <usize as ::std::convert::From<u8>>::from(a)
    }

    /// Every option.
    #[background(remote, timeout = 60.0, limit = 2, retry = 1, memory = "1GiB")]
    pub(super) fn remote(text: &str, (a, _): (u8, u8)) -> usize {
        text.len() + <usize as ::std::convert::From<u8>>::from(a)
    }
}

/// Names of the prelude, of macros and of crates.
#[allow(dead_code, nonstandard_style, unused_macros, reason = "they are only in the way")]
mod with_everything_shadowed {
    use ::pybackground::background;

    struct Option;
    struct Result;
    struct Some;
    struct None;
    fn Ok() {}
    fn Err() {}
    struct Box;
    struct Vec;
    struct String;
    struct Duration;
    struct bool;
    struct str;
    struct u64;
    struct u32;
    struct usize;
    struct Function;
    struct Arguments;
    trait Clone {}
    trait Send {}
    trait Sized {}
    trait Fn {}
    trait FnOnce {}
    mod std {}
    mod core {}
    mod alloc {}
    mod pybackground {}
    mod linkme {}
    mod serde {}
    mod __private {}

    macro_rules! concat {
        ($($t:tt)*) => {
            fail
        };
    }
    macro_rules! module_path {
        ($($t:tt)*) => {
            fail
        };
    }
    macro_rules! compile_error {
        ($($t:tt)*) => {
            fail
        };
    }

    #[background(process, timeout = 60.0, limit = 2, name = "shadowed", memory = "1GiB")]
    pub(super) fn process(text: &[u8], (a, _): (u8, u8)) -> u8 {
        text[0] + a
    }

    #[background(remote, timeout = 60.0, limit = 2, retry = 1, memory = "1GiB")]
    pub(super) fn remote(text: &[u8], (a, _): (u8, u8)) -> u8 {
        text[0] + a
    }

    #[background(process)]
    pub(super) fn r#match(r#type: u8, __arg0: u8, function: u8) -> u8 {
        r#type + __arg0 + function
    }
}

#[test]
fn process_triggers_no_lint_and_collides_with_nothing() {
    let _watchdog = common::watchdog();
    assert_eq!(all("a", (1, 2), vec![], 0, &[1, 2]), 2);
    assert_eq!(*nothing(), ());
    assert_eq!(*fails("1"), Ok(1));
    assert_eq!(library::Public::of_process(1), 1);
    assert_eq!(without_prelude::process("ab", (1, 2)), 3);
    assert_eq!(with_everything_shadowed::process(&[1], (2, 3)), 3);
    assert_eq!(with_everything_shadowed::r#match(1, 2, 3), 6);
}

#[test]
fn remote_triggers_no_lint_and_collides_with_nothing() {
    let _watchdog = common::watchdog();
    assert_eq!(far("a", (1, 2), vec![], 0, &[1, 2]), 2);
    assert_eq!(*far_nothing(), ());
    assert_eq!(library::Public::of_remote(1), 1);
    assert_eq!(without_prelude::remote("ab", (1, 2)), 3);
    assert_eq!(with_everything_shadowed::remote(&[1], (2, 3)), 3);
    assert_eq!(Lazy::into_inner(without_prelude::remote("ab", (1, 2))), 3);
}
