//! Waiting for a notification.
//!
//! Any thread may send the notification, so the wait for it is no part of a cycle. The wait for the mutex after it is one
//! like any other.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::panic::Location;
use std::sync::{Arc, LockResult, PoisonError};
use std::time::{Duration, Instant};

use super::mutex::MutexGuard;
use crate::runtime;
use crate::snapshot::{WaitReporter, WaitsFor};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread::{self, Thread};
use crate::sync::{Mutex, chaos, lock_brief, now};
use crate::task::lend_permits_while;
use crate::waits::{BlockedIn, WaitLimit};

/// [`std::sync::Condvar`] for the [`Mutex`](super::Mutex) of this crate.
///
/// A body that waits for a notification shows in a [`snapshot`](crate::snapshot). The wait itself is in no cycle, because
/// nothing says which thread will send the notification. Taking the mutex again after it can close one.
///
/// ```
/// # mod pybackground { pub use pybackground_runtime::{*, locks as sync}; }
/// use pybackground::{sync::{Condvar, Mutex}, spawn};
/// use std::sync::Arc;
///
/// let pair = Arc::new((Mutex::new(false), Condvar::new()));
/// let shared = pair.clone();
/// let _opens = spawn(move || {
///     *shared.0.lock().unwrap() = true;
///     shared.1.notify_all();
/// });
/// let (is_open, opened) = &*pair;
/// let guard = opened.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap();
/// assert!(*guard);
/// ```
pub struct Condvar {
    waiting: Mutex<VecDeque<Arc<Waiter>>>,
}

struct Waiter {
    thread: Thread,
    is_notified: AtomicBool,
}

/// Whether a wait with a time limit ended because of the limit.
///
/// ```
/// # mod pybackground { pub use pybackground_runtime::{*, locks as sync}; }
/// use pybackground::sync::{Condvar, Mutex, WaitTimeoutResult};
/// use std::time::Duration;
///
/// let (mutex, never) = (Mutex::new(()), Condvar::new());
/// let guard = mutex.lock().unwrap();
/// let (_guard, result) = never.wait_timeout(guard, Duration::from_millis(1)).unwrap();
/// let result: WaitTimeoutResult = result;
/// assert!(result.timed_out());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether the wait ended because of the time limit.
    #[must_use]
    pub fn timed_out(&self) -> bool {
        self.0
    }
}

impl Condvar {
    /// Makes a condition variable for which no thread waits.
    #[must_use]
    pub const fn new() -> Self {
        Self { waiting: Mutex::new(VecDeque::new()) }
    }

    /// Releases the mutex, waits for a notification, and takes the mutex again. It may also end without a notification.
    ///
    /// # Errors
    ///
    /// The guard, if the mutex is poisoned.
    ///
    /// # Panics
    ///
    /// If the thread would never get the mutex again: see [`Mutex::lock`](super::Mutex::lock).
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
        self.wait_until(guard, None).0
    }

    /// As [`wait`](Self::wait), until `condition` is false.
    ///
    /// # Errors
    ///
    /// The guard, if the mutex is poisoned.
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<MutexGuard<'a, T>> {
        while condition(&mut *guard) {
            guard = self.wait(guard)?;
        }
        Ok(guard)
    }

    /// As [`wait`](Self::wait), for `time` at most.
    ///
    /// # Errors
    ///
    /// The guard, if the mutex is poisoned.
    #[track_caller]
    pub fn wait_timeout<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let (guard, timed_out) = self.wait_until(guard, now().checked_add(time));
        with_result(guard, timed_out)
    }

    /// As [`wait_while`](Self::wait_while), for `time` at most.
    ///
    /// # Errors
    ///
    /// The guard, if the mutex is poisoned.
    #[track_caller]
    pub fn wait_timeout_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        time: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
        let end = now().checked_add(time);
        loop {
            if !condition(&mut *guard) {
                return Ok((guard, WaitTimeoutResult(false)));
            }
            if end.is_some_and(|end| end <= now()) {
                return Ok((guard, WaitTimeoutResult(true)));
            }
            let (result, timed_out) = self.wait_until(guard, end);
            guard = match result {
                Ok(guard) => guard,
                poisoned => return with_result(poisoned, timed_out),
            };
        }
    }

    /// Wakes one of the threads that wait.
    pub fn notify_one(&self) {
        let first = lock_brief(&self.waiting).pop_front();
        if let Some(waiter) = first {
            waiter.notify();
        }
    }

    /// Wakes all threads that wait.
    pub fn notify_all(&self) {
        let all = std::mem::take(&mut *lock_brief(&self.waiting));
        for waiter in all {
            waiter.notify();
        }
    }

    /// Waits for a notification or the end; returns the guard and whether there was no notification.
    #[track_caller]
    fn wait_until<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        end: Option<Instant>,
    ) -> (LockResult<MutexGuard<'a, T>>, bool) {
        let mutex = guard.mutex();
        let waiter =
            Arc::new(Waiter { thread: thread::current(), is_notified: AtomicBool::new(false) });
        lock_brief(&self.waiting).push_back(waiter.clone());
        drop(guard);
        chaos();
        let site = Location::caller();
        let ends = if end.is_some() { WaitLimit::InTime } else { WaitLimit::Never };
        let waiting = runtime::waits().for_notification(site, ends);
        let wait = || Some(Ok::<_, Infallible>(waiter.park_until(end, site)));
        // The notification may come from a thread that the pool does not know.
        let result = runtime::block_while(true, || lend_permits_while(wait));
        drop(waiting);
        let was_notified = matches!(result, Some(Ok(true)));
        // A notification that comes now would be lost to the others.
        let was_notified = was_notified || !self.remove(&waiter);
        (mutex.lock(), !was_notified)
    }

    /// Removes a waiter; `false` if it was notified.
    fn remove(&self, waiter: &Arc<Waiter>) -> bool {
        let mut waiting = lock_brief(&self.waiting);
        let at = waiting.iter().position(|other| Arc::ptr_eq(other, waiter));
        at.is_some_and(|at| waiting.remove(at).is_some())
    }
}

fn with_result<G>(guard: LockResult<G>, timed_out: bool) -> LockResult<(G, WaitTimeoutResult)> {
    let result = WaitTimeoutResult(timed_out);
    match guard {
        Ok(guard) => Ok((guard, result)),
        Err(poisoned) => Err(PoisonError::new((poisoned.into_inner(), result))),
    }
}

impl Waiter {
    fn notify(&self) {
        // ORDERING: pairs with `park_until`; the mutex orders what the threads share.
        self.is_notified.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// Returns whether there was a notification before the end.
    fn park_until(&self, end: Option<Instant>, site: &'static Location<'static>) -> bool {
        let mut report = WaitReporter::new(WaitsFor::BlockedIn(BlockedIn::Notification), site);
        loop {
            // ORDERING: pairs with `notify`.
            if self.is_notified.load(Ordering::Acquire) {
                return true;
            }
            match end.map(|end| end.saturating_duration_since(now())) {
                None => {
                    report.look();
                    match report.rest() {
                        None => thread::park(),
                        Some(rest) => thread::park_timeout(rest),
                    }
                }
                Some(Duration::ZERO) => return false,
                Some(rest) => thread::park_timeout(rest),
            }
        }
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
