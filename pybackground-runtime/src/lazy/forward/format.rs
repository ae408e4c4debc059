//! Printing.

use std::fmt;

use crate::lazy::Lazy;
use crate::timeout::Timeout;

/// Each of these joins and prints the value with the same flags; a call that timed out prints as
/// `Timeout`.
macro_rules! format_as_value {
    ($($format:ident)+) => {$(
        impl<T: fmt::$format> fmt::$format for Lazy<T> {
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

format_as_value! { Display Debug Binary Octal LowerHex UpperHex LowerExp UpperExp Pointer }
