//! Locks that the detection of deadlocks sees: `std`'s [`Mutex`], [`RwLock`] and [`Condvar`], with the same methods.
//!
//! A cycle of waits that runs through one of these locks does not hang. The wait that would close the cycle ends at once:
//! a lock panics at the line that takes it, and a join gets an error that is [`is_deadlock`](crate::Error::is_deadlock).
//! Either lists every wait of the cycle, with the functions and lines.
//!
//! ```
//! # mod pybackground { pub use pybackground_runtime::{*, locks as sync}; }
//! use pybackground::{Lazy, sync::Mutex, spawn};
//! use std::sync::Arc;
//!
//! let total = Arc::new(Mutex::new(0));
//! let (shared, held) = (total.clone(), total.lock().unwrap());
//! let x = spawn(move || *shared.lock().unwrap() + 1);
//! // Either the join gets the error here, or the body panics with it.
//! assert!(Lazy::wait(&x).is_err());
//! drop(held);
//! ```
//!
//! Everything else is as with `std`: poisoning, the order in which threads get the lock, which is not specified, and what a
//! guard may do. Readers of a [`RwLock`] come before a writer that waits, but each new one lets the writer
//! try first. A body that has to [stop](crate::cancelled) goes on waiting for a lock.
//!
//! # What it costs
//!
//! A lock without contention is `std`'s `try_lock`, a subtraction from a cell of the thread and an addition to it, and a look
//! whether a thread waits: a handful of instructions more than `std`'s lock, and no atomic operation more. A thread that holds several
//! of these locks keeps all but one in a list. A worker that has to wait gives up its slot, as in a join, and lends the
//! permit of its function's `limit`.

// | file | subject |
// |---|---|
// | `waiters` | the threads that wait for a lock |
// | `mutex`, `rwlock`, `condvar` | the types |

mod condvar;
mod mutex;
mod rwlock;
mod waiters;

pub use condvar::{Condvar, WaitTimeoutResult};
pub use mutex::{Mutex, MutexGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
#[doc(no_inline)]
pub use std::sync::{LockResult, PoisonError, TryLockError, TryLockResult};

/// A constructor that is `const`, but for a model checker, whose atomics are made at run time.
macro_rules! const_fn {
    ($(#[$attribute:meta])* $visibility:vis fn $($rest:tt)*) => {
        #[cfg(not(any(pybackground_loom, pybackground_shuttle)))]
        $(#[$attribute])*
        $visibility const fn $($rest)*

        #[cfg(any(pybackground_loom, pybackground_shuttle))]
        $(#[$attribute])*
        $visibility fn $($rest)*
    };
}
use const_fn;
