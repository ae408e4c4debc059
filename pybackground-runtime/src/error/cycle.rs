//! The edges of a cycle of waits, as a deadlock error lists them.

use std::fmt;
use std::panic::Location;

use crate::call::Call;
use crate::site::UsedAt;

/// A call that waits for another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitEdge {
    pub(crate) waiter: Call,
    pub(crate) awaited: Call,
    pub(crate) kind: WaitKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitKind {
    /// The waiting body runs the awaited call in place.
    InPlace,
    /// The waiting body joins the awaited call.
    Join(&'static Location<'static>),
    /// The awaited call is an argument of the waiting call, which starts when it has the value.
    Argument,
    /// The waiting body is at the end of a scope, and the awaited call is a closure of the scope.
    ScopeEnd(&'static Location<'static>),
    /// The waiting body waits for the first of this many calls.
    Any(usize, &'static Location<'static>),
}

impl fmt::Display for WaitEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { waiter, awaited, kind } = self;
        match kind {
            WaitKind::Argument => write!(f, "{waiter} needs {awaited} before it can begin"),
            WaitKind::InPlace => write!(f, "{waiter} waits for {awaited}, which it runs itself"),
            WaitKind::Join(site) => write!(f, "{waiter} waits for {awaited}{}", UsedAt(site)),
            WaitKind::ScopeEnd(site) => {
                write!(f, "{waiter} waits for {awaited}, a closure of its scope{}", UsedAt(site))
            }
            WaitKind::Any(count, site) => {
                write!(
                    f,
                    "{waiter} waits for any of {count} calls{}, of which {awaited} is one",
                    UsedAt(site)
                )
            }
        }
    }
}
