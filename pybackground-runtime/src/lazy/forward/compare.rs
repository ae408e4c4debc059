//! Comparing with the value, with another `Lazy`, and with `Timeout`.
//!
//! A number, a `bool` or a `char` stands on the right: `lazy == 3` and `lazy < 3`, not `3 == lazy`. For
//! the standard library compares each of these with nothing but itself, and from that the compiler
//! knows what `into` is to give in `x == y.into()`. One `impl PartialEq<Lazy<u8>> for u8`, in any crate
//! of a program, and it would no longer: code that has nothing to do with us would not compile. The
//! same goes for `<` between strings. It does not for `==` between strings, nor for operators: there
//! the standard library has several `impl`s, and `x + y.into()` compiles nowhere.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use crate::lazy::Lazy;
use crate::timeout::Timeout;

impl<T: PartialEq> PartialEq for Lazy<T> {
    #[track_caller]
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl<T: Eq> Eq for Lazy<T> {}

/// The value on the right: `3 == lazy` is not there, for it would break `3 == x.into()` elsewhere.
impl<T: PartialEq> PartialEq<T> for Lazy<T> {
    #[track_caller]
    fn eq(&self, other: &T) -> bool {
        self.value() == other
    }
}

/// Whether the call timed out. A panic of the call goes on.
impl<T> PartialEq<Timeout> for Lazy<T> {
    #[track_caller]
    fn eq(&self, _: &Timeout) -> bool {
        match Self::wait(self) {
            Err(error) if !error.is_timeout() => error.raise(),
            outcome => outcome.is_err(),
        }
    }
}

impl<T> PartialEq<Lazy<T>> for Timeout {
    #[track_caller]
    fn eq(&self, other: &Lazy<T>) -> bool {
        other == self
    }
}

impl<T: PartialOrd> PartialOrd for Lazy<T> {
    #[track_caller]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.value().partial_cmp(other.value())
    }
}

/// The value on the right: `3 < lazy` is not there, for it would break `3 < x.into()` elsewhere.
impl<T: PartialOrd> PartialOrd<T> for Lazy<T> {
    #[track_caller]
    fn partial_cmp(&self, other: &T) -> Option<Ordering> {
        self.value().partial_cmp(other)
    }
}

impl<T: Ord> Ord for Lazy<T> {
    #[track_caller]
    fn cmp(&self, other: &Self) -> Ordering {
        self.value().cmp(other.value())
    }
}

impl<T: Hash> Hash for Lazy<T> {
    #[track_caller]
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value().hash(state);
    }
}

/// `Lazy == text`, for each text of another type that the value compares with.
macro_rules! compare_with_strings {
    ($($lazy:ty: $($text:ty),+;)+) => {$($(
        impl PartialEq<$text> for Lazy<$lazy> {
            #[track_caller]
            fn eq(&self, other: &$text) -> bool {
                let (this, other): (&str, &str) = (self.value(), other);
                this == other
            }
        }
    )+)+};
}

compare_with_strings! {
    String: str, &str;
    &'static str: str, String;
}

/// `text == Lazy`, for each text that the value compares with.
macro_rules! compare_from_the_left {
    ($($lazy:ty: $($text:ty),+;)+) => {$($(
        impl PartialEq<Lazy<$lazy>> for $text {
            #[track_caller]
            fn eq(&self, other: &Lazy<$lazy>) -> bool {
                let (this, other): (&str, &str) = (self, other.value());
                this == other
            }
        }
    )+)+};
}

compare_from_the_left! {
    String: String, str, &str;
    &'static str: String, str, &str;
}
