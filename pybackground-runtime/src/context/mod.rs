//! The context of the thread that makes a call, in which the body runs, and of a thread that joins a call.
//!
//! | file | subject |
//! |---|---|
//! | `body` | with the feature `carry`: bodies run in the context of their call |
//! | `tokio` | with the feature `tokio`: the part that an executor of tokio sets |
//! | `blocking` | … and debug builds warn once of a join that blocks a thread of tokio |
//! | `operands` | debug builds hint once at operands that run one after the other |
//! | `report` | how these two reports are given |
//!
//! Without the feature there is no context, and in optimised builds everything here compiles to nothing.
//!
//! # Why the span of a call is no context
//!
//! What a program carries, and the context of tokio, are a value that is captured at the call, and that the thread of the
//! body enters and leaves. The span of the feature `tracing` is entered and left in the same places, but it is not such
//! a value:
//!
//! - It is of one call, not of the caller. A `compute` call that runs where it is made has all that its caller carries
//!   and captures nothing. Its span has to be made and entered there.
//! - It is there before the body has a thread, and after: a call that waits, times out, or is refused has a span that
//!   says so. A body and its context are dropped at once when their call is closed.
//! - Other threads read it. A wait *follows from* the span of the awaited call, and the monitor notes in it that the call
//!   was stopped.
//! - A panic is reported inside the span, by the thread that caught it. By then the context has been left.
//!
//! So the span belongs to the call's events, and the context to its body. They nest: a hook of `carry` runs inside the span.

#[cfg(all(feature = "tokio", debug_assertions))]
mod blocking;
#[cfg(feature = "carry")]
mod body;
#[cfg(debug_assertions)]
mod operands;
#[cfg(debug_assertions)]
mod report;
#[cfg(feature = "tokio")]
mod tokio;

use std::panic::Location;

#[cfg(all(feature = "carry", not(debug_assertions)))]
pub(crate) use self::body::InContext;
#[cfg(feature = "carry")]
pub(crate) use self::body::in_context;
use crate::call::Call;

/// A body, which has no context to run in.
#[cfg(all(not(feature = "carry"), not(debug_assertions)))]
pub(crate) type InContext<B> = B;

/// The body, which has no context to run in.
#[cfg(not(feature = "carry"))]
#[inline]
pub(crate) fn in_context<B>(body: B) -> B {
    body
}

/// This thread makes a call at `site`.
#[inline]
pub(crate) fn made(site: impl FnOnce() -> &'static Location<'static>) {
    #[cfg(debug_assertions)]
    operands::made(site());
    #[cfg(not(debug_assertions))]
    let _ = site;
}

/// This thread blocks at a place until this is dropped.
pub(crate) struct Blocking {
    #[cfg(debug_assertions)]
    _waiting: operands::ObservedWait,
}

/// This thread is about to block at `site` until `call` ends.
#[inline]
pub(crate) fn about_to_block(
    call: impl Fn() -> Call,
    site: &'static Location<'static>,
) -> Blocking {
    let _ = (&call, site);
    #[cfg(all(feature = "tokio", debug_assertions))]
    blocking::warn_once(&call, site);
    Blocking {
        #[cfg(debug_assertions)]
        _waiting: operands::ObservedWait::enter(site, call()),
    }
}
