//! Mutual exclusion.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{self, LockResult, PoisonError, TryLockError, TryLockResult};

use super::const_fn;
use super::waiters::LockWaiters;
use crate::waits::held;

/// [`std::sync::Mutex`], seen by the detection of deadlocks.
///
/// ```
/// # mod pybackground { pub use pybackground_runtime::{*, locks as sync}; }
/// use pybackground::{sync::Mutex, scope};
///
/// let words = Mutex::new(Vec::new());
/// scope(|s| {
///     for word in ["some", "words"] {
///         let words = &words;
///         s.spawn(move || words.lock().unwrap().push(word));
///     }
/// });
/// assert_eq!(words.into_inner().unwrap().len(), 2);
/// ```
pub struct Mutex<T: ?Sized> {
    waiters: LockWaiters,
    data: sync::Mutex<T>,
}

/// The right to use the value of a [`Mutex`], which is released when this is dropped.
///
/// ```
/// # mod pybackground { pub use pybackground_runtime::{*, locks as sync}; }
/// use pybackground::sync::{Mutex, MutexGuard};
///
/// let count = Mutex::new(1);
/// let mut guard: MutexGuard<'_, i32> = count.lock().unwrap();
/// *guard += 1;
/// drop(guard);
/// assert_eq!(*count.lock().unwrap(), 2);
/// ```
#[must_use = "the mutex is unlocked at once if the guard is not used"]
pub struct MutexGuard<'a, T: ?Sized> {
    // Dropped first: the waiters are told of a lock that is free.
    data: sync::MutexGuard<'a, T>,
    locked: MutexRelease<'a, T>,
}

/// Tells the waiters when it is dropped.
struct MutexRelease<'a, T: ?Sized>(&'a Mutex<T>);

impl<T> Mutex<T> {
    const_fn! {
        /// Makes a mutex that is not locked.
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { waiters: LockWaiters::new(), data: sync::Mutex::new(value) }
        }
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// The value, if the mutex is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until no other thread has the lock, and takes it.
    ///
    /// # Errors
    ///
    /// The guard, if the mutex is poisoned: a thread panicked while it held the lock.
    ///
    /// # Panics
    ///
    /// If the thread would never get the lock: it holds the lock itself, or the thread that holds it waits, directly or
    /// through others, for a call or a lock of this one. The message lists all of these.
    ///
    /// ```should_panic
    /// # mod pybackground { pub use pybackground_runtime::{*, locks as sync}; }
    /// use pybackground::sync::Mutex;
    ///
    /// let count = Mutex::new(1);
    /// let first = count.lock().unwrap();
    /// let second = count.lock().unwrap(); // hangs with `std`
    /// # drop((first, second));
    /// ```
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a result in memory would cost as much as the lock")]
    #[track_caller]
    pub fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        self.waiters.will_try();
        // The cold paths join the fast one by the two registers of `std`'s guard, or not at all. Where a result in memory
        // joins it, the compiler keeps every lock's result there.
        let data = match self.data.try_lock() {
            Ok(data) => data,
            Err(TryLockError::Poisoned(poisoned)) => {
                return Err(PoisonError::new(self.guard(poisoned.into_inner())));
            }
            Err(TryLockError::WouldBlock) => {
                let data = self.lock_contended();
                if self.data.is_poisoned() {
                    return Err(PoisonError::new(self.guard(data)));
                }
                data
            }
        };
        Ok(self.guard(data))
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn lock_contended(&self) -> sync::MutexGuard<'_, T> {
        self.waiters.acquire(self.waiters.exclusive(), || self.data.try_lock())
    }

    /// Takes the lock if no thread has it.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if a thread has it, and the guard if the mutex is poisoned.
    ///
    /// ```
    /// # mod pybackground { pub use pybackground_runtime::{*, locks as sync}; }
    /// use pybackground::sync::Mutex;
    ///
    /// let count = Mutex::new(1);
    /// let guard = count.lock().unwrap();
    /// assert!(count.try_lock().is_err());
    /// drop(guard);
    /// assert_eq!(*count.try_lock().unwrap(), 1);
    /// ```
    #[inline]
    #[track_caller]
    pub fn try_lock(&self) -> TryLockResult<MutexGuard<'_, T>> {
        self.waiters.will_try();
        match self.data.try_lock() {
            Ok(data) => Ok(self.guard(data)),
            Err(TryLockError::Poisoned(poisoned)) => {
                Err(PoisonError::new(self.guard(poisoned.into_inner())).into())
            }
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        }
    }

    /// Whether a thread panicked while it held the lock.
    ///
    /// ```
    /// # mod pybackground { pub use pybackground_runtime::{*, locks as sync}; }
    /// use pybackground::{Lazy, sync::Mutex, spawn};
    /// use std::sync::Arc;
    ///
    /// let count = Arc::new(Mutex::new(1));
    /// let shared = count.clone();
    /// let x = spawn(move || {
    ///     let _guard = shared.lock().unwrap();
    ///     panic!("with the lock");
    /// });
    /// assert!(Lazy::join(x).is_err() && count.is_poisoned());
    /// count.clear_poison();
    /// assert_eq!(*count.lock().unwrap(), 1);
    /// ```
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.data.is_poisoned()
    }

    /// Makes the mutex usable again after it was poisoned.
    pub fn clear_poison(&self) {
        self.data.clear_poison();
    }

    /// Returns the value without a lock: there is no other reference to the mutex.
    ///
    /// # Errors
    ///
    /// The value, if the mutex is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.data.get_mut()
    }

    #[inline]
    #[track_caller]
    fn guard<'a>(&'a self, data: sync::MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        held::push(self.waiters.exclusive());
        MutexGuard { data, locked: MutexRelease(self) }
    }
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The mutex that is locked.
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.locked.0
    }
}

impl<T: ?Sized> Drop for MutexRelease<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let waiters = &self.0.waiters;
        waiters.released::<true>(waiters.exclusive());
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.data.fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.data.fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.data.fmt(f)
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
