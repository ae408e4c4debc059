//! Arguments and results as bytes: what serde says of a type, in the format of postcard.
//!
//! The requirements are traits with words of their own, as those of `crate::attribute`. The expansion calls
//! their functions and none that asks for them, or the compiler would report the same once for each.

use std::borrow::ToOwned;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call;
use super::failure::Broken;
use super::frame::{CallHead, Kind, ReplyHead, length};
use super::function::Function;
use crate::attribute::{BackgroundCall, Carrier, Lent};
use crate::lazy::Lazy;
use crate::options::Options;

/// `T` may be given to a body in another process.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be given to a call in another process: it is written down here and read \
               there, for which it needs serde's `Serialize` and `Deserialize`",
    label = "this cannot go to another process",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "what means something in one process only (a file, a channel, an `Arc` that is shared) \
            cannot go: pass what it takes to make it there"
)]
pub trait Crosses<T> {
    /// Writes the argument down.
    fn give(arguments: &mut Arguments, argument: T);

    /// Reads the next argument.
    ///
    /// # Errors
    ///
    /// If its type says that these bytes are none.
    fn take(received: &mut Received<'_>) -> Result<Carrier<T>, Broken>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Crosses<T> for BackgroundCall {
    fn give(arguments: &mut Arguments, argument: T) {
        arguments.write(&argument);
    }

    fn take(received: &mut Received<'_>) -> Result<Carrier<T>, Broken> {
        received.read().map(Carrier::of)
    }
}

/// `T` may be passed by reference to a body in another process, which gets a copy.
#[diagnostic::on_unimplemented(
    message = "`{T}` cannot be lent to a call in another process: it is written down here and a copy \
               is read there, for which it needs serde's `Serialize`, and its copy `Deserialize`",
    label = "no copy of this can be made in another process",
    note = "derive both, and `Clone`: `#[derive(Clone, serde::Serialize, serde::Deserialize)]`"
)]
pub trait Lends<T: ?Sized> {
    /// Writes down what is lent.
    fn give(arguments: &mut Arguments, argument: &T);

    /// Reads the next argument.
    ///
    /// # Errors
    ///
    /// If its type says that these bytes are none.
    fn take(received: &mut Received<'_>) -> Result<LentCopy<T>, Broken>;
}

#[diagnostic::do_not_recommend]
impl<T> Lends<T> for BackgroundCall
where
    T: ?Sized + Serialize + ToOwned + 'static,
    T::Owned: DeserializeOwned,
{
    fn give(arguments: &mut Arguments, argument: &T) {
        arguments.write(argument);
    }

    fn take(received: &mut Received<'_>) -> Result<LentCopy<T>, Broken> {
        received.read::<T::Owned>().map(|copy| LentCopy(Box::new(Carrier::of(copy))))
    }
}

/// The copy of an argument that is passed by reference. Of its type no more is known than the argument's, or
/// the compiler would report more than once that there is none.
pub struct LentCopy<T: ?Sized>(Box<dyn Lent<T>>);

impl<T: ?Sized> Lent<T> for LentCopy<T> {
    fn get(&self) -> &T {
        self.0.get()
    }
}

/// A body in another process may return `T`.
#[diagnostic::on_unimplemented(
    message = "a call in another process cannot return `{T}`: it is written down there and read here, \
               for which it needs serde's `Serialize` and `Deserialize`, and to be `Send + 'static`",
    label = "this cannot come from another process",
    note = "derive both: `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "of an error that has neither, return the text: `.map_err(|error| error.to_string())`"
)]
pub trait Answers<T> {
    /// Runs a function in another process, on the caller's side; `place` is a closure in it, after
    /// which it is named.
    fn run<P: Fn()>(
        options: Options,
        function: &'static Function,
        memory: Option<u64>,
        arguments: Arguments,
        place: P,
    ) -> Lazy<T>;

    /// Runs the body and writes its value down, as the bytes of a reply, on the other side.
    ///
    /// # Errors
    ///
    /// If the value cannot be written.
    fn answer(body: impl FnOnce() -> T) -> Result<Vec<u8>, Broken>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Answers<T> for BackgroundCall {
    fn run<P: Fn()>(
        options: Options,
        function: &'static Function,
        memory: Option<u64>,
        arguments: Arguments,
        _place: P,
    ) -> Lazy<T> {
        call::run::<T, P>(options, function, memory, arguments)
    }

    fn answer(body: impl FnOnce() -> T) -> Result<Vec<u8>, Broken> {
        let value = body();
        postcard::to_extend(&value, vec![0; ReplyHead::LENGTH])
            .map(|frame| reply(Kind::Returned, frame))
            .map_err(|error| Broken { kind: Kind::BadResult, why: error.to_string() })
    }
}

/// The arguments of a call, on the caller's side: a frame of which the head is still to be filled in.
pub struct Arguments(Result<Vec<u8>, postcard::Error>);

impl Arguments {
    /// No arguments yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "the expansion calls it by name")]
    pub fn new() -> Self {
        Self(Ok(vec![0; CallHead::LENGTH]))
    }

    fn write(&mut self, argument: &(impl Serialize + ?Sized)) {
        if let Ok(frame) = &mut self.0 {
            self.0 = postcard::to_extend(argument, std::mem::take(frame));
        }
    }

    /// The whole frame; why an argument could not be written.
    pub(super) fn into_frame(self, function: u32, memory: u64) -> Result<Vec<u8>, String> {
        let mut frame = self.0.map_err(|error| error.to_string())?;
        let length = length(frame.len() - CallHead::LENGTH);
        let head = CallHead { number: 0, function, memory, length };
        frame[..CallHead::LENGTH].copy_from_slice(&head.to_bytes());
        Ok(frame)
    }
}

/// The arguments of a call, on the child's side, as far as they were not taken yet.
pub struct Received<'a>(&'a [u8]);

impl<'a> Received<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn read<T: DeserializeOwned>(&mut self) -> Result<T, Broken> {
        let (argument, rest) = postcard::take_from_bytes(self.0)
            .map_err(|error| Broken { kind: Kind::BadArguments, why: error.to_string() })?;
        self.0 = rest;
        Ok(argument)
    }
}

/// Fills in the head of a reply that has room for it.
fn reply(kind: Kind, mut frame: Vec<u8>) -> Vec<u8> {
    let length = length(frame.len() - ReplyHead::LENGTH);
    frame[..ReplyHead::LENGTH].copy_from_slice(&ReplyHead { number: 0, kind, length }.to_bytes());
    frame
}

/// A reply of something that every child can write.
pub(super) fn reply_with(kind: Kind, content: &impl Serialize) -> Vec<u8> {
    let frame = postcard::to_extend(content, vec![0; ReplyHead::LENGTH]);
    reply(kind, frame.expect("texts can always be written"))
}
