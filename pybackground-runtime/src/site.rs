//! The line that messages name a call by.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::sync::Mutex;

use crate::sync::lock_leaf;
use crate::table::Set;

/// Where a call is made, or a function is defined.
pub(crate) type CallSite = &'static Location<'static>;

/// The places of definitions that stand for a call, by address. No call is made at such a place, so that its
/// address alone tells the two apart.
static DEFINITIONS: Mutex<Set> = Mutex::new(Set::new());

/// The line that stands for a call made at `site`, of a function that is defined at `definition`.
///
/// A function that is passed by name to the standard library, as in `words.map(length)`, is called from a
/// line that is none of the user's. Its definition stands for that.
#[inline]
pub(crate) fn of_call(site: CallSite, definition: Option<CallSite>) -> CallSite {
    match definition {
        Some(definition) if is_absolute(site.file()) => instead_of(site, definition),
        _ => site,
    }
}

/// `definition` if `site` is of the standard library, else `site`. A crate from a registry has absolute paths,
/// and a loop makes the same call again and again: the last answer is remembered.
#[inline]
fn instead_of(site: CallSite, definition: CallSite) -> CallSite {
    thread_local! {
        static LAST: Cell<Option<(CallSite, CallSite, CallSite)>> = const { Cell::new(None) };
    }

    if let Ok(Some((last_site, last_definition, answer))) = LAST.try_with(Cell::get)
        && std::ptr::eq(last_site, site)
        && std::ptr::eq(last_definition, definition)
    {
        return answer;
    }
    let answer = find_instead_of(site, definition);
    let _ = LAST.try_with(|last| last.set(Some((site, definition, answer))));
    answer
}

#[cold]
fn find_instead_of(
    site: &'static Location<'static>,
    definition: &'static Location<'static>,
) -> &'static Location<'static> {
    if !is_path_of_standard_library(site.file()) {
        return site;
    }
    lock_leaf(&DEFINITIONS).insert(std::ptr::from_ref(definition).addr());
    definition
}

/// Whether the line is a definition that stands for a call.
pub(crate) fn is_definition(site: &'static Location<'static>) -> bool {
    lock_leaf(&DEFINITIONS).contains(std::ptr::from_ref(site).addr())
}

/// Whether a call was made by code of the standard library: by an iterator's adapter, for example, to
/// which the user passed the function by name.
pub(crate) fn is_in_standard_library(site: &Location<'_>) -> bool {
    is_absolute(site.file()) && is_path_of_standard_library(site.file())
}

/// Every call asks. The paths of most user code are relative, and the first bytes show that.
#[inline]
fn is_absolute(file: &str) -> bool {
    file.starts_with('/') || cfg!(windows) && file.as_bytes().get(1) == Some(&b':')
}

/// A toolchain from rustup has `/rustc/<commit>/library/core/src/..`, with the component `rust-src`
/// `../lib/rustlib/src/rust/library/core/src/..`, and that of a distribution
/// `/usr/src/rustc-<version>/library/core/src/..`.
fn is_path_of_standard_library(file: &str) -> bool {
    let folders = || file.split(['/', '\\']);
    let mut pairs = folders().zip(folders().skip(1));
    folders().any(|folder| folder.starts_with("rustc") || folder == "rustlib")
        && pairs.any(|pair| matches!(pair, ("library", "core" | "alloc" | "std")))
}

/// Where a value was used, for messages: ` at src/main.rs:3:5`.
///
/// A formatter, or any other trait object, calls this crate without the line of its user. Then the line
/// would be one of the `impl`s in `forward`. If the standard library makes the use, as in `calls.map(Lazy::into_inner)`,
/// it would be one of its lines. Nothing is printed in the place of these.
pub(crate) struct UsedAt(pub(crate) &'static Location<'static>);

impl UsedAt {
    /// The line of the user, if it is known.
    pub(crate) fn user(&self) -> Option<&'static Location<'static>> {
        let own = file!().trim_end_matches("site.rs");
        let is_own =
            self.0.file().strip_prefix(own).is_some_and(|file| file.starts_with("forward"));
        (!is_own && !is_in_standard_library(self.0)).then_some(self.0)
    }
}

impl fmt::Display for UsedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.user().map_or(Ok(()), |site| write!(f, " at {site}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn caller(_: u8) -> &'static Location<'static> {
        Location::caller()
    }

    #[test]
    fn line_of_the_standard_library_is_no_line_of_the_user() {
        let used_by_user = UsedAt(caller(1));
        assert_eq!(used_by_user.user().map(Location::file), Some(file!()));
        let used_by_iterator = UsedAt([1].into_iter().map(caller).next().unwrap());
        assert_eq!(used_by_iterator.user(), None);
        assert_eq!(used_by_iterator.to_string(), "");
    }

    #[test]
    fn paths_of_the_standard_library_are_recognized() {
        for file in [
            "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/core/src/ops/function.rs",
            "/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library\\alloc\\src\\boxed.rs",
            "/usr/src/rustc-1.95.0/library/std/src/thread/mod.rs",
            "/root/.rustup/toolchains/stable/lib/rustlib/src/rust/library/core/src/ops/function.rs",
        ] {
            assert!(is_path_of_standard_library(file), "{file}");
        }
        for file in [
            "/home/user/library/core/src/lib.rs",
            "/home/rustc/library/src/core.rs",
            "/home/user/.cargo/registry/src/index/rayon-1.10.0/src/lib.rs",
        ] {
            assert!(!is_path_of_standard_library(file), "{file}");
        }
    }
}
