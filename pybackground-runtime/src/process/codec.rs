//! Arguments and results as bytes: what serde says of a type, in the BARE format.
//!
//! The format does not mark where a value ends. Each argument is therefore preceded by its length and has to be read
//! to its last byte, so that a type whose two sides disagree shifts nothing into the next argument. The format keeps
//! the words of a `Serialize` or `Deserialize` that refuses.

use std::any::type_name;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::frame::{Broken, CallHead, ReplyHead, ReplyKind, length};
use super::function::Received;
use super::serde_error;
use super::stack_guard::{ReadError, read_within};
use super::whole_bytes;

/// The arguments of a call, in the caller: a frame without its head, or why an argument could not be serialized.
pub struct Arguments(Result<Vec<u8>, String>);

impl Arguments {
    /// Returns a call without arguments.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "the expansion calls it by name")]
    pub fn new() -> Self {
        Self(Ok(vec![0; CallHead::LENGTH]))
    }

    pub(super) fn give<T: Serialize + 'static>(&mut self, name: &str, argument: &T) {
        match whole_bytes::of(argument) {
            Some(bytes) => self.write(name, &bytes),
            None => self.write(name, argument),
        }
    }

    pub(crate) fn write<T: Serialize + ?Sized>(&mut self, name: &str, argument: &T) {
        let Ok(frame) = &mut self.0 else { return };
        let start = frame.len();
        frame.extend(0_u64.to_le_bytes());
        let content = frame.len();
        if let Err(error) = serde_bare::to_writer(&mut *frame, argument) {
            let why = serde_error::serialize(&error);
            self.0 = Err(format!("`{name}: {}`: {why}", type_name::<T>()));
            return;
        }
        let written = length(frame.len() - content);
        frame[start..content].copy_from_slice(&written.to_le_bytes());
    }

    /// Returns the whole frame, or why an argument could not be serialized.
    pub(super) fn into_frame(self, function: u32, memory: u64) -> Result<Vec<u8>, String> {
        let mut frame = self.0?;
        let length = length(frame.len() - CallHead::LENGTH);
        let head = CallHead { number: 0, function, memory, length };
        frame[..CallHead::LENGTH].copy_from_slice(&head.to_bytes());
        Ok(frame)
    }
}

#[cfg(feature = "remote")]
impl Arguments {
    /// Returns the arguments alone, or why one could not be serialized.
    pub(crate) fn into_bytes(self) -> Result<Vec<u8>, String> {
        let mut frame = self.0?;
        frame.drain(..CallHead::LENGTH);
        Ok(frame)
    }

    /// The inverse of [`into_bytes`](Arguments::into_bytes).
    pub(crate) fn from_bytes(mut bytes: Vec<u8>) -> Self {
        bytes.splice(0..0, [0; CallHead::LENGTH]);
        Self(Ok(bytes))
    }
}

/// Reads the next argument, in the child.
///
/// # Errors
///
/// If its type refuses the bytes, or does not read all of them.
pub(crate) fn argument<T: DeserializeOwned + 'static>(
    received: &mut Received<'_>,
    name: &str,
) -> Result<T, Broken> {
    let read = received.next().ok_or_else(|| "the call ends before it".to_owned());
    read.and_then(|content| {
        match whole_bytes::read(content).map_or_else(|| whole(usize::MAX, content), Ok) {
            Ok(value) => Ok(value),
            Err(ReadError::Refused(why)) => Err(why),
            Err(ReadError::TooDeep) => unreachable!("no address is below 0"),
        }
    })
    .map_err(|why| Broken {
        kind: ReplyKind::BadArguments,
        why: format!("`{name}: {}`: {why}", type_name::<T>()),
    })
}

/// Serializes the value of a body as the bytes of a reply.
///
/// # Errors
///
/// If the value cannot be serialized.
pub(super) fn returned<T: Serialize + 'static>(value: &T) -> Result<Vec<u8>, Broken> {
    let reply = match whole_bytes::of(value) {
        Some(bytes) => reply(ReplyKind::Returned, &bytes),
        None => reply(ReplyKind::Returned, value),
    };
    reply.map_err(|error| Broken {
        kind: ReplyKind::BadResult,
        why: format!("`{}`: {}", type_name::<T>(), serde_error::serialize(&error)),
    })
}

/// Returns a reply with content that can always be serialized.
pub(super) fn reply_with(kind: ReplyKind, content: &impl Serialize) -> Vec<u8> {
    reply(kind, content).expect("texts can always be serialized")
}

fn reply<T: Serialize>(kind: ReplyKind, content: &T) -> Result<Vec<u8>, serde_bare::error::Error> {
    let mut frame = vec![0; ReplyHead::LENGTH];
    serde_bare::to_writer(&mut frame, content)?;
    let length = length(frame.len() - ReplyHead::LENGTH);
    frame[..ReplyHead::LENGTH].copy_from_slice(&ReplyHead { number: 0, kind, length }.to_bytes());
    Ok(frame)
}

/// Deserializes the value of a reply on at most this many bytes of stack.
///
/// # Errors
///
/// If it would take more stack, or if its type refuses the bytes, or does not read all of them.
pub(super) fn result<T: DeserializeOwned + 'static>(
    content: Vec<u8>,
    stack: usize,
) -> Result<T, ReadError<String>> {
    let read = whole_bytes::read_in_place(content).or_else(|content| whole(stack, &content));
    read.map_err(|unread| match unread {
        ReadError::Refused(why) => ReadError::Refused(format!("`{}`: {why}", type_name::<T>())),
        ReadError::TooDeep => ReadError::TooDeep,
    })
}

/// Deserializes the content of a reply that is no value.
pub(super) fn content<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_bare::from_slice(bytes).ok()
}

/// Deserializes a value from all of these bytes.
fn whole<T: DeserializeOwned>(stack: usize, bytes: &[u8]) -> Result<T, ReadError<String>> {
    let written = bytes.len();
    match read_within(stack, bytes) {
        Ok((value, 0)) => Ok(value),
        Ok((_, rest)) => Err(ReadError::Refused(serde_error::left_over(written - rest, written))),
        Err(ReadError::Refused(error)) => {
            Err(ReadError::Refused(serde_error::deserialize(error, written)))
        }
        Err(ReadError::TooDeep) => Err(ReadError::TooDeep),
    }
}
