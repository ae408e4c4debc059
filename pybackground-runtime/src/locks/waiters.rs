//! The threads that wait for a lock.
//!
//! The lock itself is `std`'s, and is only ever tried. A thread that does not get it adds itself to the queue, tries again,
//! and parks. A thread that has released the lock looks at the length of the queue and unparks: the first thread for a mutex,
//! all of them for a lock with readers, because a reader must never wait for a writer that waits.
//!
//! # No wake-up is lost
//!
//! The waiter stores the length and then tries the lock. The thread that releases stores the lock and then loads the length.
//! Without a fence between the two the load may come first, and then both miss each other. A fence would cost
//! every release as much as the lock. So a waiter tries again after a millisecond, and ever more rarely
//! after that. A model checker, for which time stands still, has the fence.

use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{TryLockError, TryLockResult};
use std::time::Duration;

use super::const_fn;
use crate::error::LockDeadlock;
use crate::runtime;
use crate::snapshot::{WaitReporter, WaitsFor};
use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::thread::{self, Thread};
use crate::sync::{IS_MODEL, Mutex, chaos, lock_brief, rounds};
use crate::task::{lend_permits_while, look_behind};
use crate::waits::held::{self, LockKey};
use crate::waits::{BlockedIn, Waiting};

/// How often a thread tries before it waits: most locks are held for less than a microsecond.
const SPINS: usize = rounds(100);

/// When a waiter tries again that was not unparked: at first, and at most.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const RAREST_LOOK: Duration = Duration::from_secs(1);

/// How long a new reader lets a waiting writer try first.
const COURTESY: Duration = Duration::from_millis(1);

pub(super) struct LockWaiters {
    /// The length of the queue, for threads that release the lock.
    length: AtomicUsize,
    /// How many of the waiters want to write.
    writers: AtomicUsize,
    queue: Mutex<VecDeque<Thread>>,
}

impl LockWaiters {
    const_fn! {
        pub(super) fn new() -> Self {
            Self {
                length: AtomicUsize::new(0),
                writers: AtomicUsize::new(0),
                queue: Mutex::new(VecDeque::new()),
            }
        }
    }

    /// The lock, for the wait graph, as taken by one thread.
    #[inline]
    pub(super) fn exclusive(&self) -> LockKey {
        LockKey::exclusive(std::ptr::from_ref(self).addr())
    }

    /// The lock, for the wait graph, as taken for reading.
    #[inline]
    pub(super) fn reading(&self) -> LockKey {
        LockKey::reading(std::ptr::from_ref(self).addr())
    }

    /// A thread is about to try the lock. A model checker does not see a lock of `std`, so it sees this.
    #[inline]
    pub(super) fn will_try(&self) {
        if IS_MODEL {
            // ORDERING: as the lock has it.
            self.length.fetch_add(0, Ordering::SeqCst);
        }
    }

    /// Whether a thread waits to write.
    #[inline]
    pub(super) fn has_writer(&self) -> bool {
        self.writers.load(Ordering::Relaxed) != 0
    }

