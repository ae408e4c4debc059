//! What threads communicate by: locks, atomics, parking, starting, time.
//!
//! | file | subject |
//! |---|---|
//! | `latch` | a door that one thread opens |
//! | `native` | the names of `std` |
//! | `model` | the same names for a model checker: loom or shuttle |
//!
//! A model checker controls the threads, and so has to know of everything by which one thread affects another.
//! All of that goes through this module, except `Arc`: nothing depends on its count that a lock does not
//! guard, and with it the models would be seventy times as large.

mod latch;
#[cfg(any(pybackground_loom, pybackground_shuttle))]
pub(crate) mod model;
#[cfg(not(any(pybackground_loom, pybackground_shuttle)))]
mod native;

#[cfg(any(pybackground_loom, pybackground_shuttle))]
pub(crate) use model::*;
#[cfg(not(any(pybackground_loom, pybackground_shuttle)))]
pub(crate) use native::*;

pub(crate) use latch::{Latch, latch};

/// Whether a model checker runs the threads.
pub(crate) const IS_MODEL: bool = cfg!(any(pybackground_loom, pybackground_shuttle));

/// Locks a mutex, poisoned or not, that is held for a few lines which never block.
///
/// Such a lock need not be modelled, and it may be in a static, which outlives an execution of a model. So it is
/// `std`'s under a model checker too.
pub(crate) fn lock_leaf<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Starts a thread of the system.
///
/// Its code is in a box, because the compiler makes all that starts a thread anew for each type of code.
pub(crate) fn start_os_thread(
    name: String,
    stack_size: usize,
    run: Box<dyn FnOnce() + Send>,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    std::thread::Builder::new().name(name).stack_size(stack_size).spawn(run)
}

/// Roughly where the current thread's stack ends now; it grows downwards.
#[inline]
pub(crate) fn stack_pointer() -> usize {
    let local = 0_u8;
    (&raw const local).addr()
}

/// Marks a place where threads race. Built with `--cfg pybackground_chaos`, and for shuttle, it yields now and
/// then, so that rare interleavings become common. In other builds it is empty.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it has to vanish")]
pub(crate) fn chaos() {
    #[cfg(pybackground_chaos)]
    chaos::strike();
    #[cfg(pybackground_shuttle)]
    model::linger();
}

#[cfg(pybackground_chaos)]
mod chaos {
    use std::cell::Cell;
    use std::hash::{BuildHasher, RandomState};
    use std::thread;
    use std::time::Duration;

    thread_local! {
        static RANDOM: Cell<u64> = Cell::new(RandomState::new().hash_one(thread::current().id()) | 1);
    }

    /// Yields one time in eight, and sleeps one time in five hundred.
    pub(super) fn strike() {
        let random = RANDOM.try_with(|random| {
            // Marsaglia's xorshift.
            let mut x = random.get();
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            random.set(x);
            x >> 32
        });
        match random {
            Ok(x) if x % 512 == 0 => thread::sleep(Duration::from_micros(x >> 9 & 255)),
            Ok(x) if x % 8 == 0 => thread::yield_now(),
            _ => {}
        }
    }
}
