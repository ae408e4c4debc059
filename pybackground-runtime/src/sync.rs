//! Locks as this crate uses them.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks `mutex`, poisoned or not.
///
/// No code of a user ever runs while one of this crate's locks is held, so a lock is poisoned only
/// by a bug of the runtime, and going on beats spreading the panic to every other call.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
