//! How one call is to be run.

use std::panic::Location;
use std::time::Duration;

use crate::call::Call;
use crate::limit::Limit;

/// What the attribute says of a call, and where the call is.
///
/// Every function here is `const` or folds away, so that a call without options pays for none.
#[derive(Clone, Copy)]
pub struct Options {
    site: &'static Location<'static>,
    name: Option<&'static str>,
    limit: Option<&'static Limit>,
    timeout: Option<Duration>,
    compute: bool,
}

impl Options {
    /// A call made at the line of the caller.
    #[inline]
    #[must_use]
    #[track_caller]
    pub const fn here() -> Self {
        Self { site: Location::caller(), name: None, limit: None, timeout: None, compute: false }
    }

    /// The body burns CPU and waits for nothing but other calls.
    #[inline]
    #[must_use]
    pub const fn compute(self) -> Self {
        Self { compute: true, ..self }
    }

    /// What messages call the function, instead of its path.
    #[inline]
    #[must_use]
    pub const fn name(self, name: &'static str) -> Self {
        Self { name: Some(name), ..self }
    }

    /// How many bodies of the function may run at once.
    #[inline]
    #[must_use]
    pub const fn limit(self, limit: &'static Limit) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// How long after the call the body has to be done.
    #[inline]
    #[must_use]
    pub const fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// The same options for a function of this path, which names the call unless a name was given.
    pub(crate) fn named_by(self, path: &'static str) -> Self {
        Self { name: Some(self.name.unwrap_or(path)), ..self }
    }

    /// The same options, field by field.
    #[cfg(not(debug_assertions))]
    #[inline]
    pub(crate) fn rebuilt(&self) -> Self {
        let Self { site, name, limit, timeout, compute } = *self;
        Self { site, name, limit, timeout, compute }
    }

    #[inline]
    pub(crate) fn site(&self) -> &'static Location<'static> {
        self.site
    }

    #[inline]
    pub(crate) fn fixed_name(&self) -> Option<&'static str> {
        self.name
    }

    #[inline]
    pub(crate) fn slots(&self) -> Option<&'static Limit> {
        self.limit
    }

    #[inline]
    pub(crate) fn time(&self) -> Option<Duration> {
        self.timeout
    }

    /// The call of `function`, unless the options name it.
    pub(crate) fn call(&self, function: &'static str) -> Call {
        Call::new(self.name.unwrap_or(function), self.site)
    }

    /// The same, for a function whose path is looked up if it is asked for.
    pub(crate) fn call_or(&self, function: fn() -> &'static str) -> Call {
        Call::new(self.name.unwrap_or_else(function), self.site)
    }

    /// Whether a busy worker may run the body right where the call is made.
    #[inline]
    pub(crate) fn may_run_inline(&self) -> bool {
        self.compute && self.limit.is_none() && self.timeout.is_none()
    }
}
