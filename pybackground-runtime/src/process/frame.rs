//! What goes over the wire: a greeting from the child, then calls and replies in turns.
//!
//! | frame | bytes |
//! |---|---|
//! | hello | magic 8, nonce 16, fingerprint 8 |
//! | refusal | another magic 8, nonce 16, number of the error 8 |
//! | call | number 8, function 4, memory 8, length 8, arguments |
//! | reply | number of the call 8, kind 1, length 8, what came of it |
//!
//! Numbers are little-endian. Both ends are one program, so nothing has a version.

use std::io;

/// Begins a greeting; no text that another program may print does.
const MAGIC: [u8; 8] = *b"\x00pybg\xff\x01\n";

/// Begins what a child says that cannot serve calls.
const REFUSAL: [u8; 8] = *b"\x00pybg\xff\x02\n";

/// The first that a child says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// Given to the child in its variable.
    pub(super) nonce: u128,
    pub(super) news: News,
}

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Calls may come, of functions in the list with this fingerprint.
    Ready { fingerprint: u64 },
    /// The system gave the child too little; the number of its error, if it has one.
    Refused { error: Option<i32> },
}

impl Hello {
    pub(super) const LENGTH: usize = 32;

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let (magic, last) = match self.news {
            News::Ready { fingerprint } => (MAGIC, fingerprint),
            News::Refused { error } => (REFUSAL, u64::from(error.unwrap_or(0).cast_unsigned())),
        };
        let mut bytes = [0; Self::LENGTH];
        bytes[..8].copy_from_slice(&magic);
        bytes[8..24].copy_from_slice(&self.nonce.to_le_bytes());
        bytes[24..].copy_from_slice(&last.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (last, _) = rest.split_first_chunk()?;
        let last = u64::from_le_bytes(*last);
        let news = match *magic {
            MAGIC => News::Ready { fingerprint: last },
            REFUSAL => {
                News::Refused { error: i32::try_from(last).ok().filter(|error| *error != 0) }
            }
            _ => return None,
        };
        Some(Self { nonce: u128::from_le_bytes(*nonce), news })
    }
}

/// Says which call a frame belongs to: both kinds of frames begin with that.
pub(super) fn number(frame: &mut [u8], number: u64) {
    frame[..8].copy_from_slice(&number.to_le_bytes());
}

/// What is said of a call before its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallHead {
    /// The reply is to have the same; see [`number`].
    pub(super) number: u64,
    pub(super) function: u32,
    /// Most bytes of data that the child may have while it runs; 0 is no limit.
    pub(super) memory: u64,
    pub(super) length: u64,
}

impl CallHead {
    pub(super) const LENGTH: usize = 28;

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.function.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.memory.to_le_bytes());
        bytes[20..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Self {
        let [n0, n1, n2, n3, n4, n5, n6, n7, rest @ ..] = *bytes;
        let [f0, f1, f2, f3, memory_and_length @ ..] = rest;
        let [m0, m1, m2, m3, m4, m5, m6, m7, length @ ..] = memory_and_length;
        Self {
            number: u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]),
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
    /// That of the call; see [`number`].
    pub(super) number: u64,
    pub(super) kind: Kind,
    pub(super) length: u64,
}

impl ReplyHead {
    pub(super) const LENGTH: usize = 17;

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..8].copy_from_slice(&self.number.to_le_bytes());
        bytes[8] = self.kind.to_byte();
        bytes[9..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    /// # Errors
    ///
    /// If the child is not in its right mind any more.
    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> io::Result<Self> {
        let [n0, n1, n2, n3, n4, n5, n6, n7, kind, length @ ..] = *bytes;
        let number = u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]);
        let kind = Kind::from_byte(kind).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { number, kind, length: u64::from_le_bytes(length) })
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
        let says = |news| Hello { nonce: 0x0102_0304_0506_0708_090a, news };
        let news = [
            News::Ready { fingerprint: u64::MAX - 1 },
            News::Refused { error: Some(11) },
            News::Refused { error: None },
        ];
        for hello in news.map(says) {
            assert_eq!(Hello::from_bytes(&hello.to_bytes()), Some(hello));
        }
        let call = CallHead { number: 9, function: 7, memory: 1 << 40, length: u64::MAX };
        assert_eq!(CallHead::from_bytes(&call.to_bytes()), call);
        for kind in Kind::ALL {
            let reply = ReplyHead { number: u64::MAX, kind, length: 3 };
            assert_eq!(ReplyHead::from_bytes(&reply.to_bytes()).unwrap(), reply);
        }
    }

    #[test]
    fn a_frame_is_given_a_number() {
        let call = CallHead { number: 0, function: 7, memory: 1, length: 2 };
        let mut frame = call.to_bytes();
        number(&mut frame, 9);
        assert_eq!(CallHead::from_bytes(&frame), CallHead { number: 9, ..call });
        let reply = ReplyHead { number: 0, kind: Kind::Returned, length: 2 };
        let mut frame = reply.to_bytes();
        number(&mut frame, 9);
        assert_eq!(ReplyHead::from_bytes(&frame).unwrap(), ReplyHead { number: 9, ..reply });
    }

    #[test]
    fn what_others_say_is_no_greeting() {
        assert_eq!(Hello::from_bytes(b">>> Python 3.12 on linux; help? "), None);
        assert_eq!(Hello::from_bytes(&[0; 32]), None);
        assert!(ReplyHead::from_bytes(&[200; ReplyHead::LENGTH]).is_err());
    }
}
