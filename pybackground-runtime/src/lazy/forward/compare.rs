//! Comparing with the value, with another `Lazy`, and with `Timeout`.

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

/// `value == lazy` and `value < lazy` for the types that are written as literals; Rust's rules allow
/// no `impl` for every `T`.
macro_rules! compare_from_the_left {
    ($($type:ty)+) => {$(
        impl PartialEq<Lazy<$type>> for $type {
            #[track_caller]
            fn eq(&self, other: &Lazy<$type>) -> bool {
                self == other.value()
            }
        }

        impl PartialOrd<Lazy<$type>> for $type {
            #[track_caller]
            fn partial_cmp(&self, other: &Lazy<$type>) -> Option<Ordering> {
                self.partial_cmp(other.value())
            }
        }
    )+};
}

compare_from_the_left! {
    u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 bool char String &'static str
}

/// A `Lazy` string compares with what its string compares with.
macro_rules! compare_strings {
    ($($lazy:ty, $text:ty;)+) => {$(
        impl PartialEq<$text> for Lazy<$lazy> {
            #[track_caller]
            fn eq(&self, other: &$text) -> bool {
                let (this, other): (&str, &str) = (self.value(), other);
                this == other
            }
        }

        impl PartialEq<Lazy<$lazy>> for $text {
            #[track_caller]
            fn eq(&self, other: &Lazy<$lazy>) -> bool {
                other == self
            }
        }
    )+};
}

compare_strings! {
    String, str;
    String, &str;
    &'static str, str;
    &'static str, String;
}
