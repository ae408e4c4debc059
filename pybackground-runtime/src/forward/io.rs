//! Reading from the value and writing to it: a file that is being opened, a connection that is being
//! made.
//!
//! What a value does better than by default is forwarded too: a file reads to its end at once.

use std::fmt;
use std::io::{self, BufRead, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};

use crate::lazy::Lazy;

/// Forwards methods to the value as they are.
macro_rules! forward {
    ($($trait:path { $(fn $method:ident($($name:ident: $type:ty),*) $(-> $result:ty)?;)+ })+) => {$(
        impl<T: $trait> $trait for Lazy<T> {$(
            #[track_caller]
            fn $method(&mut self $(, $name: $type)*) $(-> $result)? {
                self.value_mut().$method($($name),*)
            }
        )+}
    )+};
}

forward! {
    Read {
        fn read(buffer: &mut [u8]) -> io::Result<usize>;
        fn read_vectored(buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize>;
        fn read_to_end(buffer: &mut Vec<u8>) -> io::Result<usize>;
        fn read_to_string(buffer: &mut String) -> io::Result<usize>;
        fn read_exact(buffer: &mut [u8]) -> io::Result<()>;
    }
    Write {
        fn write(bytes: &[u8]) -> io::Result<usize>;
        fn write_vectored(buffers: &[IoSlice<'_>]) -> io::Result<usize>;
        fn flush() -> io::Result<()>;
        fn write_all(bytes: &[u8]) -> io::Result<()>;
        fn write_fmt(arguments: fmt::Arguments<'_>) -> io::Result<()>;
    }
    BufRead {
        fn fill_buf() -> io::Result<&[u8]>;
        fn consume(amount: usize);
        fn read_until(end: u8, buffer: &mut Vec<u8>) -> io::Result<usize>;
        fn read_line(buffer: &mut String) -> io::Result<usize>;
    }
    Seek {
        fn seek(to: SeekFrom) -> io::Result<u64>;
        fn rewind() -> io::Result<()>;
        fn stream_position() -> io::Result<u64>;
        fn seek_relative(offset: i64) -> io::Result<()>;
    }
    fmt::Write {
        fn write_str(text: &str) -> fmt::Result;
        fn write_char(character: char) -> fmt::Result;
        fn write_fmt(arguments: fmt::Arguments<'_>) -> fmt::Result;
    }
}
