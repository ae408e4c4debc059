//! Printing the value, and the error that it is.

use std::error::Error;
use std::fmt;

use crate::lazy::Lazy;
use crate::shared::Shared;
use crate::timeout::Timeout;

/// Each of these joins and prints the value with the same flags; a call that timed out prints as
/// `Timeout`.
macro_rules! format_as_value {
    (of $pointer:ident: $($format:ident)+) => {$(
        impl<T: fmt::$format> fmt::$format for $pointer<T> {
            #[track_caller]
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if self.is_timeout() {
                    return fmt::Display::fmt(&Timeout, f);
                }
                fmt::$format::fmt(self.value(), f)
            }
        }
    )+};
}

format_as_value! { of Lazy: Display Debug Binary Octal LowerHex UpperHex LowerExp UpperExp Pointer }
format_as_value! { of Shared: Display Debug Binary Octal LowerHex UpperHex LowerExp UpperExp Pointer }

macro_rules! error_as_value {
    ($($pointer:ident)+) => {$(
        /// A value that is an error is one here too. Why a call has no value is told by its `wait`.
        impl<T: Error> Error for $pointer<T> {
            #[track_caller]
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                self.value().source()
            }
        }
    )+};
}

error_as_value! { Lazy Shared }
