//! The identity of one call: what every message about it names.

use std::fmt;
use std::panic::Location;

use crate::site;

/// The function that a call runs, and the place of the call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Call {
    function: &'static str,
    site: &'static Location<'static>,
}

impl Call {
    pub(crate) fn new(function: &'static str, site: &'static Location<'static>) -> Self {
        Self { function, site }
    }

    pub(crate) fn function(self) -> &'static str {
        self.function
    }

    pub(crate) fn site(self) -> &'static Location<'static> {
        self.site
    }

    /// What identifies this kind of call among those with the same text for the function's name.
    pub(crate) fn key(self) -> (usize, usize) {
        (std::ptr::from_ref(self.site).addr(), self.function.as_ptr().addr())
    }

    /// The line of the user that makes the call, or else defines the function; `None` if neither is known.
    #[cfg(feature = "timeline")]
    pub(crate) fn place(self) -> Option<String> {
        let Self { site, .. } = self;
        if site::is_definition(site) {
            Some(format!("defined at {site}"))
        } else {
            (!site::is_in_standard_library(site)).then(|| site.to_string())
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { function, site } = self;
        if site::is_definition(site) {
            write!(f, "`{function}` (defined at {site})")
        } else if site::is_in_standard_library(site) {
            // A closure given to `spawn`, for example: its path names the function around it.
            write!(f, "`{function}` (called by the standard library)")
        } else {
            write!(f, "`{function}` (called at {site})")
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Finds the path of a function.
pub(crate) type Path = fn() -> &'static str;

/// The name of a function: a text, or a function that computes its path on demand.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    Text(&'static str),
    Path(Path),
}

impl Name {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Text(text) => text,
            Self::Path(path) => path(),
        }
    }

    /// What tells it from other names.
    #[inline]
    pub(crate) fn key(self) -> usize {
        match self {
            Self::Text(text) => text.as_ptr().addr(),
            Self::Path(path) => path as usize,
        }
    }
}

/// The path of the function that `F`, a type made by the compiler, stands for.
///
/// The closure that the attribute puts a body into is named `path::of::function::{{closure}}` by the
/// compiler, which is the only one to know the full path of a method; so is its `async` block. These
/// last steps, and those of closures that a `spawn` stands in, say nothing to a reader.
pub(crate) fn path_of_enclosing_function<F: ?Sized>() -> &'static str {
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
    fn call_by_an_iterator_names_no_line_of_the_standard_library() {
        #[track_caller]
        fn here((): ()) -> &'static Location<'static> {
            Location::caller()
        }
        let site = Option::map(Some(()), here).unwrap();
        assert!(site::is_in_standard_library(site), "{site}");
        assert_eq!(
            Call::new("app::f", site).to_string(),
            "`app::f` (called by the standard library)"
        );
        let definition = Location::caller();
        let named = site::of_call(site, Some(definition));
        assert_eq!(
            Call::new("app::f", named).to_string(),
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
