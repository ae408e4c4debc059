//! Arguments and results as bytes: what serde says of a type, in the format of postcard.
//!
//! That format does not say where a value ends. So that a type whose two sides disagree shifts nothing into the
//! next argument, each has its length before it, and is read to its last byte.
//!
//! The requirements are traits with words of their own, as those of `crate::attribute`. The expansion calls
//! their functions and none that asks for them, or the compiler would report the same once for each.

use std::any::type_name;
use std::borrow::ToOwned;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::call;
use super::depth::{Unread, read_within};
use super::failure::Broken;
use super::frame::{CallHead, Kind, ReplyHead, length};
use super::function::Function;
use super::refusal;
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
    /// Writes the argument of this name down.
    fn give(arguments: &mut Arguments, name: &str, argument: T);

    /// Reads the next argument, which has this name.
    ///
    /// # Errors
    ///
    /// If its type says that these bytes are none.
    fn take(received: &mut Received<'_>, name: &str) -> Result<Carrier<T>, Broken>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> Crosses<T> for BackgroundCall {
    fn give(arguments: &mut Arguments, name: &str, argument: T) {
        arguments.write(name, &argument);
    }

    fn take(received: &mut Received<'_>, name: &str) -> Result<Carrier<T>, Broken> {
        received.read(name).map(Carrier::of)
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
    /// Writes down what is lent as the argument of this name.
    fn give(arguments: &mut Arguments, name: &str, argument: &T);

    /// Reads the next argument, which has this name.
    ///
    /// # Errors
    ///
    /// If its type says that these bytes are none.
    fn take(received: &mut Received<'_>, name: &str) -> Result<LentCopy<T>, Broken>;
}

#[diagnostic::do_not_recommend]
impl<T> Lends<T> for BackgroundCall
where
    T: ?Sized + Serialize + ToOwned + 'static,
    T::Owned: DeserializeOwned,
{
    fn give(arguments: &mut Arguments, name: &str, argument: &T) {
        arguments.write(name, argument);
    }

    fn take(received: &mut Received<'_>, name: &str) -> Result<LentCopy<T>, Broken> {
        received.read::<T::Owned>(name).map(|copy| LentCopy(Box::new(Carrier::of(copy))))
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
        let frame = postcard::to_extend(&value, vec![0; ReplyHead::LENGTH]);
        frame.map(|frame| reply(Kind::Returned, frame)).map_err(|error| {
            let why = format!("`{}`: {}", type_name::<T>(), refusal::written(&value, error));
            Broken { kind: Kind::BadResult, why }
        })
    }
}

/// The arguments of a call, on the caller's side: a frame of which the head is still to be filled in, or why
/// one of them could not be written.
pub struct Arguments(Result<Vec<u8>, String>);

impl Arguments {
    /// No arguments yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "the expansion calls it by name")]
    pub fn new() -> Self {
        Self(Ok(vec![0; CallHead::LENGTH]))
    }

    fn write<T: Serialize + ?Sized>(&mut self, name: &str, argument: &T) {
        if let Ok(frame) = &mut self.0 {
            let frame = with_length(argument, std::mem::take(frame));
            self.0 = frame.map_err(|error| {
                format!("`{name}: {}`: {}", type_name::<T>(), refusal::written(argument, error))
            });
        }
    }

    /// The whole frame; why an argument could not be written.
    pub(super) fn into_frame(self, function: u32, memory: u64) -> Result<Vec<u8>, String> {
        let mut frame = self.0?;
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

    fn read<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, Broken> {
        self.next().and_then(read).map_err(|why| Broken {
            kind: Kind::BadArguments,
            why: format!("`{name}: {}`: {why}", type_name::<T>()),
        })
    }

    /// The bytes of the next argument.
    fn next(&mut self) -> Result<&'a [u8], String> {
        let cut = || {
            let (length, rest) = self.0.split_first_chunk()?;
            rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)
        };
        let (argument, rest) = cut().ok_or("the call ends before it")?;
        self.0 = rest;
        Ok(argument)
    }
}

/// Adds a value to a frame, after its length.
fn with_length<T: Serialize + ?Sized>(
    value: &T,
    mut frame: Vec<u8>,
) -> Result<Vec<u8>, postcard::Error> {
    let start = frame.len();
    frame.extend(0_u64.to_le_bytes());
    let content = frame.len();
    let mut frame = postcard::to_extend(value, frame)?;
    let written = length(frame.len() - content);
    frame[start..content].copy_from_slice(&written.to_le_bytes());
    Ok(frame)
}

/// The value of a reply, for which reading may take so many bytes of the stack.
///
/// # Errors
///
/// If it would take more, or if its type says that these bytes are none, or does not read all of them.
pub(super) fn result<T: DeserializeOwned>(
    content: &[u8],
    stack: usize,
) -> Result<T, Unread<String>> {
    let refused = |why| Unread::Refused(format!("`{}`: {why}", type_name::<T>()));
    let written = content.len();
    match read_within(stack, content) {
        Ok((value, rest)) => whole(value, rest, written).map_err(refused),
        Err(Unread::TooDeep) => Err(Unread::TooDeep),
        Err(Unread::Refused(error)) => Err(refused(refusal::read(error, written))),
    }
}

/// A value that is all of these bytes.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let written = bytes.len();
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|e| refusal::read(e, written))?;
    whole(value, rest.len(), written)
}

/// The value, if nothing is left of what was written of it.
fn whole<T>(value: T, rest: usize, written: usize) -> Result<T, String> {
    if rest == 0 {
        return Ok(value);
    }
    let read = written - rest;
    Err(format!(
        "its `Serialize` wrote more bytes ({written}) than its `Deserialize` read ({read})"
    ))
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
