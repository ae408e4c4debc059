//! The locks that a thread holds.
//!
//! A guard is not `Send`, so the thread that takes a lock also releases it. Each thread keeps its own list. It
//! copies the list into the wait graph when it is about to block, and the list does not change before the wait
//! has ended: see `mod.rs`.
//!
//! A thread that holds one lock keeps it in a cell, as the negative of its key; zero is no lock. Taking a lock
//! subtracts the key, and releasing the lock adds the key, which leaves zero exactly if the lock was in the cell. Either
//! is one instruction and a branch. Further locks are in a list. Debug builds keep all of them in the
//! list, each with the body and the line that took it.

use std::cell::{Cell, RefCell};
use std::panic::Location;

use crate::stacks::{self, Frame};
use crate::sync::thread_local;

/// A lock, by its address, and whether it is taken for reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LockKey(usize);

/// Locks have even addresses.
const READING: usize = 1;
const NONE: usize = 0;

impl LockKey {
    /// The lock at `address`, taken by one thread.
    #[inline]
    pub(crate) fn exclusive(address: usize) -> Self {
        debug_assert!(address & READING == 0 && address != NONE);
        Self(address)
    }

    /// The lock at `address`, taken for reading.
    #[inline]
    pub(crate) fn reading(address: usize) -> Self {
        debug_assert!(address & READING == 0 && address != NONE);
        Self(address | READING)
    }

    pub(super) fn word(self) -> usize {
        self.0
    }

    /// Whether a thread that has taken the lock as `self` is in the way of one that wants it as `wanted`.
    pub(super) fn is_in_the_way_of(self, wanted: Self) -> bool {
        self.0 & !READING == wanted.0 & !READING && (self.0 & wanted.0 & READING) == 0
    }
}

/// A lock that a thread holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct HeldLock {
    pub(super) key: LockKey,
    /// Known in debug builds.
    pub(super) taken: Option<TakenAt>,
}

/// The body that took a lock, and the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct TakenAt {
    pub(super) body: Frame,
    pub(super) site: &'static Location<'static>,
}

thread_local! {
    /// The negative of a key, or zero.
    static ONE: Cell<usize> = const { Cell::new(NONE) };
    static FURTHER: RefCell<Vec<HeldLock>> = const { RefCell::new(Vec::new()) };
}

/// Adds a lock that this thread has taken.
#[inline]
#[track_caller]
pub(crate) fn push(key: LockKey) {
    if cfg!(debug_assertions) {
        let taken = TakenAt { body: stacks::current(), site: Location::caller() };
        return push_further(HeldLock { key, taken: Some(taken) });
    }
    let take = |one: &Cell<usize>| {
        let before = one.get();
        let (negative, borrowed) = before.overflowing_sub(key.0);
        one.set(negative);
        // There, addresses have no high bit, so the two are the same. The first needs no comparison.
        let has_no_high_bit = cfg!(all(target_arch = "x86_64", target_pointer_width = "64"));
        if has_no_high_bit { borrowed } else { before == NONE }
    };
    if !ONE.try_with(take).unwrap_or(true) {
        move_further(key.0);
    }
}

/// Removes a lock that this thread has released. Returns whether the lock was in the cell; if not, the caller
/// calls [`pop_further`].
#[inline]
#[must_use]
pub(crate) fn pop(key: LockKey) -> bool {
    if cfg!(debug_assertions) {
        return false;
    }
    let release = |one: &Cell<usize>| {
        let rest = one.get().wrapping_add(key.0);
        one.set(rest);
        rest == NONE
    };
    ONE.try_with(release).unwrap_or(true)
}

/// The cell had another lock before `key` was subtracted.
///
/// It does not unwind, and the compiler knows: so a lock that is taken need not be ready to be dropped here.
#[cold]
#[inline(never)]
extern "C" fn move_further(key: usize) {
    let key = LockKey(key);
    let _ = ONE.try_with(|one| one.set(one.get().wrapping_add(key.0)));
    push_further(HeldLock { key, taken: None });
}

/// The list is gone while the thread ends. Then a lock is not recorded, and a cycle through it is not found.
#[cold]
#[inline(never)]
fn push_further(held: HeldLock) {
    let _ = FURTHER.try_with(|further| further.borrow_mut().push(held));
}

/// Goes on after a [`pop`], of a lock that may not have been in the cell.
#[cold]
#[inline(never)]
pub(crate) fn pop_further(key: LockKey) {
    if !cfg!(debug_assertions) {
        // Zero: the lock was in the cell, and is released.
        let one = ONE.try_with(Cell::get).unwrap_or(NONE);
        if one == NONE {
            return;
        }
        let _ = ONE.try_with(|one| one.set(one.get().wrapping_sub(key.0)));
    }
    let _ = FURTHER.try_with(|further| {
        let mut further = further.borrow_mut();
        if let Some(at) = further.iter().rposition(|held| held.key == key) {
            further.remove(at);
        }
    });
}

/// Returns the locks that this thread holds.
pub(super) fn all() -> Vec<HeldLock> {
    let mut all = FURTHER.try_with(|further| further.borrow().clone()).unwrap_or_default();
    let one = ONE.try_with(Cell::get).unwrap_or(NONE);
    if one != NONE {
        all.push(HeldLock { key: LockKey(one.wrapping_neg()), taken: None });
    }
    all
}

/// Whether this thread holds a lock.
pub(crate) fn is_any() -> bool {
    !all().is_empty()
}

/// Whether this thread holds the lock in a way that is in the way of `wanted`, or reads it.
pub(crate) fn holds(wanted: LockKey) -> bool {
    all().iter().any(|held| held.key == wanted || held.key.is_in_the_way_of(wanted))
}

#[cfg(all(test, not(any(pybackground_loom, pybackground_shuttle))))]
mod tests {
    use super::*;

    fn keys() -> Vec<LockKey> {
        let mut keys: Vec<LockKey> = all().into_iter().map(|held| held.key).collect();
        keys.sort_unstable();
        keys
    }

    fn release(key: LockKey) {
        if !pop(key) {
            pop_further(key);
        }
    }

    #[test]
    fn locks_are_listed_until_each_is_released_in_any_order() {
        let [first, second, third] =
            [LockKey::exclusive(8), LockKey::reading(16), LockKey::reading(16)];
        push(first);
        push(second);
        push(third);
        assert_eq!(keys(), [first, second, third]);
        release(first);
        assert_eq!(keys(), [second, third]);
        release(second);
        assert_eq!(keys(), [third]);
        release(third);
        assert!(keys().is_empty() && !holds(third));
    }

    #[test]
    fn only_readers_share_a_lock() {
        let (write, read, other) =
            (LockKey::exclusive(8), LockKey::reading(8), LockKey::reading(16));
        assert!(write.is_in_the_way_of(write) && write.is_in_the_way_of(read));
        assert!(read.is_in_the_way_of(write) && !read.is_in_the_way_of(read));
        assert!(!other.is_in_the_way_of(write) && !write.is_in_the_way_of(other));
    }
}
