//! Comparing with strings and slices of another type than the value's. Hidden from the pages of the pointers, whose table
//! has a line for them.
#![expect(clippy::partialeq_ne_impl, reason = "the provided one has a line of its own to tell")]

use crate::lazy::Lazy;
use crate::shared::Shared;

/// `pointer == sequence`, for each sequence of another type that the value compares with.
macro_rules! equal_to {
    ($($generics:tt $value:ty: $other:ty;)+) => {$(
        equal_to! { of Lazy $generics $value, $other }
        equal_to! { of Shared $generics $value, $other }
    )+};
    (of $pointer:ident [$($generics:tt)*] $value:ty, $other:ty) => {
        #[doc(hidden)]
        impl<$($generics)*> PartialEq<$other> for $pointer<$value> {
            #[track_caller]
            fn eq(&self, other: &$other) -> bool {
                self.value()[..] == other[..]
            }

            #[track_caller]
            fn ne(&self, other: &$other) -> bool {
                self.value()[..] != other[..]
            }
        }
    };
}

equal_to! {
    [] String: str;
    [] String: &str;
    [] &'static str: str;
    [] &'static str: String;
    [T: PartialEq<U>, U] Vec<T>: [U];
    [T: PartialEq<U>, U] Vec<T>: &[U];
    [T: PartialEq<U>, U, const N: usize] Vec<T>: [U; N];
    [T: PartialEq<U>, U, const N: usize] Vec<T>: &[U; N];
}

/// `sequence == pointer`, for each sequence that the value compares with.
macro_rules! equal_from_the_left {
    ($($generics:tt $other:ty: $value:ty;)+) => {$(
        equal_from_the_left! { of Lazy $generics $other, $value }
        equal_from_the_left! { of Shared $generics $other, $value }
    )+};
    (of $pointer:ident [$($generics:tt)*] $other:ty, $value:ty) => {
        #[doc(hidden)]
        impl<$($generics)*> PartialEq<$pointer<$value>> for $other {
            #[track_caller]
            fn eq(&self, other: &$pointer<$value>) -> bool {
                self[..] == other.value()[..]
            }

            #[track_caller]
            fn ne(&self, other: &$pointer<$value>) -> bool {
                self[..] != other.value()[..]
            }
        }
    };
}

equal_from_the_left! {
    [] String: String;
    [] str: String;
    [] &str: String;
    [] String: &'static str;
    [] str: &'static str;
    [] &str: &'static str;
    [T: PartialEq<U>, U] Vec<T>: Vec<U>;
    [T: PartialEq<U>, U] [T]: Vec<U>;
    [T: PartialEq<U>, U] &[T]: Vec<U>;
    [T: PartialEq<U>, U, const N: usize] [T; N]: Vec<U>;
    [T: PartialEq<U>, U, const N: usize] &[T; N]: Vec<U>;
}
