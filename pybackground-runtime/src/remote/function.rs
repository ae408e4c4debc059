//! The list of functions that a worker offers, which the linker collects.
//!
//! A function is found by its fingerprint: a hash over its name and over the shape of its arguments and its result. A
//! build of the program serves the calls of another build as far as their functions have equal fingerprints.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::OnceLock;

use super::shape::Shape;
use crate::process::expansion::ChildFunction;

pub use self::PYBACKGROUND_REMOTE_FUNCTIONS_0_1_0 as FUNCTIONS;

/// Every function with `#[background(remote)]` in the program. The linker merges lists of one name, so this name must
/// differ from the user's lists and from those of other versions of this library.
#[linkme::distributed_slice]
#[linkme(crate = linkme)]
pub static PYBACKGROUND_REMOTE_FUNCTIONS_0_1_0: [Function];

/// Changes with the format of a call or of its answer.
const WIRE_VERSION: u8 = 1;

/// The queue of functions that name none.
pub(super) const DEFAULT_QUEUE: &str = "default";

/// A function that workers run.
pub struct Function {
    child: &'static ChildFunction,
    name: &'static str,
    shape: fn(&mut Shape),
    terms: Terms,
    fingerprint: OnceLock<u64>,
}

/// How workers run a function.
#[derive(Clone, Copy)]
pub struct Terms {
    queue: &'static str,
    retry: u32,
    memory: Option<u64>,
    limit: Option<usize>,
}

impl Terms {
    /// Returns the terms of a function without options.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "the expansion calls it in a constant")]
    pub const fn new() -> Self {
        Self { queue: DEFAULT_QUEUE, retry: 0, memory: None, limit: None }
    }

    /// Sets the queue that its calls wait in.
    #[must_use]
    pub const fn queue(self, queue: &'static str) -> Self {
        Self { queue, ..self }
    }

    /// Sets how often a call may be repeated whose worker disappeared.
    #[must_use]
    pub const fn retry(self, retry: u32) -> Self {
        Self { retry, ..self }
    }

    /// Sets how many bytes a body may take.
    #[must_use]
    pub const fn memory(self, memory: u64) -> Self {
        Self { memory: Some(memory), ..self }
    }

    /// Sets how many bodies may run at once, on all workers together.
    #[must_use]
    pub const fn limit(self, limit: usize) -> Self {
        Self { limit: Some(limit), ..self }
    }
}

impl Function {
    /// Makes an entry of the list: the function that a child of a worker runs, its name on the wire, and what adds its
    /// types to a shape.
    #[must_use]
    pub const fn new(
        child: &'static ChildFunction,
        name: &'static str,
        shape: fn(&mut Shape),
        terms: Terms,
    ) -> Self {
        Self { child, name, shape, terms, fingerprint: OnceLock::new() }
    }

    pub(super) fn child(&self) -> &'static ChildFunction {
        self.child
    }

    pub(super) fn bytes_of_memory(&self) -> Option<u64> {
        self.terms.memory
    }

    /// Returns the name on the wire.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the queue that its calls wait in.
    #[must_use]
    pub fn queue_name(&self) -> &'static str {
        self.terms.queue
    }

    /// Returns how often a call may be repeated whose worker disappeared.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.terms.retry
    }

    /// Returns how many bodies may run at once, on all workers together.
    #[must_use]
    pub fn bodies_at_once(&self) -> Option<usize> {
        self.terms.limit
    }

    /// Returns what two builds of the function have to share.
    pub fn fingerprint(&self) -> u64 {
        *self.fingerprint.get_or_init(|| {
            let mut shape = Shape::new();
            (self.shape)(&mut shape);
            hash([&[WIRE_VERSION], self.name.as_bytes(), &[0], shape.text().as_bytes()].concat())
        })
    }
}

/// Returns every function of the program by its fingerprint.
///
/// # Errors
///
/// If a worker could not tell two of them apart.
pub fn all() -> Result<&'static HashMap<u64, &'static Function>, &'static str> {
    static ALL: OnceLock<Result<HashMap<u64, &'static Function>, String>> = OnceLock::new();
    ALL.get_or_init(|| by_fingerprint(&FUNCTIONS)).as_ref().map_err(String::as_str)
}

fn by_fingerprint(
    functions: &'static [Function],
) -> Result<HashMap<u64, &'static Function>, String> {
    let mut found = HashMap::new();
    for function in functions {
        match found.entry(function.fingerprint()) {
            Entry::Vacant(place) => {
                place.insert(function);
            }
            Entry::Occupied(_) => {
                return Err(format!(
                    "two functions with `remote` are named `{}` and have the same types, so a worker could not tell \
                     their calls apart; give one of them another name: `#[background(remote, name = \"..\")]`",
                    function.name
                ));
            }
        }
    }
    Ok(found)
}

/// The hash of Fowler, Noll and Vo, which is the same in every process.
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes.into_iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    static CHILD: ChildFunction = ChildFunction::new("child", |_| Ok(Vec::new()));

    #[test]
    fn each_version_has_a_list_of_its_own() {
        let version = env!("CARGO_PKG_VERSION").replace(['.', '-', '+'], "_");
        let list = format!("pub static PYBACKGROUND_REMOTE_FUNCTIONS_{version}: [Function];");
        assert!(include_str!("function.rs").contains(&list), "the list should be `{list}`");
    }

    #[test]
    fn fingerprint_is_of_the_name_and_the_types() {
        let number = Function::new(&CHILD, "f", Shape::add::<u32>, Terms::new());
        let same =
            Function::new(&CHILD, "f", Shape::add::<u32>, Terms::new().retry(3).queue("gpu"));
        let renamed = Function::new(&CHILD, "g", Shape::add::<u32>, Terms::new());
        let retyped = Function::new(&CHILD, "f", Shape::add::<i32>, Terms::new());
        assert_eq!(number.fingerprint(), same.fingerprint());
        assert_ne!(number.fingerprint(), renamed.fingerprint());
        assert_ne!(number.fingerprint(), retyped.fingerprint());
    }

    #[test]
    fn functions_that_cannot_be_told_apart_are_refused() {
        static TWICE: [Function; 2] = [
            Function::new(&CHILD, "f", Shape::add::<u32>, Terms::new()),
            Function::new(&CHILD, "f", Shape::add::<u32>, Terms::new()),
        ];
        assert!(by_fingerprint(&TWICE).err().unwrap().contains("are named `f`"));
        assert_eq!(by_fingerprint(&TWICE[..1]).map(|found| found.len()), Ok(1));
    }
}
