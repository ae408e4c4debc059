//! Reading a value that a child sent, without an overflow of this thread's stack.
//!
//! A child may build what is nested more deeply than can be read here: reading calls itself for each level.
//! Each level has at least one byte, so that who looks at the stack for each byte looks in time. An array is read
//! in place, of which the stack has a copy or more at each level.

use std::cell::Cell;

use postcard::Deserializer;
use postcard::de_flavors::{Flavor, Slice};
use serde::de::DeserializeOwned;

use crate::sync::stack_pointer;

/// Why there is no value.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread<Why> {
    /// To read it takes more stack than it may.
    TooDeep,
    /// Its type says that these bytes are none.
    Refused(Why),
}

/// Reads a value, for which it may take so many bytes of the stack, and little more; returns how many of `bytes`
/// are left.
///
/// # Errors
///
/// If it would take more, or if the type refuses the bytes.
pub(super) fn read_within<T: DeserializeOwned>(
    stack: usize,
    bytes: &[u8],
) -> Result<(T, usize), Unread<postcard::Error>> {
    let too_deep = Cell::new(false);
    let floor = stack_pointer().saturating_sub(stack);
    let shallow = Shallow { bytes: Slice::new(bytes), floor, too_deep: &too_deep };
    let mut deserializer = Deserializer::from_flavor(shallow);
    let read = T::deserialize(&mut deserializer)
        .and_then(|value| deserializer.finalize().map(|rest| (value, rest.len())));
    read.map_err(|error| if too_deep.get() { Unread::TooDeep } else { Unread::Refused(error) })
}

/// Bytes that can be read as long as there is enough of the stack.
struct Shallow<'a> {
    bytes: Slice<'a>,
    /// How deep the stack may be; it grows downwards.
    floor: usize,
    too_deep: &'a Cell<bool>,
}

impl Shallow<'_> {
    #[inline]
    fn check(&self) -> postcard::Result<()> {
        if stack_pointer() >= self.floor {
            return Ok(());
        }
        self.too_deep.set(true);
        Err(postcard::Error::SerdeDeCustom)
    }
}

impl<'a> Flavor<'a> for Shallow<'a> {
    type Remainder = &'a [u8];
    type Source = &'a [u8];

    #[inline]
    fn pop(&mut self) -> postcard::Result<u8> {
        self.check()?;
        self.bytes.pop()
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        self.bytes.size_hint()
    }

    #[inline]
    fn try_take_n(&mut self, count: usize) -> postcard::Result<&'a [u8]> {
        self.check()?;
        self.bytes.try_take_n(count)
    }

    fn finalize(self) -> postcard::Result<&'a [u8]> {
        self.bytes.finalize()
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

    /// As `Tree::Node` in so many others, or `Tree::Nodes`, or the right one of a pair.
    fn nested(levels: usize, level: &[u8]) -> Vec<u8> {
        let mut bytes = level.repeat(levels);
        bytes.push(0);
        bytes
    }

    #[test]
    fn what_is_nested_is_read_as_deep_as_the_stack_allows() {
        for level in [&[1][..], &[2, 1], &[3, 0]] {
            let read = |levels| read_within::<Tree>(STACK, &nested(levels, level));
            let (tree, left) = read(100).unwrap();
            assert_eq!(postcard::to_stdvec(&tree).unwrap(), nested(100, level));
            assert_eq!(left, 0);
            assert_eq!(read(1 << 20), Err(Unread::TooDeep));
        }
    }

    #[test]
    fn what_is_long_is_not_deep() {
        let long: Vec<Option<u32>> = vec![Some(7); 1 << 16];
        let mut bytes = postcard::to_stdvec(&long).unwrap();
        bytes.push(1);
        assert_eq!(read_within(STACK, &bytes), Ok((long, 1)));
    }

    #[test]
    fn an_array_that_the_stack_has_no_room_for_is_not_read_either() {
        type Numbers<const N: usize> = [[[u64; 32]; 32]; N];
        let bytes = vec![7; 1 << 15];
        let read = read_within::<Box<Numbers<32>>>(STACK, &bytes).map(|_| ());
        assert_eq!(read, Err(Unread::TooDeep));
        assert!(read_within::<Box<Numbers<1>>>(STACK, &bytes[..1 << 10]).is_ok());
    }

    #[test]
    fn what_is_none_of_its_type_is_refused() {
        let refused = read_within::<bool>(STACK, &[7]);
        assert_eq!(refused, Err(Unread::Refused(postcard::Error::DeserializeBadBool)));
    }
}
