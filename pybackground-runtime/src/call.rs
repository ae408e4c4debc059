//! The identity of one call: what every message about it names.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;

/// The function that a call runs, and the place of the call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    function: &'static str,
    site: &'static Location<'static>,
    /// Whether `site` is where the function is defined, because no line of the user calls it.
    is_definition: bool,
}

impl Call {
    pub(crate) fn new(function: &'static str, site: &'static Location<'static>) -> Self {
        Self { function, site, is_definition: false }
    }

    /// A call by code of the standard library, of a function that is defined at `definition`.
    pub(crate) fn by_name(function: &'static str, definition: &'static Location<'static>) -> Self {
        Self { function, site: definition, is_definition: true }
    }

    pub(crate) fn function(self) -> &'static str {
        self.function
    }

    pub(crate) fn site(self) -> &'static Location<'static> {
        self.site
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, site, is_definition } = self;
        if *is_definition {
            write!(f, "`{function}` (defined at {site})")
        } else if is_in_standard_library(site) {
            // A closure given to `spawn`, for example: its path names the function around it.
            write!(f, "`{function}` (called by the standard library)")
        } else {
            write!(f, "`{function}` (called at {site})")
        }
    }
}

/// Whether a call was made by code of the standard library: by an iterator's adapter, for example, to
/// which the user passed the function by name.
#[inline]
pub(crate) fn is_in_standard_library(site: &Location<'_>) -> bool {
    // Every call asks. The paths of most user code are relative, and the first bytes show that.
    let file = site.file();
    let is_absolute =
        file.starts_with('/') || cfg!(windows) && file.as_bytes().get(1) == Some(&b':');
    is_absolute && is_known_to_be_of_standard_library(site)
}

/// As `is_path_of_standard_library`, from this thread's recent answers. A crate from a registry has absolute paths, and makes
/// the same call again and again.
#[inline]
fn is_known_to_be_of_standard_library(site: &Location<'_>) -> bool {
    const RECENT: usize = 16;
    thread_local! {
        static ANSWERS: [Cell<(usize, bool)>; RECENT] = const { [const { Cell::new((0, false)) }; RECENT] };
    }

    let address = std::ptr::from_ref(site).addr();
    let ask = || is_path_of_standard_library(site.file());
    let recent = ANSWERS.try_with(|answers| {
        let answer = &answers[address / align_of::<Location<'_>>() % RECENT];
        if answer.get().0 != address {
            answer.set((address, ask()));
        }
        answer.get().1
    });
    recent.unwrap_or_else(|_| ask())
}

/// A toolchain from rustup has `/rustc/<commit>/library/core/src/..`, with the component `rust-src`
/// `../lib/rustlib/src/rust/library/core/src/..`, and that of a distribution
/// `/usr/src/rustc-<version>/library/core/src/..`.
#[cold]
fn is_path_of_standard_library(file: &str) -> bool {
    let folders = || file.split(['/', '\\']);
    let mut pairs = folders().zip(folders().skip(1));
    folders().any(|folder| folder.starts_with("rustc") || folder == "rustlib")
        && pairs.any(|pair| matches!(pair, ("library", "core" | "alloc" | "std")))
}

/// Where a value was used, for messages: ` at src/main.rs:3:5`.
///
/// A formatter, or any other trait object, calls this crate without the line of its user. Then the line
/// would be one of the `impl`s in `forward`, and nothing is printed in its place.
pub(crate) struct UsedAt(pub(crate) &'static Location<'static>);

impl UsedAt {
    /// The line of the user, if it is known.
    pub(crate) fn user(&self) -> Option<&'static Location<'static>> {
        let own = file!().trim_end_matches("call.rs");
        let is_own =
            self.0.file().strip_prefix(own).is_some_and(|file| file.starts_with("forward"));
        (!is_own).then_some(self.0)
    }
}

impl fmt::Display for UsedAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.user().map_or(Ok(()), |site| write!(f, " at {site}"))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The path of the function that `F`, a type made by the compiler, stands for.
///
/// The closure that the attribute puts a body into is named `path::of::function::{{closure}}` by the
/// compiler, which is the only one to know the full path of a method; so is its `async` block. These
/// last steps, and those of closures that a `spawn` stands in, say nothing to a reader.
pub(crate) fn path_of_enclosing_function<F>() -> &'static str {
    std::any::type_name::<F>().trim_end_matches("::{{closure}}")
}

/// The path of a function without the types that its parameters were given for this call.
///
/// A parameter that takes a value as well as a `Lazy` of it makes a function generic, which its user
/// did not.
pub(crate) fn without_types(path: &'static str) -> &'static str {
    if !path.ends_with('>') {
        return path;
    }
    let mut depth = 0_u32;
    for (at, sign) in path.char_indices().rev() {
        match sign {
            // Not the arrow of a function type.
            '>' if !path[..at].ends_with('-') => depth += 1,
            '<' => depth -= 1,
            _ => {}
        }
        if depth == 0 && sign == '<' {
            return path[..at].trim_end_matches("::");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of<F>(_: &F) -> &'static str {
        path_of_enclosing_function::<F>()
    }

    #[test]
    fn a_closure_is_named_after_the_function_around_it() {
        let path = path_of(&|| ());
        assert!(path.ends_with("::a_closure_is_named_after_the_function_around_it"), "{path}");
    }

    #[test]
    fn the_types_of_one_call_are_no_part_of_the_name() {
        for (path, name) in [
            ("app::f", "app::f"),
            ("app::f<app::Lazy<u8>>", "app::f"),
            ("<app::S as app::T<u8>>::f<fn(u8) -> Vec<u8>>", "<app::S as app::T<u8>>::f"),
            ("app::f::<u8>", "app::f"),
        ] {
            assert_eq!(without_types(path), name);
        }
    }

    #[test]
    fn a_function_is_named_by_its_own_path() {
        assert!(path_of(&path_of_enclosing_function::<u8>).contains("path_of_enclosing_function"));
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

    #[test]
    fn call_by_an_iterator_names_no_line_of_the_standard_library() {
        #[track_caller]
        fn here((): ()) -> &'static Location<'static> {
            Location::caller()
        }
        let site = Option::map(Some(()), here).unwrap();
        assert!(is_in_standard_library(site), "{site}");
        assert_eq!(
            Call::new("app::f", site).to_string(),
            "`app::f` (called by the standard library)"
        );
        let definition = Location::caller();
        assert_eq!(
            Call::by_name("app::f", definition).to_string(),
            format!("`app::f` (defined at {definition})")
        );
    }

    #[test]
    fn a_call_reads_as_function_and_site() {
        let site = Location::caller();
        let call = Call::new("app::fetch", site);
        assert_eq!(call.to_string(), format!("`app::fetch` (called at {site})"));
    }
}
