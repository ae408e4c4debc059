//! The panic with which the use of a value that does not exist ends.

use std::panic::Location;

use crate::cancel;
use crate::error::{Error, NO_TEXT, Payload};
use crate::panic;
use crate::site::{UsedAt, is_in_standard_library};

/// What a panic says whose location is not that of the user.
fn unknown_use(site: &'static Location<'static>) -> &'static str {
    match UsedAt(site).user() {
        Some(_) => "",
        None if is_in_standard_library(site) => {
            " (the value was used by a function of the standard library, which does not know the line of its user)"
        }
        None => " (the value was used in a format, which does not know its line)",
    }
}

impl Error {
    /// Resumes the panic of the body if it panicked, and panics with this error's message otherwise.
    /// A cancelled body unwinds without a message.
    ///
    /// The payload of a panic exists once. The first use of the value takes it; a later use panics
    /// with a message that says so.
    ///
    /// # Panics
    ///
    /// Always.
    #[track_caller]
    pub(crate) fn raise(&self) -> ! {
        if self.is_cancelled() && cancel::may_unwind() && cancel::cancelled() {
            cancel::unwind();
        }
        let payload = match self.take_payload() {
            Payload::Here(payload) => payload,
            Payload::Taken => panic!(
                "the panic of {} was already passed on to an earlier use: {}{}{}",
                self.call(),
                self.message().unwrap_or(NO_TEXT),
                self.began_at().map(|at| format!(" (at {at})")).unwrap_or_default(),
                unknown_use(Location::caller())
            ),
            Payload::None => panic!(
                "{self}; `Lazy::wait` and `Lazy::join` give this as an error instead of a panic{}",
                unknown_use(Location::caller())
            ),
        };
        panic::pass_on(&*payload, self.began_at(), Location::caller());
        // A text is thrown anew, so that the panic hook sees the line of this use. The payload that
        // `catch_unwind` returns is the same. Other payloads cannot be thrown with a location.
        let payload = match payload.downcast::<&'static str>() {
            Ok(text) => std::panic::panic_any(*text),
            Err(payload) => payload,
        };
        match payload.downcast::<String>() {
            Ok(text) => std::panic::panic_any(*text),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }
}
