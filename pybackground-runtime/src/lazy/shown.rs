//! What a formatter finds in a `Lazy`.

use std::fmt;
use std::panic::Location;

use crate::call::Call;
use crate::error::Error;
use crate::timeout::Timeout;

/// The value, or what is printed in its place.
pub(crate) enum Shown<'a, T> {
    Value(&'a T),
    NoValue(NoValue<'a>),
}

/// Printed in place of a value.
pub(crate) enum NoValue<'a> {
    Failed(&'a Error),
    /// A thread that panics does not wait.
    Pending(Call),
    /// An `.await` took the value, of a call made at this line if there was one.
    Spent(Option<&'static Location<'static>>),
}

impl NoValue<'_> {
    /// Panics as any use of the value does, except for a timeout, which prints as `Timeout`.
    #[track_caller]
    pub(crate) fn raise(&self) {
        match self {
            Self::Failed(error) if !error.is_timeout() => error.raise(),
            Self::Spent(site) => spent(*site),
            Self::Failed(_) | Self::Pending(_) => {}
        }
    }
}

impl fmt::Display for NoValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) if error.is_timeout() => fmt::Display::fmt(&Timeout, f),
            Self::Failed(error) => fmt::Debug::fmt(error, f),
            Self::Pending(call) => write!(f, "Pending({call})"),
            Self::Spent(Some(site)) => write!(f, "Awaited(the call at {site})"),
            Self::Spent(None) => f.write_str("Awaited"),
        }
    }
}

#[cold]
#[track_caller]
pub(super) fn spent(site: Option<&'static Location<'static>>) -> ! {
    let whose = match site {
        Some(site) => format!("the call at {site}"),
        None => "`Lazy::ready`".to_owned(),
    };
    panic!(
        "an `.await` has had the value of {whose}: what it gave is the value, and the `Lazy` can be \
         neither awaited nor used again"
    );
}
