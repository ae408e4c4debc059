//! The executor's context that a call is made in, and the thread that waits for one.
//!
//! | file | subject |
//! |---|---|
//! | `tokio` | with the feature `tokio`: bodies run in the context of their call |
//! | `blocking` | … and joins that block a thread of tokio's are told once, in debug builds |
//!
//! Without the feature there is no context, and nothing here costs anything.

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
