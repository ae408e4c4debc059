//! The list of functions that a child knows, which the linker collects.
//!
//! The child is the same program, so an index into the list names a function.

use super::frame::Broken;
#[cfg(feature = "remote")]
use super::frame::{ReplyHead, ReplyKind};
#[cfg(feature = "remote")]
use crate::error::{Failure, Part};

pub use self::PYBACKGROUND_FUNCTIONS_0_1_0 as FUNCTIONS;

/// Every function with `#[background(process)]` in the program. The linker merges lists of one name, so this name
/// must differ from the user's lists and from those of other versions of this library.
#[linkme::distributed_slice]
#[linkme(crate = linkme)]
pub static PYBACKGROUND_FUNCTIONS_0_1_0: [ChildFunction];

/// A function as a child runs it: arguments as bytes in, the bytes of a reply out.
pub struct ChildFunction {
    name: &'static str,
    run: fn(&mut Received<'_>) -> Result<Vec<u8>, Broken>,
}

impl ChildFunction {
    /// Makes an entry of the list.
    #[must_use]
    pub const fn new(
        name: &'static str,
        run: fn(&mut Received<'_>) -> Result<Vec<u8>, Broken>,
    ) -> Self {
        Self { name, run }
    }

    pub(super) fn run(&self, arguments: &[u8]) -> Result<Vec<u8>, Broken> {
        (self.run)(&mut Received(arguments))
    }

    /// Returns the index in the list. `None` if the linker left the function out, or put it into the list of a
    /// library that was loaded later and that a child would not load.
    pub(super) fn index(&'static self) -> Option<u32> {
        let index = FUNCTIONS.iter().position(|known| std::ptr::eq(known, self))?;
        u32::try_from(index).ok()
    }
}

/// The arguments of a call in the child, as far as they were not read yet. Each is preceded by its length.
pub struct Received<'a>(&'a [u8]);

impl<'a> Received<'a> {
    /// Returns the bytes of the next argument.
    pub(super) fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.0.split_first_chunk()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (argument, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(argument)
    }
}

/// Runs a function on this thread; returns the bytes of its value.
///
/// # Errors
///
/// If the arguments could not be deserialized, or the value not serialized.
#[cfg(feature = "remote")]
pub(crate) fn run_on_this_thread(
    function: &ChildFunction,
    arguments: &[u8],
) -> Result<Vec<u8>, Failure> {
    match function.run(arguments) {
        Ok(mut reply) => {
            reply.drain(..ReplyHead::LENGTH);
            Ok(reply)
        }
        Err(Broken { kind: ReplyKind::BadResult, why }) => {
            Err(Failure::Codec { what: Part::Result, why })
        }
        Err(Broken { why, .. }) => Err(Failure::Codec { what: Part::Arguments, why }),
    }
}

/// Checks a constant that is given as `memory`.
///
/// # Panics
///
/// While compiling, if it is 0.
#[must_use]
pub const fn memory(bytes: u64) -> u64 {
    assert!(bytes > 0, "with a memory of 0 bytes no body would ever run: write 1 or more");
    bytes
}

/// Returns the function at an index of the list.
pub(super) fn at(index: u32) -> Option<&'static ChildFunction> {
    FUNCTIONS.get(usize::try_from(index).ok()?)
}

/// Hashes all names in order, which tells this list from those of other programs.
pub(super) fn fingerprint() -> u64 {
    // The hash of Fowler, Noll and Vo is the same in every process.
    let bytes = FUNCTIONS.iter().flat_map(|function| function.name.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_version_has_a_list_of_its_own() {
        let version = env!("CARGO_PKG_VERSION").replace(['.', '-', '+'], "_");
        let list = format!("pub static PYBACKGROUND_FUNCTIONS_{version}: [ChildFunction];");
        assert!(include_str!("function.rs").contains(&list), "the list should be `{list}`");
    }
}
