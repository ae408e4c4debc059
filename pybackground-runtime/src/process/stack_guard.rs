//! Deserializing a value on a bounded part of this thread's stack.
//!
//! A child can build a value that is nested more deeply than this thread's stack can take: deserializing recurses at
//! each level. Each level has at least one byte, so a check of the stack at each read comes in time. An array is
//! built in place, with a copy or more on the stack at each level.

use std::cell::Cell;
use std::io::{self, Read};

use serde::de::DeserializeOwned;
use serde_bare::de::Deserializer;
use serde_bare::error::Error;

use crate::sync::stack_pointer;

/// Why there is no value.
#[derive(Debug)]
pub(super) enum ReadError<Why> {
    /// Deserializing it takes more stack than allowed.
    TooDeep,
    /// Its type refuses these bytes.
    Refused(Why),
}

/// Deserializes a value on at most `stack` bytes of the stack, and little more; returns how many of `bytes` are left.
///
/// # Errors
///
/// If it would take more stack, or if the type refuses the bytes.
pub(super) fn read_within<T: DeserializeOwned>(
    stack: usize,
    bytes: &[u8],
) -> Result<(T, usize), ReadError<Error>> {
    let too_deep = Cell::new(false);
    let mut rest = bytes;
    let guarded = Guarded {
        bytes: &mut rest,
        floor: stack_pointer().saturating_sub(stack),
        too_deep: &too_deep,
    };
    let read = T::deserialize(&mut Deserializer::from_reader(guarded));
    match read {
        Ok(value) => Ok((value, rest.len())),
        Err(_) if too_deep.get() => Err(ReadError::TooDeep),
        Err(error) => Err(ReadError::Refused(error)),
    }
}

/// Bytes that can be read while there is enough stack.
struct Guarded<'a, 'b> {
    bytes: &'a mut &'b [u8],
    /// The lowest address that the stack may reach; it grows downwards.
    floor: usize,
    too_deep: &'a Cell<bool>,
}

impl Guarded<'_, '_> {
    #[inline]
    fn check(&self) -> io::Result<()> {
        if stack_pointer() >= self.floor {
            return Ok(());
        }
        self.too_deep.set(true);
        Err(io::ErrorKind::Other.into())
    }
}

impl Read for Guarded<'_, '_> {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.bytes.read(buffer)
    }

    #[inline]
    fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        self.check()?;
        self.bytes.read_exact(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    const STACK: usize = 256 << 10;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Tree {
        Leaf,
        Node(Box<Tree>),
        Nodes(Vec<Tree>),
        Pair { left: Box<Tree>, right: Box<Tree> },
    }

    /// A leaf in this many levels of `Tree::Node`, `Tree::Nodes` or `Tree::Pair`.
    fn nested(levels: usize, level: &[u8]) -> Vec<u8> {
        let mut bytes = level.repeat(levels);
        bytes.push(0);
        bytes
    }

    #[test]
    fn nested_value_is_read_as_deep_as_the_stack_allows() {
        for level in [&[1][..], &[2, 1], &[3, 0]] {
            let read = |levels| read_within::<Tree>(STACK, &nested(levels, level));
            let (tree, left) = read(100).unwrap();
            assert_eq!(serde_bare::to_vec(&tree).unwrap(), nested(100, level));
            assert_eq!(left, 0);
            assert!(matches!(read(1 << 20), Err(ReadError::TooDeep)));
        }
    }

    #[test]
    fn long_value_is_not_deep() {
        let long: Vec<Option<u32>> = vec![Some(7); 1 << 16];
        let mut bytes = serde_bare::to_vec(&long).unwrap();
        bytes.push(1);
        assert_eq!(read_within(STACK, &bytes).unwrap(), (long, 1));
    }

    #[test]
    fn array_that_exceeds_the_stack_is_too_deep() {
        type Numbers<const N: usize> = [[[u64; 32]; 32]; N];
        let bytes = vec![7; 8 << 15];
        let read = read_within::<Box<Numbers<32>>>(STACK, &bytes).map(|_| ());
        assert!(matches!(read, Err(ReadError::TooDeep)));
        assert!(read_within::<Box<Numbers<1>>>(STACK, &bytes[..8 << 10]).is_ok());
    }

    #[test]
    fn bytes_of_another_type_are_refused() {
        let refused = read_within::<char>(STACK, &[0, 0, 0, 7]);
        assert!(matches!(refused, Err(ReadError::Refused(_))));
    }
}
