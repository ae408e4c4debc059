//! The edges of a cycle of waits, as a deadlock error lists them.

use std::fmt;
use std::panic::Location;

use crate::call::Call;
use crate::site::UsedAt;

/// A call or a thread that waits for another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WaitEdge {
    pub(crate) waiter: Party,
    pub(crate) awaited: Party,
    pub(crate) kind: WaitKind,
}

/// What waits, or is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Party {
    Call(Call),
    /// A thread without a body, by its name. It takes part through a lock that it holds.
    Thread(String),
}

impl From<Call> for Party {
    fn from(call: Call) -> Self {
        Self::Call(call)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => fmt::Display::fmt(call, f),
            Self::Thread(name) => write!(f, "the thread `{name}`"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitKind {
    /// The waiting body runs the awaited call in place.
    InPlace,
    /// The waiting body, of an `async` function, awaits the call.
    Await,
    /// The waiting call needs a permit of its function's limit, which the other has.
    Permit,
    /// The waiting body joins the awaited call.
    Join(&'static Location<'static>),
    /// The awaited call is an argument of the waiting call, which starts when it has the value.
    Argument,
    /// The waiting body is at the end of a scope, and the awaited call is a closure of the scope.
    ScopeEnd(&'static Location<'static>),
    /// The waiting body waits for the first of this many calls.
    Any(usize, &'static Location<'static>),
    /// The waiter waits at `site` for a lock that the other holds, since `taken_at` if that is known.
    Lock { site: &'static Location<'static>, taken_at: Option<&'static Location<'static>> },
}

impl fmt::Display for WaitEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { waiter, awaited, kind } = self;
        match kind {
            WaitKind::Argument => write!(f, "{waiter} needs {awaited} before it can begin"),
            WaitKind::Await => write!(f, "{waiter} awaits {awaited}"),
            WaitKind::Permit => {
                write!(f, "{waiter} waits for a permit of its limit, which {awaited} has")
            }
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
            WaitKind::Lock { site, taken_at } => {
                write!(f, "{waiter} waits at {site} for a lock that {awaited} holds")?;
                taken_at.map_or(Ok(()), |at| write!(f, ", taken at {at}"))
            }
        }
    }
}

/// Writes the edges, a line each.
pub(crate) fn write_cycle(cycle: &[WaitEdge], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, edge) in cycle.iter().enumerate() {
        let and = if at == 0 { "" } else { ", and" };
        write!(f, "{and}\n  {edge}")?;
    }
    Ok(())
}

/// The cycle that a thread would close by waiting for a lock.
pub(crate) struct LockDeadlock(pub(crate) Vec<WaitEdge>);

impl fmt::Display for LockDeadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this lock would never have been acquired, because")?;
        write_cycle(&self.0, f)?;
        f.write_str(
            "\nbreak the cycle: wait for the call before the lock is taken, or after it is released, and take \
             several locks in the same order everywhere",
        )
    }
}
