//! What goes over the wire: a greeting from the child, then calls and replies in turns.
//!
//! | frame | bytes |
//! |---|---|
//! | hello | magic 8, nonce 16, fingerprint 8 |
//! | call | function 4, memory 8, length 8, arguments |
//! | reply | kind 1, length 8, what came of it |
//!
//! Numbers are little-endian. Both ends are one program, so nothing has a version.

use std::io;

/// Begins a greeting; no text that another program may print does.
const MAGIC: [u8; 8] = *b"\x00pybg\xff\x01\n";

/// What the parent and its child know of each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// Given to the child in its variable.
    pub(super) nonce: u128,
    /// Of the list of functions.
    pub(super) fingerprint: u64,
}

impl Hello {
    pub(super) const LENGTH: usize = 32;

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..24].copy_from_slice(&self.nonce.to_le_bytes());
        bytes[24..].copy_from_slice(&self.fingerprint.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (fingerprint, _) = rest.split_first_chunk()?;
        (*magic == MAGIC).then(|| Self {
            nonce: u128::from_le_bytes(*nonce),
            fingerprint: u64::from_le_bytes(*fingerprint),
        })
    }
}

/// What is said of a call before its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallHead {
    pub(super) function: u32,
    /// Most bytes of data that the child may have while it runs; 0 is no limit.
    pub(super) memory: u64,
    pub(super) length: u64,
}

impl CallHead {
    pub(super) const LENGTH: usize = 20;

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..4].copy_from_slice(&self.function.to_le_bytes());
        bytes[4..12].copy_from_slice(&self.memory.to_le_bytes());
        bytes[12..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Self {
        let [f0, f1, f2, f3, memory_and_length @ ..] = *bytes;
        let [m0, m1, m2, m3, m4, m5, m6, m7, length @ ..] = memory_and_length;
        Self {
            function: u32::from_le_bytes([f0, f1, f2, f3]),
            memory: u64::from_le_bytes([m0, m1, m2, m3, m4, m5, m6, m7]),
            length: u64::from_le_bytes(length),
        }
    }
}

/// What a body came to, as its child tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value.
    Returned,
    /// A [`Panic`](super::serve::Panic).
    Panicked,
    /// The arguments could not be read; a text.
    BadArguments,
    /// The value could not be written; a text.
    BadResult,
    /// Nothing: an earlier body left the child unfit for this one, which did not begin.
    Declined,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::Returned, Self::Panicked, Self::BadArguments, Self::BadResult, Self::Declined];

    fn to_byte(self) -> u8 {
        self as u8
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_byte() == byte)
    }
}

/// What is said of a reply before its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReplyHead {
    pub(super) kind: Kind,
    pub(super) length: u64,
}

impl ReplyHead {
    pub(super) const LENGTH: usize = 9;

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[0] = self.kind.to_byte();
        bytes[1..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    /// # Errors
    ///
    /// If the child is not in its right mind any more.
    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> io::Result<Self> {
        let [kind, length @ ..] = *bytes;
        let kind = Kind::from_byte(kind).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { kind, length: u64::from_le_bytes(length) })
    }
}

/// The length of something that is in memory.
pub(super) fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("no memory is as large as that")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let hello = Hello { nonce: 0x0102_0304_0506_0708_090a, fingerprint: u64::MAX - 1 };
        assert_eq!(Hello::from_bytes(&hello.to_bytes()), Some(hello));
        let call = CallHead { function: 7, memory: 1 << 40, length: u64::MAX };
        assert_eq!(CallHead::from_bytes(&call.to_bytes()), call);
        for kind in Kind::ALL {
            let reply = ReplyHead { kind, length: 3 };
            assert_eq!(ReplyHead::from_bytes(&reply.to_bytes()).unwrap(), reply);
        }
    }

    #[test]
    fn what_others_say_is_no_greeting() {
        assert_eq!(Hello::from_bytes(b">>> Python 3.12 on linux; help? "), None);
        assert_eq!(Hello::from_bytes(&[0; 32]), None);
        assert!(ReplyHead::from_bytes(&[200, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }
}
