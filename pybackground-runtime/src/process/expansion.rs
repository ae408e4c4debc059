//! The items that `#[background(process)]` expands to.
//!
//! The requirements on arguments and results are traits with error messages of their own, as those of
//! `crate::attribute`. The expansion calls functions of these traits only: a function that requires a trait would
//! make the compiler report the same error twice.

use std::borrow::ToOwned;

pub use linkme;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use super::codec::Arguments;
use super::codec::{argument, returned};
pub use super::frame::Broken;
pub use super::function::{ChildFunction, FUNCTIONS, Received, memory};
use super::in_child;
use crate::dispatch::argument::{BackgroundCall, Carrier, Lent};
use crate::lazy::Lazy;
use crate::options::Options;

/// `T` may be an argument of a body in another process.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be given to a call in another process: it is serialized here and deserialized \
               there, for which it needs serde's `Serialize` and `Deserialize`",
    label = "this cannot go to another process",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "what means something in one process only (a file, a channel, an `Arc` that is shared) \
            cannot go: pass what it takes to make it there"
)]
pub trait ProcessArg<T> {
    /// Serializes the argument of this name.
    fn give(arguments: &mut Arguments, name: &str, argument: T);

    /// Deserializes the next argument, which has this name.
    ///
    /// # Errors
    ///
    /// If its type refuses the bytes.
    fn take(received: &mut Received<'_>, name: &str) -> Result<Carrier<T>, Broken>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + 'static> ProcessArg<T> for BackgroundCall {
    fn give(arguments: &mut Arguments, name: &str, argument: T) {
        arguments.give(name, &argument);
    }

    fn take(received: &mut Received<'_>, name: &str) -> Result<Carrier<T>, Broken> {
        argument(received, name).map(Carrier::of)
    }
}

/// `T` may be passed by reference to a body in another process, which gets a copy.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be lent to a call in another process: it is serialized here and a copy is \
               deserialized there, for which it needs serde's `Serialize`, and its copy `Deserialize`",
    label = "no copy of this can be made in another process",
    note = "derive both, and `Clone`: `#[derive(Clone, serde::Serialize, serde::Deserialize)]`"
)]
pub trait ProcessArgRef<T: ?Sized> {
    /// Serializes the argument of this name.
    fn give(arguments: &mut Arguments, name: &str, argument: &T);

    /// Deserializes a copy of the next argument, which has this name.
    ///
    /// # Errors
    ///
    /// If its type refuses the bytes.
    fn take(received: &mut Received<'_>, name: &str) -> Result<LentCopy<T>, Broken>;
}

#[diagnostic::do_not_recommend]
impl<T> ProcessArgRef<T> for BackgroundCall
where
    T: ?Sized + Serialize + ToOwned + 'static,
    T::Owned: DeserializeOwned + 'static,
{
    fn give(arguments: &mut Arguments, name: &str, argument: &T) {
        arguments.write(name, argument);
    }

    fn take(received: &mut Received<'_>, name: &str) -> Result<LentCopy<T>, Broken> {
        argument::<T::Owned>(received, name).map(|copy| LentCopy(Box::new(Carrier::of(copy))))
    }
}

/// The copy of an argument that is passed by reference. Its type names the argument's type only, or the compiler
/// would report a missing copy more than once.
pub struct LentCopy<T: ?Sized>(Box<dyn Lent<T>>);

impl<T: ?Sized> Lent<T> for LentCopy<T> {
    fn get(&self) -> &T {
        self.0.get()
    }
}

/// A body in another process may return `T`.
#[diagnostic::on_unimplemented(
    message = "a call in another process cannot return `{T}`: it is serialized there and deserialized here, \
               for which it needs serde's `Serialize` and `Deserialize`, and to be `Send + 'static`",
    label = "this cannot come from another process",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "of an error that has neither, return the text: `.map_err(|error| error.to_string())`"
)]
pub trait ProcessReturn<T> {
    /// Runs a function in another process, in the caller. The call is named after the function that contains the
    /// closure `place`.
    fn run<P: Fn()>(
        options: Options,
        function: &'static ChildFunction,
        memory: Option<u64>,
        arguments: Arguments,
        place: P,
    ) -> Lazy<T>;

    /// Runs the body and serializes its value as the bytes of a reply, in the child.
    ///
    /// # Errors
    ///
    /// If the value cannot be serialized.
    fn answer(body: impl FnOnce() -> T) -> Result<Vec<u8>, Broken>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> ProcessReturn<T> for BackgroundCall {
    fn run<P: Fn()>(
        options: Options,
        function: &'static ChildFunction,
        memory: Option<u64>,
        arguments: Arguments,
        _place: P,
    ) -> Lazy<T> {
        in_child::run::<T, P>(options, function, memory, arguments)
    }

    fn answer(body: impl FnOnce() -> T) -> Result<Vec<u8>, Broken> {
        returned(&body())
    }
}
