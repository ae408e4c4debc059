//! The list of functions that a child knows, put together by the linker.
//!
//! The child is the same program, so the place of a function in the list tells it which is meant.

use super::codec::Received;
use super::failure::Broken;

pub use self::PYBACKGROUND_FUNCTIONS_0_1_0 as FUNCTIONS;

/// Every function under `#[background(process)]` in the program. The linker puts lists of one name together,
/// so that it is none that another list has: one of the user's, or that of another version of this library.
#[linkme::distributed_slice]
#[linkme(crate = linkme)]
pub static PYBACKGROUND_FUNCTIONS_0_1_0: [Function];

/// A function as a child runs it: arguments as bytes in, its value as the bytes of a reply out.
pub struct Function {
    name: &'static str,
    run: fn(&mut Received<'_>) -> Result<Vec<u8>, Broken>,
}

impl Function {
    /// An entry of the list.
    #[must_use]
    pub const fn new(
        name: &'static str,
        run: fn(&mut Received<'_>) -> Result<Vec<u8>, Broken>,
    ) -> Self {
        Self { name, run }
    }

    pub(super) fn run(&self, arguments: &[u8]) -> Result<Vec<u8>, Broken> {
        (self.run)(&mut Received::new(arguments))
    }

    /// The place in the list; none if the linker left the function out, or put it into another list: that
    /// of a library which was loaded later, and which a child would not load.
    pub(super) fn place(&'static self) -> Option<u32> {
        let place = FUNCTIONS.iter().position(|known| std::ptr::eq(known, self))?;
        u32::try_from(place).ok()
    }
}

/// What a constant says that `memory` is.
///
/// # Panics
///
/// While compiling, if it is 0.
#[must_use]
pub const fn memory(bytes: u64) -> u64 {
    assert!(bytes > 0, "with a memory of 0 bytes no body would ever run: write 1 or more");
    bytes
}

/// The function at a place of the list.
pub(super) fn at(place: u32) -> Option<&'static Function> {
    FUNCTIONS.get(usize::try_from(place).ok()?)
}

/// Tells this list from those of other programs: all names, in order.
pub(super) fn fingerprint() -> u64 {
    // Fowler, Noll and Vo's hash, which is the same in every process.
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
        let list = format!("pub static PYBACKGROUND_FUNCTIONS_{version}: [Function];");
        assert!(include_str!("function.rs").contains(&list), "it is to be `{list}`");
    }
}
