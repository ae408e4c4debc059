//! The names of `std` for a model checker.
//!
//! Time stands still: whoever waits for a while waits until it is woken, or until the model is
//! [`over`], when every wait is. So a wake-up that is lost is a deadlock, which the checker reports, and
//! threads that have nothing more to do leave.

use std::cell::RefCell;
use std::sync::{LockResult, PoisonError};
use std::time::{Duration, Instant};

#[cfg(pybackground_loom)]
pub(crate) use loom as checker;
#[cfg(pybackground_shuttle)]
pub(crate) use shuttle as checker;

pub(crate) use checker::sync::{RwLock, RwLockReadGuard, atomic};

macro_rules! thread_local_double {
    ($($(#[$attr:meta])* static $name:ident: $type:ty = const { $init:expr };)*) => {$(
        $crate::sync::checker::thread_local! { $(#[$attr])* static $name: $type = $init; }
    )*};
}
pub(crate) use thread_local_double as thread_local;

std::thread_local! {
    /// The model that this thread of the system runs: the checker runs all of the model's threads on it.
    static MODEL: RefCell<Model> = const { RefCell::new(Model::new()) };
}

struct Model {
    over: bool,
    /// How much later it is than the system says.
    late: Duration,
    /// Who may have to be told that the model is over.
    parked: Vec<thread::Thread>,
}

impl Model {
    const fn new() -> Self {
        Self { over: false, late: Duration::ZERO, parked: Vec::new() }
    }
}

/// Begins an execution of a model.
pub(crate) fn begin() {
    MODEL.with_borrow_mut(|model| *model = Model::new());
}

/// Nothing more will come: ends every wait that has an end.
pub(crate) fn over() {
    let parked = MODEL.with_borrow_mut(|model| {
        model.over = true;
        std::mem::take(&mut model.parked)
    });
    for thread in parked {
        thread.unpark();
    }
}

/// Stays away now and then for as long as it takes another thread to run a call and go to sleep: by
/// chance alone nobody is passed over that often.
#[cfg(pybackground_shuttle)]
pub(super) fn linger() {
    use checker::rand::{Rng, thread_rng};
    if thread_rng().gen_ratio(1, 16) {
        (0..100).for_each(|_| checker::thread::yield_now());
    }
}

fn is_over() -> bool {
    MODEL.with_borrow(|model| model.over)
}

/// A mutex that can be made in a constant, as the checkers' cannot.
pub(crate) struct Mutex<T: ?Sized> {
    gate: std::sync::OnceLock<checker::sync::Mutex<()>>,
    /// The threads that are parked in [`lock_brief`].
    waiting: std::sync::Mutex<Vec<thread::Thread>>,
    data: std::sync::Mutex<T>,
}

/// Lets go of the data first, and then of the gate.
pub(crate) struct MutexGuard<'a, T: ?Sized> {
    data: std::sync::MutexGuard<'a, T>,
    mutex: &'a Mutex<T>,
    _gate: Gate<'a>,
}

/// Wakes the threads that are parked in [`lock_brief`] once the gate is open.
struct Gate<'a> {
    held: Option<checker::sync::MutexGuard<'a, ()>>,
    waiting: &'a std::sync::Mutex<Vec<thread::Thread>>,
}

impl Drop for Gate<'_> {
    fn drop(&mut self) {
        self.held = None;
        let waiting = std::mem::take(&mut *lock_real(self.waiting));
        waiting.iter().for_each(thread::Thread::unpark);
    }
}

fn lock_real<T: ?Sized>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T> Mutex<T> {
    pub(crate) const fn new(data: T) -> Self {
        Self {
            gate: std::sync::OnceLock::new(),
            waiting: std::sync::Mutex::new(Vec::new()),
            data: std::sync::Mutex::new(data),
        }
    }

    pub(crate) fn into_inner(self) -> LockResult<T> {
        self.data.into_inner()
    }

    pub(crate) fn get_mut(&mut self) -> LockResult<&mut T> {
        self.data.get_mut()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let gate = mutex.gate.get_or_init(checker::sync::Mutex::default);
    behind(mutex, gate.lock().unwrap_or_else(PoisonError::into_inner))
}

fn behind<'a, T: ?Sized>(
    mutex: &'a Mutex<T>,
    gate: checker::sync::MutexGuard<'a, ()>,
) -> MutexGuard<'a, T> {
    let gate = Gate { held: Some(gate), waiting: &mutex.waiting };
    MutexGuard { data: lock_real(&mutex.data), mutex, _gate: gate }
}

