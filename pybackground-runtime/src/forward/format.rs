//! Formatting the value, and a value that is an error.
//!
//! Formatters run where a panic aborts the process: in the panic hook, and in destructors while the stack
//! unwinds. There, formatting neither waits nor panics, whatever the state of the call. `Debug` never
//! panics at all, because `unwrap`, `assert!` and loggers print values by `Debug`.

use std::error::Error;
use std::fmt;
use std::thread::panicking;

use crate::lazy::{Lazy, NoValue, Shown};
use crate::shared::Shared;

/// Joins and prints the value with the same flags. Without a value, `$raises` tells whether to panic as any
/// other use; while the thread panics, the formats print why there is none.
macro_rules! format_as_value {
    ($raises:literal: $($format:ident)+) => {$(
        format_as_value! { of Lazy, $format, $raises }
        format_as_value! { of Shared, $format, $raises }
    )+};
    (of $pointer:ident, $format:ident, $raises:literal) => {
        impl<T: fmt::$format> fmt::$format for $pointer<T> {
            #[track_caller]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.shown() {
                    Shown::Value(value) => fmt::$format::fmt(value, f),
                    Shown::NoValue(why) => {
                        if $raises && !panicking() {
                            why.raise();
                        }
                        fmt::Display::fmt(&why, f)
                    }
                }
            }
        }
    };
}

format_as_value! { false: Debug }
format_as_value! { true: Display Binary Octal LowerHex UpperHex LowerExp UpperExp Pointer }

macro_rules! error_as_value {
    ($($pointer:ident)+) => {$(
        /// A value that is an error is one here too. The source of a call that failed is its
        /// [`Error`](crate::Error).
        impl<T: Error> Error for $pointer<T> {
            #[track_caller]
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                match self.shown() {
                    Shown::Value(value) => value.source(),
                    Shown::NoValue(NoValue::Failed(error)) => Some(error),
                    Shown::NoValue(_) => None,
                }
            }
        }
    )+};
}

error_as_value! { Lazy Shared }
