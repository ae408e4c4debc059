//! The names of `std`.

use std::io;
use std::time::{Duration, Instant};

pub(crate) use std::sync::{Mutex, MutexGuard, OnceLock, RwLock, RwLockReadGuard, atomic};
pub(crate) use std::thread_local;

/// Locks `mutex`, poisoned or not.
///
/// No code of a user ever runs while one of this crate's locks is held, so a lock is poisoned only
/// by a bug of the runtime, and going on beats spreading the panic to every other call.
#[inline]
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Locks `mutex`, of which a model checker has its own idea.
pub(crate) use lock as lock_brief;

/// A condition variable that heeds no poison.
pub(crate) struct Condvar(std::sync::Condvar);

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self(std::sync::Condvar::new())
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Waits for `time` at most; returns whether it is over.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        let (guard, timeout) =
            self.0.wait_timeout(guard, time).unwrap_or_else(std::sync::PoisonError::into_inner);
        (guard, timeout.timed_out())
    }
}

pub(crate) mod thread {
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::thread::{Thread, current, park, park_timeout, yield_now};

    /// A yield that takes longer has let another thread run. Two that only yield to each other take
    /// less.
    const LONG: std::time::Duration = std::time::Duration::from_micros(10);

    /// Lets others run. Fails with the time that they took, unless the processor was free for this thread
    /// nearly all the time.
    ///
    /// If it was not, to yield again is no use: the system moves a thread that wakes to a processor
    /// that is idle, but leaves one that yields where it is.
    pub(crate) fn yield_for_a_moment() -> Result<(), std::time::Duration> {
        let start = super::now();
        yield_now();
        let time = start.elapsed();
        if time < LONG { Ok(()) } else { Err(time) }
    }

    /// Starts a thread that nobody waits for.
    pub(crate) fn spawn(
        name: String,
        stack_size: usize,
        run: impl FnOnce() + Send + 'static,
    ) -> super::io::Result<()> {
        crate::sync::start_os_thread(name, stack_size, Box::new(run)).map(drop)
    }
}

#[inline]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How often a thread looks for something before it does the next costly thing. Miri is too slow to look often.
pub(crate) const fn rounds(rounds: usize) -> usize {
    if cfg!(miri) && rounds > 1 { 1 } else { rounds }
}
