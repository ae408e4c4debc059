//! Many readers or one writer.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{self, LockResult, PoisonError, TryLockError, TryLockResult};

use super::const_fn;
use super::waiters::LockWaiters;
use crate::waits::held;

/// [`std::sync::RwLock`], seen by the detection of deadlocks.
///
/// A thread that reads may read again: a reader waits for a thread that writes, but not for one that waits to write.
///
/// ```
/// # mod pybackground { pub use pybackground_runtime::{*, locks as sync}; }
/// use pybackground::{sync::RwLock, spawn};
/// use std::sync::Arc;
///
/// let settings = Arc::new(RwLock::new(vec![1]));
/// let shared = settings.clone();
/// let length = spawn(move || shared.read().unwrap().len());
/// assert_eq!(length, 1);
/// settings.write().unwrap().push(2);
/// ```
pub struct RwLock<T: ?Sized> {
    waiters: LockWaiters,
    data: sync::RwLock<T>,
}

/// The right to read the value of an [`RwLock`], which is released when this is dropped.
#[must_use = "the lock is released at once if the guard is not used"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    // Dropped first: the waiters are told of a lock that is free.
    data: sync::RwLockReadGuard<'a, T>,
    _reading: ReadRelease<'a>,
}

/// The right to write the value of an [`RwLock`], which is released when this is dropped.
#[must_use = "the lock is released at once if the guard is not used"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    // Dropped first, as above.
    data: sync::RwLockWriteGuard<'a, T>,
    _writing: WriteRelease<'a>,
}

/// Tells the waiters when it is dropped.
struct ReadRelease<'a>(&'a LockWaiters);

/// Tells the waiters when it is dropped.
struct WriteRelease<'a>(&'a LockWaiters);

impl<T> RwLock<T> {
    const_fn! {
        /// Makes a lock that no thread has.
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { waiters: LockWaiters::new(), data: sync::RwLock::new(value) }
        }
    }

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// The value, if the lock is poisoned.
    pub fn into_inner(self) -> LockResult<T> {
        self.data.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until no thread writes, and takes the lock for reading.
    ///
    /// # Errors
    ///
    /// The guard, if the lock is poisoned: a thread panicked while it wrote.
    ///
    /// # Panics
    ///
    /// If the thread would never get the lock: see [`Mutex::lock`](super::Mutex::lock).
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a result in memory would cost as much as the lock")]
    #[track_caller]
    pub fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        if self.waiters.has_writer() {
            self.waiters.let_writer_try();
        }
        self.waiters.will_try();
        // As in `Mutex::lock`.
        let data = match self.data.try_read() {
            Ok(data) => data,
            Err(TryLockError::Poisoned(poisoned)) => {
                return Err(PoisonError::new(self.reading(poisoned.into_inner())));
            }
            Err(TryLockError::WouldBlock) => {
                let data = self.read_contended();
                if self.data.is_poisoned() {
                    return Err(PoisonError::new(self.reading(data)));
                }
                data
            }
        };
        Ok(self.reading(data))
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn read_contended(&self) -> sync::RwLockReadGuard<'_, T> {
        self.waiters.acquire(self.waiters.reading(), || self.data.try_read())
    }

    /// Takes the lock for reading if no thread writes.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if a thread writes, and the guard if the lock is poisoned.
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> TryLockResult<RwLockReadGuard<'_, T>> {
        self.waiters.will_try();
        match self.data.try_read() {
            Ok(data) => Ok(self.reading(data)),
            Err(TryLockError::Poisoned(poisoned)) => {
                Err(PoisonError::new(self.reading(poisoned.into_inner())).into())
            }
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        }
    }

    /// Waits until no other thread has the lock, and takes it for writing.
    ///
    /// # Errors
    ///
    /// The guard, if the lock is poisoned: a thread panicked while it wrote.
    ///
    /// # Panics
    ///
    /// If the thread would never get the lock: it reads or writes itself, or a thread that has the lock waits,
    /// directly or through others, for a call or a lock of this one. The message lists all of these.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a result in memory would cost as much as the lock")]
    #[track_caller]
    pub fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        self.waiters.will_try();
        // As in `Mutex::lock`.
        let data = match self.data.try_write() {
            Ok(data) => data,
            Err(TryLockError::Poisoned(poisoned)) => {
                return Err(PoisonError::new(self.writing(poisoned.into_inner())));
            }
            Err(TryLockError::WouldBlock) => {
                let data = self.write_contended();
                if self.data.is_poisoned() {
                    return Err(PoisonError::new(self.writing(data)));
                }
                data
            }
        };
        Ok(self.writing(data))
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn write_contended(&self) -> sync::RwLockWriteGuard<'_, T> {
        self.waiters.acquire(self.waiters.exclusive(), || self.data.try_write())
    }

    /// Takes the lock for writing if no thread has it.
    ///
    /// # Errors
    ///
    /// [`TryLockError::WouldBlock`] if a thread has it, and the guard if the lock is poisoned.
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> TryLockResult<RwLockWriteGuard<'_, T>> {
        self.waiters.will_try();
        match self.data.try_write() {
            Ok(data) => Ok(self.writing(data)),
            Err(TryLockError::Poisoned(poisoned)) => {
                Err(PoisonError::new(self.writing(poisoned.into_inner())).into())
            }
            Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        }
    }

    /// Whether a thread panicked while it wrote.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.data.is_poisoned()
    }

    /// Makes the lock usable again after it was poisoned.
    pub fn clear_poison(&self) {
        self.data.clear_poison();
    }

    /// Returns the value without a lock: there is no other reference to the lock.
    ///
    /// # Errors
    ///
    /// The value, if the lock is poisoned.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        self.data.get_mut()
    }

    #[inline]
    #[track_caller]
    fn reading<'a>(&'a self, data: sync::RwLockReadGuard<'a, T>) -> RwLockReadGuard<'a, T> {
        held::push(self.waiters.reading());
        RwLockReadGuard { data, _reading: ReadRelease(&self.waiters) }
    }

    #[inline]
    #[track_caller]
    fn writing<'a>(&'a self, data: sync::RwLockWriteGuard<'a, T>) -> RwLockWriteGuard<'a, T> {
        held::push(self.waiters.exclusive());
        RwLockWriteGuard { data, _writing: WriteRelease(&self.waiters) }
    }
}

impl Drop for ReadRelease<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.released::<false>(self.0.reading());
    }
}

impl Drop for WriteRelease<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.released::<false>(self.0.exclusive());
    }
}

macro_rules! guard {
    ($($guard:ident)+) => {$(
        impl<T: ?Sized> Deref for $guard<'_, T> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                &self.data
            }
        }

        impl<T: ?Sized + fmt::Debug> fmt::Debug for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.data.fmt(f)
            }
        }

        impl<T: ?Sized + fmt::Display> fmt::Display for $guard<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.data.fmt(f)
            }
        }
    )+};
}

guard! { RwLockReadGuard RwLockWriteGuard }

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.data.fmt(f)
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
