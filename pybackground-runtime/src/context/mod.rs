//! The context of an executor: of the thread that makes a call, and of a thread that joins one.
//!
//! | file | subject |
//! |---|---|
//! | `tokio` | with the feature `tokio`: bodies run in the context of their call |
//! | `blocking` | … and debug builds warn once of a join that blocks a thread of tokio |
//!
//! Without the feature there is no context, and everything here compiles to nothing.

#[cfg(all(feature = "tokio", debug_assertions))]
mod blocking;
#[cfg(feature = "tokio")]
mod tokio;

use std::panic::Location;

#[cfg(feature = "tokio")]
pub(crate) use self::tokio::in_context;
use crate::call::Call;

/// The body, which has no context to run in.
#[cfg(not(feature = "tokio"))]
#[inline]
pub(crate) fn in_context<B>(body: B) -> B {
    body
}

/// This thread is about to block at `site` until `call` ends.
#[inline]
pub(crate) fn about_to_block(call: impl FnOnce() -> Call, site: &'static Location<'static>) {
    #[cfg(all(feature = "tokio", debug_assertions))]
    blocking::warn_once(call, site);
    #[cfg(not(all(feature = "tokio", debug_assertions)))]
    let _ = (call, site);
}
