//! The one place where a lifetime is erased.
//!
//! A closure of a scope borrows from frames that are older than the scope. A task of the pool is `'static`:
//! queues, the monitor, waits and reports hold it for as long as they like. Here the closure becomes one that
//! a task may hold. This is sound because of what the rest of the folder guarantees:
//!
//! 1. **The closure is gone before the scope returns.** [`Erased`] ties the closure to a [`Guard`] of
//!    [`OpenCalls`](super::open_calls::OpenCalls). The guard is dropped after the closure has run, or has
//!    been dropped, with everything that it captured. [`scope`](super::scope) neither returns nor unwinds
//!    while a guard exists: it waits in a destructor, and a panic in that wait aborts the process.
//! 2. **Nothing of the closure is left elsewhere.** The task holds the closure and nothing else that borrows.
//!    Its own outcome is `()` or an [`Error`](crate::Error), whose payload is `'static`. So what may
//!    outlive the scope (a stale queue entry, a timer, a report, a wait, a task that was cancelled,
//!    refused or timed out) finds a task without a closure.
//! 3. **The value belongs to the `Lazy`.** The closure writes its value to a [`ValueSlot`](super::slot::ValueSlot) that
//!    it shares with the `Lazy` alone. The closure's share ends with the closure, before the guard. So the
//!    value is dropped by the closure, before the scope returns, or with the `Lazy`, whose type has the
//!    value's lifetime. A forgotten `Lazy` leaks the value.
//!
//! What could go wrong, and why it does not:
//!
//! | event | why no borrow outlives the scope |
//! |---|---|
//! | the closure of the scope, `f`, panics | the wait is in a destructor, which runs while the panic unwinds |
//! | a body panics | its captures are dropped while it unwinds; the guard is dropped after them |
//! | a destructor of a capture panics | the other fields are still dropped, the guard last |
//! | cancel, refuse, shutdown before the start | the task drops the closure, and with it the guard |
//! | timeout, cancel while the body runs | the call has ended, the guard has not: the scope waits for the body |
//! | a timeout before the start | the closure waits for the reaper; the scope drops it itself at its end |
//! | a `Lazy` is forgotten or sent away | it has no share of the closure; its slot is only as old as the value's type |
//! | a `Scope` reference is forgotten or sent away | its type keeps it within `'scope` |
//! | the guard is leaked with the closure (`mem::forget` of a task) | the scope never returns, which is safe |

#![allow(unsafe_code)]

use super::open_calls::Guard;
use super::slot::ScopedHandle;
use crate::small_closure::SmallClosure;
use crate::task::{Handle, RunOnce};

/// A closure of a scope, as a task may hold it. Fields are dropped in this order.
pub(super) struct Erased {
    closure: SmallClosure<()>,
    guard: Guard,
}

impl Erased {
    /// Erases the lifetime of a closure of the scope that gave the guard.
    #[inline]
    pub(super) fn new<'scope>(closure: impl FnOnce() + Send + 'scope, guard: Guard) -> Self {
        // SAFETY: the closure is called or dropped before the guard of the same struct is dropped, and `'scope` does
        // not end before that (1 in the module's documentation). No reference into the closure exists outside of it
        // (2, 3).
        Self { closure: unsafe { SmallClosure::erased(closure) }, guard }
    }
}

impl RunOnce for Erased {
    /// Runs the closure. The guard is dropped last, also when the closure unwinds.
    #[inline]
    fn run(self) {
        let Self { mut closure, guard } = self;
        let dropped_last = guard;
        closure.call();
        dropped_last.has_run();
    }
}

/// Makes the handle that a `Lazy` holds of a call. The value of the call may borrow.
pub(super) fn handle<T: Send>(call: ScopedHandle<T>) -> Handle<T> {
    // SAFETY: all lifetimes in the type of the call are those of `T`.
    unsafe { Handle::of_borrowing_box(call) }
}
