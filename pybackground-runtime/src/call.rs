//! The identity of one call: what every message about it names.

use std::fmt;
use std::panic::Location;

/// Which function a call runs and where it was called from.
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
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (called at {})", self.function, self.site)
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
    fn a_function_is_named_by_its_own_path() {
        assert!(path_of(&path_of_enclosing_function::<u8>).contains("path_of_enclosing_function"));
    }

    #[test]
    fn a_call_reads_as_function_and_site() {
        let site = Location::caller();
        let call = Call::new("app::fetch", site);
        assert_eq!(call.to_string(), format!("`app::fetch` (called at {site})"));
    }
}
