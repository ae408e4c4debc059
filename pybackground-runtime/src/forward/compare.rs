//! Comparing with the value, with another of the kind, and with `Timeout`; hashing.
//!
//! A number, a `bool` or a `char` stands on the right: `lazy == 3` and `lazy < 3`, not `3 == lazy`. For
//! the standard library compares each of these with nothing but itself, and from that the compiler
//! knows what `into` is to give in `x == y.into()`. One `impl PartialEq<Lazy<u8>> for u8`, in any crate
//! of a program, and it would no longer: code that has nothing to do with us would not compile. The
//! same goes for `<` between strings. It does not for `==` between strings or between slices, nor for
//! operators: there the standard library has several `impl`s, and `x + y.into()` compiles nowhere.
#![expect(clippy::partialeq_ne_impl, reason = "the provided one has a line of its own to tell")]

use std::cmp::Ordering;
use std::convert::identity;
use std::hash::{Hash, Hasher};

use crate::lazy::Lazy;
use crate::shared::Shared;
use crate::timeout::Timeout;

/// Comparing the value with another, which may be that of a pointer. What a trait provides would tell a
/// line of the standard library as the one of the use, so nothing is left to it.
macro_rules! compare {
    ($($method:ident),+: $other:ty, $value:path => $result:ty) => {$(
        #[track_caller]
        fn $method(&self, other: &$other) -> $result {
            self.value().$method($value(other))
        }
    )+};
}

macro_rules! compare_as_value {
    ($($pointer:ident)+) => {$(
        impl<T: PartialEq> PartialEq for $pointer<T> {
            compare! { eq, ne: Self, Self::value => bool }
        }

        impl<T: Eq> Eq for $pointer<T> {}

        /// The value on the right: `3 == x` is not there, for it would break `3 == y.into()` elsewhere.
        impl<T: PartialEq> PartialEq<T> for $pointer<T> {
            compare! { eq, ne: T, identity => bool }
        }

        /// Whether the call timed out. A call that failed otherwise did not, and whoever compares has not
        /// seen its error: the first use of the value still panics with it.
        impl<T> PartialEq<Timeout> for $pointer<T> {
            #[track_caller]
            fn eq(&self, _: &Timeout) -> bool {
                self.is_timeout()
            }

            #[track_caller]
            fn ne(&self, _: &Timeout) -> bool {
                !self.is_timeout()
            }
        }

        impl<T> PartialEq<$pointer<T>> for Timeout {
            #[track_caller]
            fn eq(&self, other: &$pointer<T>) -> bool {
                other.is_timeout()
            }

            #[track_caller]
            fn ne(&self, other: &$pointer<T>) -> bool {
                !other.is_timeout()
            }
        }

        impl<T: PartialOrd> PartialOrd for $pointer<T> {
            compare! { partial_cmp: Self, Self::value => Option<Ordering> }
            compare! { lt, le, gt, ge: Self, Self::value => bool }
        }

        /// The value on the right: `3 < x` is not there, for it would break `3 < y.into()` elsewhere.
        impl<T: PartialOrd> PartialOrd<T> for $pointer<T> {
            compare! { partial_cmp: T, identity => Option<Ordering> }
            compare! { lt, le, gt, ge: T, identity => bool }
        }

        impl<T: Ord> Ord for $pointer<T> {
            compare! { cmp: Self, Self::value => Ordering }
        }

        impl<T: Hash> Hash for $pointer<T> {
            #[track_caller]
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.value().hash(state);
            }
        }
    )+};
}

compare_as_value! { Lazy Shared }
