//! The items that `#[background(remote)]` expands to.
//!
//! The requirements are those of `process` with messages of their own. The expansion calls functions of these traits
//! only, so that the compiler reports an error once.

use std::borrow::ToOwned;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use super::context::{arguments, enter};
use super::destination;
pub use super::function::{FUNCTIONS, Function, Terms};
pub use super::shape::Shape;
use crate::dispatch::argument::{BackgroundCall, Carrier};
use crate::lazy::Lazy;
use crate::options::Options;
pub use crate::process::expansion::{
    Arguments, Broken, ChildFunction, FUNCTIONS as CHILD_FUNCTIONS, LentCopy, ProcessArg,
    ProcessArgRef, ProcessReturn, Received, linkme, memory,
};

/// `T` may be an argument of a body on another machine.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be given to a call on another machine: it is serialized here and deserialized \
               there, for which it needs serde's `Serialize` and `Deserialize`",
    label = "this cannot go to another machine",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "what means something in one process only (a file, a channel, an `Arc` that is shared) \
            cannot go: pass what it takes to make it there"
)]
pub trait RemoteArg<T> {
    /// Serializes the argument of this name.
    fn give(arguments: &mut Arguments, name: &str, argument: T);

    /// Deserializes the next argument, which has this name.
    ///
    /// # Errors
    ///
    /// If its type refuses the bytes.
    fn take(received: &mut Received<'_>, name: &str) -> Result<Carrier<T>, Broken>;

    /// Adds the type to the shape of the function.
    fn shape(shape: &mut Shape);
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + 'static> RemoteArg<T> for BackgroundCall {
    fn give(arguments: &mut Arguments, name: &str, argument: T) {
        <Self as ProcessArg<T>>::give(arguments, name, argument);
    }

    fn take(received: &mut Received<'_>, name: &str) -> Result<Carrier<T>, Broken> {
        <Self as ProcessArg<T>>::take(received, name)
    }

    fn shape(shape: &mut Shape) {
        shape.add::<T>();
    }
}

/// `T` may be passed by reference to a body on another machine, which gets a copy.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be lent to a call on another machine: it is serialized here and a copy is \
               deserialized there, for which it needs serde's `Serialize`, and its copy `Deserialize`",
    label = "no copy of this can be made on another machine",
    note = "derive both, and `Clone`: `#[derive(Clone, serde::Serialize, serde::Deserialize)]`"
)]
pub trait RemoteArgRef<T: ?Sized> {
    /// Serializes the argument of this name.
    fn give(arguments: &mut Arguments, name: &str, argument: &T);

    /// Deserializes a copy of the next argument, which has this name.
    ///
    /// # Errors
    ///
    /// If its type refuses the bytes.
    fn take(received: &mut Received<'_>, name: &str) -> Result<LentCopy<T>, Broken>;

    /// Adds the type of the copy to the shape of the function.
    fn shape(shape: &mut Shape);
}

#[diagnostic::do_not_recommend]
impl<T> RemoteArgRef<T> for BackgroundCall
where
    T: ?Sized + Serialize + ToOwned + 'static,
    T::Owned: DeserializeOwned,
{
    fn give(arguments: &mut Arguments, name: &str, argument: &T) {
        <Self as ProcessArgRef<T>>::give(arguments, name, argument);
    }

    fn take(received: &mut Received<'_>, name: &str) -> Result<LentCopy<T>, Broken> {
        <Self as ProcessArgRef<T>>::take(received, name)
    }

    fn shape(shape: &mut Shape) {
        shape.add::<T::Owned>();
    }
}

/// A body on another machine may return `T`.
#[diagnostic::on_unimplemented(
    message = "a call on another machine cannot return `{T}`: it is serialized there and deserialized here, \
               for which it needs serde's `Serialize` and `Deserialize`, and to be `Send + 'static`",
    label = "this cannot come from another machine",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "of an error that has neither, return the text: `.map_err(|error| error.to_string())`"
)]
pub trait RemoteReturn<T> {
    /// Runs a function where the settings say, in the caller. The call is named after the function that contains the
    /// closure `place`.
    fn run<P: Fn()>(
        options: Options,
        function: &'static Function,
        arguments: Arguments,
        place: P,
    ) -> Lazy<T>;

    /// Runs the body and serializes its value as the bytes of a reply, where the body runs.
    ///
    /// # Errors
    ///
    /// If the value cannot be serialized.
    fn answer(body: impl FnOnce() -> T) -> Result<Vec<u8>, Broken>;

    /// Adds the type to the shape of the function.
    fn shape(shape: &mut Shape);
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> RemoteReturn<T> for BackgroundCall {
    fn run<P: Fn()>(
        options: Options,
        function: &'static Function,
        arguments: Arguments,
        _place: P,
    ) -> Lazy<T> {
        destination::run::<T, P>(options, function, arguments)
    }

    fn answer(body: impl FnOnce() -> T) -> Result<Vec<u8>, Broken> {
        <Self as ProcessReturn<T>>::answer(body)
    }

    fn shape(shape: &mut Shape) {
        shape.add::<T>();
    }
}
