//! The protocol between a program and its child: a greeting from the child, then calls and replies in turns.
//!
//! | frame | bytes |
//! |---|---|
//! | greeting | magic 8, nonce 16, fingerprint 8, directory 16 |
//! | refusal | another magic 8, nonce 16, error number 8, zeros 16 |
//! | call | number 8, function 4, memory 8, length 8, arguments |
//! | reply | number of the call 8, kind 1, length 8, content |
//!
//! A call is answered by `Begun`, immediately before its body begins, and then by its outcome. If a child dies without
//! a `Begun`, no body has begun, and the call can go to another child. Numbers are little-endian. Both ends are the
//! same program, so the protocol has no version.

use std::io::{self, Read};

use serde::{Deserialize, Serialize};

/// The device and the number of a file; zeros where the system has none.
pub(super) type FileId = (u64, u64);

/// The variable that makes a process a child. Its value is the version of this library, because a program may
/// contain several, and the nonce in hexadecimal. On systems where a child cannot inherit a socket, a colon and the
/// port to connect to follow.
pub(super) const VARIABLE: &str = "PYBACKGROUND_CHILD";

/// What precedes the nonce in the variable.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " ");

/// Returns the value of the variable for a child that inherits its socket.
pub(super) fn variable_value(nonce: u128) -> String {
    format!("{VERSION}{nonce:x}")
}

/// Parses the nonce and the port, if the value is for this version.
pub(super) fn nonce_and_port(value: &str) -> Option<(u128, &str)> {
    let value = value.strip_prefix(VERSION)?;
    let (nonce, port) = value.split_once(':').unwrap_or((value, ""));
    Some((u128::from_str_radix(nonce, 16).ok()?, port))
}

/// Begins a greeting. No text that another program may print begins like this.
const MAGIC: [u8; 8] = *b"\x00pybg\xff\x01\n";

/// Begins the message of a child that cannot serve calls.
const REFUSAL: [u8; 8] = *b"\x00pybg\xff\x02\n";

/// The first message of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    /// The nonce from the variable.
    pub(super) nonce: u128,
    pub(super) news: News,
}

/// The content of the first message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// The child serves calls of functions in the list with this fingerprint, in this directory.
    Ready { fingerprint: u64, directory: FileId },
    /// The system gave the child too little; the number of its error, if it has one.
    Refused { error: Option<i32> },
}

impl Hello {
    pub(super) const LENGTH: usize = 48;

    pub(super) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let (magic, number, directory) = match self.news {
            News::Ready { fingerprint, directory } => (MAGIC, fingerprint, directory),
            News::Refused { error } => {
                (REFUSAL, u64::from(error.unwrap_or(0).cast_unsigned()), (0, 0))
            }
        };
        let mut bytes = [0; Self::LENGTH];
        bytes[..8].copy_from_slice(&magic);
        bytes[8..24].copy_from_slice(&self.nonce.to_le_bytes());
        bytes[24..32].copy_from_slice(&number.to_le_bytes());
        bytes[32..40].copy_from_slice(&directory.0.to_le_bytes());
        bytes[40..].copy_from_slice(&directory.1.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (magic, rest) = bytes.split_first_chunk::<8>()?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (number, rest) = rest.split_first_chunk()?;
        let (device, rest) = rest.split_first_chunk()?;
        let (file, _) = rest.split_first_chunk()?;
        let number = u64::from_le_bytes(*number);
        let news = match *magic {
            MAGIC => News::Ready {
                fingerprint: number,
                directory: (u64::from_le_bytes(*device), u64::from_le_bytes(*file)),
            },
            REFUSAL => {
                News::Refused { error: i32::try_from(number).ok().filter(|error| *error != 0) }
            }
            _ => return None,
        };
        Some(Self { nonce: u128::from_le_bytes(*nonce), news })
    }
}

/// Writes the number of a call into a frame: calls and replies begin with it.
pub(super) fn number(frame: &mut [u8], number: u64) {
    frame[..8].copy_from_slice(&number.to_le_bytes());
}

/// The part of a call before its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallHead {
    /// Repeated by the replies; see [`number`].
    pub(super) number: u64,
    pub(super) function: u32,
    /// The bytes of data that the child may have while the body runs; 0 is no limit.
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

/// What a reply reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReplyKind {
    /// The body begins; the outcome follows.
    Begun,
    /// The body returned a value.
    Returned,
    /// The body panicked: a [`Panic`].
    Panicked,
    /// The arguments could not be deserialized: a text.
    BadArguments,
    /// The value could not be serialized: a text.
    BadResult,
    /// An earlier body left the child unfit for this one, which did not begin.
    Declined,
}

impl ReplyKind {
    const ALL: [Self; 6] = [
        Self::Begun,
        Self::Returned,
        Self::Panicked,
        Self::BadArguments,
        Self::BadResult,
        Self::Declined,
    ];

    fn to_byte(self) -> u8 {
        self as u8
    }

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_byte() == byte)
    }
}