    /// Waits until `try_lock` gets the lock, poisoned or not.
    ///
    /// # Panics
    ///
    /// If the thread would never get the lock.
    #[cold]
    #[track_caller]
    pub(super) fn acquire<G>(
        &self,
        key: LockKey,
        mut try_lock: impl FnMut() -> TryLockResult<G>,
    ) -> G {
        let mut attempt = || match try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        };
        for _ in 0..SPINS {
            self.will_try();
            if let Some(guard) = attempt() {
                return guard;
            }
            thread::spin_loop();
        }
        let waiting = match runtime::waits().for_lock(key, Location::caller()) {
            Ok(waiting) => waiting,
            Err(cycle) => fail(&LockDeadlock(cycle)),
        };
        look_behind(waiting.as_ref());
        chaos();
        let place = QueuePlace::enter(self, key == self.exclusive());
        let mut acquired = None;
        let mut report =
            WaitReporter::new(WaitsFor::BlockedIn(BlockedIn::Lock), Location::caller());
        let wait = || {
            let outcome = self.park_until(&mut attempt, waiting.as_ref(), &mut report);
            Some(outcome.map(|guard| {
                acquired = Some(guard);
                true
            }))
        };
        // A holder may be a thread that the pool does not know, so the pool concludes nothing from this wait.
        let waited = runtime::block_while(true, || lend_permits_while(wait));
        drop((place, waiting));
        match (acquired, waited) {
            (Some(guard), _) => guard,
            (None, Some(Err(deadlock))) => fail(&deadlock),
            (None, _) => unreachable!("the wait ends with the lock or with an error"),
        }
    }

    fn park_until<G>(
        &self,
        attempt: &mut impl FnMut() -> Option<G>,
        waiting: Option<&Waiting<'_>>,
        report: &mut WaitReporter,
    ) -> Result<G, LockDeadlock> {
        let mut look = FIRST_LOOK;
        loop {
            self.will_try();
            if let Some(guard) = attempt() {
                return Ok(guard);
            }
            if let Some(cycle) = waiting.and_then(Waiting::failure) {
                return Err(LockDeadlock(cycle));
            }
            report.look();
            thread::park_timeout(look);
            look = RAREST_LOOK.min(look * 2);
        }
    }

    /// A reader is about to take the lock although a thread waits to write: lets that thread try first, unless it
    /// would wait for this one.
    #[cold]
    pub(super) fn let_writer_try(&self) {
        if !IS_MODEL && !held::holds(self.reading()) {
            let _place = QueuePlace::enter(self, false);
            thread::park_timeout(COURTESY);
        }
    }

    /// The thread has released the lock, which it had as `key`. `PASSES_TO_ONE` tells whether only one waiter can
    /// get it.
    #[inline]
    pub(super) fn released<const PASSES_TO_ONE: bool>(&self, key: LockKey) {
        if !held::pop(key) || self.has_waiter() {
            self.released_slowly::<PASSES_TO_ONE>(key);
        }
    }

    #[cold]
    #[inline(never)]
    fn released_slowly<const PASSES_TO_ONE: bool>(&self, key: LockKey) {
        held::pop_further(key);
        match (self.has_waiter(), PASSES_TO_ONE) {
            (false, _) => {}
            (true, true) => self.wake_first(),
            (true, false) => self.wake_all(),
        }
    }

    #[inline]
    fn has_waiter(&self) -> bool {
        if IS_MODEL {
            // ORDERING: the release of the lock comes before the load: see above.
            fence(Ordering::SeqCst);
        }
        self.length.load(Ordering::Relaxed) != 0
    }

    fn wake_first(&self) {
        let first = lock_brief(&self.queue).front().cloned();
        if let Some(thread) = first {
            thread.unpark();
        }
    }

    fn wake_all(&self) {
        let all: Vec<Thread> = lock_brief(&self.queue).iter().cloned().collect();
        all.iter().for_each(Thread::unpark);
    }
}

/// A thread's place in the queue, until this is dropped.
struct QueuePlace<'a> {
    waiters: &'a LockWaiters,
    writes: bool,
}

impl<'a> QueuePlace<'a> {
    fn enter(waiters: &'a LockWaiters, writes: bool) -> Self {
        if writes {
            waiters.writers.fetch_add(1, Ordering::Relaxed);
        }
        waiters.change(|queue| queue.push_back(thread::current()));
        // ORDERING: the length is stored before the thread tries again: see above.
        fence(Ordering::SeqCst);
        Self { waiters, writes }
    }
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        if self.writes {
            self.waiters.writers.fetch_sub(1, Ordering::Relaxed);
        }
        let own = thread::current().id();
        self.waiters.change(|queue| {
            if let Some(at) = queue.iter().position(|thread| thread.id() == own) {
                queue.remove(at);
            }
        });
        // It may have been unparked for a lock that it does not take. If it has the lock, the next tries in vain.
        self.waiters.wake_first();
    }
}

impl LockWaiters {
    fn change(&self, act: impl FnOnce(&mut VecDeque<Thread>)) {
        let mut queue = lock_brief(&self.queue);
        act(&mut queue);
        self.length.store(queue.len(), Ordering::Relaxed);
    }
}

#[cold]
#[track_caller]
fn fail(deadlock: &LockDeadlock) -> ! {
    panic!("{deadlock}");
}
