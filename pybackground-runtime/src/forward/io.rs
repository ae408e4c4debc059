//! Reading from the value and writing to it: a file that is being opened, a connection that is being
//! made.
//!
//! What a value does better than by default is forwarded too: a file reads to its end at once.
//!
//! A call without a value panics here as elsewhere, except while the thread panics: a `BufWriter` that is
//! dropped then writes what it holds, and a second panic would abort the process. It gets an error.

use std::fmt;
use std::io::{self, BufRead, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};

use crate::lazy::Lazy;

/// Forwards methods to the value as they are; a method without a value returns what `$failed` makes of the
/// error.
macro_rules! forward {
    ($($trait:path, $failed:expr => {
        $(fn $method:ident($($name:ident: $type:ty),*) $(-> $result:ty)?;)+
    })+) => {$(
        impl<T: $trait> $trait for Lazy<T> {$(
            #[track_caller]
            fn $method(&mut self $(, $name: $type)*) $(-> $result)? {
                match self.value_mut_or_error() {
                    Ok(value) => value.$method($($name),*),
                    Err(error) => forward!(@failed $($result)?, $failed, error),
                }
            }
        )+}
    )+};
    (@failed $result:ty, $failed:expr, $error:ident) => { Err($failed($error)) };
    (@failed, $failed:expr, $error:ident) => { drop($error) };
}

forward! {
    Read, io::Error::other => {
        fn read(buffer: &mut [u8]) -> io::Result<usize>;
        fn read_vectored(buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize>;
        fn read_to_end(buffer: &mut Vec<u8>) -> io::Result<usize>;
        fn read_to_string(buffer: &mut String) -> io::Result<usize>;
        fn read_exact(buffer: &mut [u8]) -> io::Result<()>;
    }
    Write, io::Error::other => {
        fn write(bytes: &[u8]) -> io::Result<usize>;
        fn write_vectored(buffers: &[IoSlice<'_>]) -> io::Result<usize>;
        fn flush() -> io::Result<()>;
        fn write_all(bytes: &[u8]) -> io::Result<()>;
        fn write_fmt(arguments: fmt::Arguments<'_>) -> io::Result<()>;
    }
    BufRead, io::Error::other => {
        fn fill_buf() -> io::Result<&[u8]>;
        fn consume(amount: usize);
        fn read_until(end: u8, buffer: &mut Vec<u8>) -> io::Result<usize>;
        fn read_line(buffer: &mut String) -> io::Result<usize>;
    }
    Seek, io::Error::other => {
        fn seek(to: SeekFrom) -> io::Result<u64>;
        fn rewind() -> io::Result<()>;
        fn stream_position() -> io::Result<u64>;
        fn seek_relative(offset: i64) -> io::Result<()>;
    }
    fmt::Write, |_| fmt::Error => {
        fn write_str(text: &str) -> fmt::Result;
        fn write_char(character: char) -> fmt::Result;
        fn write_fmt(arguments: fmt::Arguments<'_>) -> fmt::Result;
    }
}