/// The content of a reply to a call that panicked.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Panic {
    /// `None` if the payload is no text.
    pub(crate) message: Option<String>,
    /// The file, line and column.
    pub(crate) at: Option<String>,
}

/// Why a child cannot answer with a value: the kind of its reply, and the text.
pub struct Broken {
    pub(super) kind: ReplyKind,
    pub(super) why: String,
}

/// The part of a reply before its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReplyHead {
    /// The number of the call; see [`number`].
    pub(super) number: u64,
    pub(super) kind: ReplyKind,
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
    /// `InvalidData` if the bytes are no reply.
    pub(super) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> io::Result<Self> {
        let [n0, n1, n2, n3, n4, n5, n6, n7, kind, length @ ..] = *bytes;
        let number = u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]);
        let kind = ReplyKind::from_byte(kind).ok_or(io::ErrorKind::InvalidData)?;
        Ok(Self { number, kind, length: u64::from_le_bytes(length) })
    }
}

/// So many bytes of a frame have their place before they come. A frame that announces more needs to send as many first.
const ANNOUNCED: u64 = 256 << 20;

/// Reads the rest of a frame, of the length that its head announces.
///
/// # Errors
///
/// `UnexpectedEof` if there are fewer bytes.
pub(super) fn rest(reader: &mut impl Read, length: u64) -> io::Result<Vec<u8>> {
    rest_of(reader, length, ANNOUNCED)
}

fn rest_of(reader: &mut impl Read, length: u64, most: u64) -> io::Result<Vec<u8>> {
    let announced = usize::try_from(length.min(most)).unwrap_or(usize::MAX);
    // The system gives zeros, so that nothing writes what the bytes replace.
    let mut bytes = vec![0; announced];
    reader.read_exact(&mut bytes)?;
    if let Some(more) = length.checked_sub(most) {
        reader.take(more).read_to_end(&mut bytes)?;
    }
    if u64::try_from(bytes.len()) == Ok(length) {
        Ok(bytes)
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// The length of something in memory, for a frame.
pub(super) fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("no address space is larger than 64 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_as_written() {
        let says = |news| Hello { nonce: 0x0102_0304_0506_0708_090a, news };
        let news = [
            News::Ready { fingerprint: u64::MAX - 1, directory: (7, u64::MAX) },
            News::Refused { error: Some(11) },
            News::Refused { error: None },
        ];
        for hello in news.map(says) {
            assert_eq!(Hello::from_bytes(&hello.to_bytes()), Some(hello));
        }
        let call = CallHead { number: 9, function: 7, memory: 1 << 40, length: u64::MAX };
        assert_eq!(CallHead::from_bytes(&call.to_bytes()), call);
        for kind in ReplyKind::ALL {
            let reply = ReplyHead { number: u64::MAX, kind, length: 3 };
            assert_eq!(ReplyHead::from_bytes(&reply.to_bytes()).unwrap(), reply);
        }
    }

    #[test]
    fn calls_and_replies_carry_a_number() {
        let call = CallHead { number: 0, function: 7, memory: 1, length: 2 };
        let mut frame = call.to_bytes();
        number(&mut frame, 9);
        assert_eq!(CallHead::from_bytes(&frame), CallHead { number: 9, ..call });
        let reply = ReplyHead { number: 0, kind: ReplyKind::Returned, length: 2 };
        let mut frame = reply.to_bytes();
        number(&mut frame, 9);
        assert_eq!(ReplyHead::from_bytes(&frame).unwrap(), ReplyHead { number: 9, ..reply });
    }

    #[test]
    fn rest_of_a_frame_has_the_announced_length() {
        let bytes = [7; 100];
        let read = |length| {
            let mut left = &bytes[..];
            let read = rest_of(&mut left, length, 50);
            read.map(|rest| (rest, left.len())).map_err(|error| error.kind())
        };
        for length in [0, 1, 49, 50, 51, 100] {
            let (rest, left) = read(length).unwrap();
            assert_eq!(rest, bytes[..rest.len()]);
            assert_eq!((rest.len() as u64, left as u64), (length, 100 - length));
        }
        // It takes no such memory.
        for length in [101, u64::MAX] {
            assert_eq!(read(length), Err(io::ErrorKind::UnexpectedEof));
        }
    }

    #[test]
    fn other_bytes_are_no_frames() {
        assert_eq!(Hello::from_bytes(&[b'>'; Hello::LENGTH]), None);
        assert_eq!(Hello::from_bytes(&[0; Hello::LENGTH]), None);
        assert!(ReplyHead::from_bytes(&[200; ReplyHead::LENGTH]).is_err());
    }

    #[test]
    fn variable_of_another_version_is_ignored() {
        let nonce = u128::MAX - 7;
        assert_eq!(nonce_and_port(&variable_value(nonce)), Some((nonce, "")));
        assert_eq!(nonce_and_port(&format!("{}:80", variable_value(nonce))), Some((nonce, "80")));
        assert_eq!(nonce_and_port(&format!("99.{}", variable_value(nonce))), None);
    }
}