/// As `lock`, by a thread that may be unparked meanwhile, which loom takes for having got the lock.
///
/// The thread parks until the lock is free. If it only yielded, loom would let two such threads take turns without
/// end while a third one has the lock.
pub(crate) fn lock_brief<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    let gate = mutex.gate.get_or_init(checker::sync::Mutex::default);
    let mut has_parked = false;
    loop {
        if let Ok(gate) = gate.try_lock() {
            if has_parked {
                // In case one of the wake-ups was for the wait around this.
                thread::current().unpark();
            }
            return behind(mutex, gate);
        }
        // The checker switches threads in operations of its own, so the lock is still taken.
        lock_real(&mutex.waiting).push(thread::current());
        thread::park();
        has_parked = true;
    }
}

impl<T: ?Sized> std::ops::Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized> std::ops::DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

/// A condition variable made of parking, whose waits end when the model is over.
pub(crate) struct Condvar {
    waiting: Mutex<Vec<thread::Thread>>,
}

impl Condvar {
    pub(crate) const fn new() -> Self {
        Self { waiting: Mutex::new(Vec::new()) }
    }

    /// Wakes everybody: a wait may end without cause.
    pub(crate) fn notify_one(&self) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for thread in waiting {
            thread.unpark();
        }
    }

    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        time: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        let mutex = guard.mutex;
        lock(&self.waiting).push(thread::current());
        drop(guard);
        thread::park_timeout(time);
        (lock(mutex), is_over())
    }
}

/// As `std`'s, with a lock that the checker knows of.
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    is_set: atomic::AtomicBool,
    setting: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self {
            value: std::sync::OnceLock::new(),
            is_set: atomic::AtomicBool::new(false),
            setting: Mutex::new(()),
        }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        if self.is_set.load(atomic::Ordering::Acquire) { self.value.get() } else { None }
    }

    pub(crate) fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let _setting = lock(&self.setting);
        self.value.set(value)?;
        self.is_set.store(true, atomic::Ordering::Release);
        Ok(())
    }

    pub(crate) fn get_or_init(&self, init: impl FnOnce() -> T) -> &T {
        if let Some(value) = self.get() {
            return value;
        }
        let _setting = lock(&self.setting);
        let value = self.value.get_or_init(init);
        self.is_set.store(true, atomic::Ordering::Release);
        value
    }

    pub(crate) fn take(&mut self) -> Option<T> {
        self.value.take()
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        Self {
            value: std::sync::OnceLock::from(value),
            is_set: atomic::AtomicBool::new(true),
            setting: Mutex::new(()),
        }
    }
}

pub(crate) mod thread {
    use std::io;
    use std::time::Duration;

    use super::{MODEL, checker};

    pub(crate) use checker::thread::{Thread, current, park, yield_now};

    /// Parks until woken or until the model is over.
    pub(crate) fn park_timeout(_: Duration) {
        let current = current();
        let over = MODEL.with_borrow_mut(|model| {
            model.parked.push(current);
            model.over
        });
        if over { yield_now() } else { park() }
    }

    pub(crate) fn spin_loop() {
        yield_now();
    }

    #[allow(
        clippy::unnecessary_wraps,
        reason = "as the thread of a system, which others keep from running"
    )]
    pub(crate) fn yield_for_a_moment() -> Result<(), std::time::Duration> {
        yield_now();
        Ok(())
    }

    #[allow(clippy::unnecessary_wraps, reason = "as the thread of a system, which may not be had")]
    pub(crate) fn spawn(
        _name: String,
        _stack_size: usize,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        drop(checker::thread::spawn(run));
        Ok(())
    }
}

/// The time stands still, or a slow machine would see other decisions than a quick one. Once the model
/// is over, each look at the clock comes longer after the last than any keep-alive.
pub(crate) fn now() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    const LONG: Duration = Duration::from_secs(1 << 16);
    if is_over() {
        // While it passes, all the others have their turn, of whatever rank they are.
        thread::yield_now();
    }
    MODEL.with_borrow_mut(|model| {
        if model.over {
            model.late += LONG;
        }
        *START.get_or_init(Instant::now) + model.late
    })
}

/// Looking once shows as much as looking often.
pub(crate) const fn rounds(rounds: usize) -> usize {
    if rounds > 1 { 1 } else { rounds }
}
