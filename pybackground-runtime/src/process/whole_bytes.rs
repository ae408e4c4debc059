//! A `Vec<u8>` as a whole. By serde, its bytes are visited one after the other, which takes ten times as long.
//!
//! The format is that of [`codec`](super::codec), so that only one side need know the type.

use std::any::{Any, TypeId};

use serde::{Serialize, Serializer};
use serde_bare::Uint;

use super::stack_guard::read_within;

/// Bytes that are written at once.
pub(super) struct WholeBytes<'a>(&'a [u8]);

impl Serialize for WholeBytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Returns the bytes of a `Vec<u8>`.
pub(super) fn of<T: 'static>(value: &T) -> Option<WholeBytes<'_>> {
    let bytes = (value as &dyn Any).downcast_ref::<Vec<u8>>()?;
    Some(WholeBytes(bytes))
}

/// Reads a `Vec<u8>`. `None` if `T` is another type, or if this is not what was written.
pub(super) fn read<T: 'static>(content: &[u8]) -> Option<T> {
    let start = start::<T>(content)?;
    value(content[start..].to_vec())
}

/// As `read`, in the memory of the content. `Err` is the content.
pub(super) fn read_in_place<T: 'static>(mut content: Vec<u8>) -> Result<T, Vec<u8>> {
    let Some(start) = start::<T>(&content) else { return Err(content) };
    content.drain(..start);
    Ok(value(content).expect("the type was checked"))
}

/// Where the bytes start that belong to a `Vec<u8>`.
fn start<T: 'static>(content: &[u8]) -> Option<usize> {
    if TypeId::of::<T>() != TypeId::of::<Vec<u8>>() {
        return None;
    }
    let (Uint(length), rest) = read_within(usize::MAX, content).ok()?;
    (u64::try_from(rest) == Ok(length)).then(|| content.len() - rest)
}

/// Returns the bytes as a `T`, which is their type.
fn value<T: 'static>(bytes: Vec<u8>) -> Option<T> {
    let mut bytes = Some(bytes);
    (&mut bytes as &mut dyn Any).downcast_mut::<Option<T>>()?.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_and_read_as_by_serde() {
        for length in [0, 1, 127, 128, 70_000] {
            let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            let written = serde_bare::to_vec(&of(&bytes).unwrap()).unwrap();
            assert_eq!(written, serde_bare::to_vec(&bytes).unwrap());
            assert_eq!(read::<Vec<u8>>(&written).as_ref(), Some(&bytes));
            assert_eq!(read_in_place::<Vec<u8>>(written), Ok(bytes));
        }
    }

    #[test]
    fn other_types_and_other_lengths_are_left_to_serde() {
        assert!(of(&[1_u8, 2]).is_none());
        let written = serde_bare::to_vec(&vec![1_u8, 2]).unwrap();
        assert_eq!(read::<Vec<i8>>(&written), None);
        for wrong in [&written[..2], &[&written[..], &[3]].concat(), &[], &[0xff]] {
            assert_eq!(read::<Vec<u8>>(wrong), None);
            assert_eq!(read_in_place::<Vec<u8>>(wrong.to_vec()), Err(wrong.to_vec()));
        }
    }
}
