//! The one place where a lifetime is erased.
//!
//! A closure of a scope borrows from frames that are older than the scope. A task of the pool is `'static`:
//! queues, the monitor, waits and reports hold it for as long as they like. Here the closure becomes one that
//! a task may hold. This is sound because of what the rest of the folder guarantees:
//!
//! 1. **The closure is gone before the scope returns.** [`Erased`] ties the closure to a [`Guard`] of
//!    [`OpenCalls`](super::open_calls::OpenCalls). The guard is dropped after the closure has run, or has
//!    been dropped, with everything that it captured. [`scope`](super::scope) neither returns nor unwinds
//!    while a guard exists: it waits in a destructor, and a panic in that wait aborts the process.
//! 2. **Nothing of the closure is left elsewhere.** The task holds the closure and nothing else that borrows.
//!    Its own outcome is `()` or an [`Error`](crate::Error), whose payload is `'static`. So what may
//!    outlive the scope (a stale queue entry, a timer, a report, a wait, a task that was cancelled,
//!    refused or timed out) finds a task without a closure.
//! 3. **The value belongs to the `Lazy`.** The closure writes its value to a [`Slot`](super::slot::Slot) that
//!    it shares with the `Lazy` alone. The closure's share ends with the closure, before the guard. So the
//!    value is dropped by the closure, before the scope returns, or with the `Lazy`, whose type has the
//!    value's lifetime. A forgotten `Lazy` leaks the value.
//!
//! What could go wrong, and why it does not:
//!
//! | event | why no borrow outlives the scope |
//! |---|---|
//! | the closure of the scope, `f`, panics | the wait is in a destructor, which runs while the panic unwinds |
//! | a body panics | its captures are dropped while it unwinds; the guard is dropped after them |
//! | a destructor of a capture panics | the other fields are still dropped, the guard last |
//! | cancel, refuse, shutdown before the start | the task drops the closure, and with it the guard |
//! | timeout, cancel while the body runs | the call has ended, the guard has not: the scope waits for the body |
//! | a timeout before the start | the closure waits for the reaper; the scope drops it itself at its end |
//! | a `Lazy` is forgotten or sent away | it has no share of the closure; its slot is only as old as the value's type |
//! | a `Scope` reference is forgotten or sent away | its type keeps it within `'scope` |
//! | the guard is leaked with the closure (`mem::forget` of a task) | the scope never returns, which is safe |
//!
//! A `Box<dyn FnOnce() + Send>` could hold the closure too. The task would then have a second allocation, which the
//! thread of the scope makes and another thread frees. So [`Inline`] keeps a closure of three words in place, and the
//! box of a larger one. It is such a box otherwise: one closure, its type known to a table of functions alone, which
//! is called once or dropped once. No reference to the closure exists outside of these functions.

// The only unsafe code of the default build.
#![allow(unsafe_code)]

use std::mem::{ManuallyDrop, MaybeUninit};
use std::sync::Arc;

use super::open_calls::Guard;
use crate::task::{Handle, RunOnce};

/// A closure of a scope, as a task may hold it. Fields are dropped in this order.
pub(super) struct Erased {
    closure: Inline,
    guard: Guard,
}

impl Erased {
    /// Erases the lifetime of a closure of the scope that gave the guard.
    #[inline]
    pub(super) fn new<'scope>(closure: impl FnOnce() + Send + 'scope, guard: Guard) -> Self {
        // SAFETY: the closure is called or dropped before the guard of the same struct is dropped, and `'scope` does
        // not end before that (1 in the module's documentation). No reference into the closure exists outside of it
        // (2, 3).
        Self { closure: unsafe { Inline::new(closure) }, guard }
    }
}

impl RunOnce for Erased {
    /// Runs the closure. The guard is dropped last, also when the closure unwinds.
    #[inline]
    fn run(self) {
        let Self { closure, guard } = self;
        let dropped_last = guard;
        closure.call();
        dropped_last.has_run();
    }
}

/// Room for a closure: as many words as it captures, or the pointer to a box of it.
type Room = MaybeUninit<[usize; 3]>;

/// A closure of a type and a lifetime that only its table knows. It is `Send`, as each closure in it is.
struct Inline {
    room: Room,
    table: &'static Table,
}

const fn fits<F>() -> bool {
    size_of::<F>() <= size_of::<Room>() && align_of::<F>() <= align_of::<Room>()
}

/// What can be done with the closure in a room, each of which ends it.
struct Table {
    call: unsafe fn(*mut Room),
    drop: unsafe fn(*mut Room),
}

impl Inline {
    /// # Safety
    ///
    /// What is returned is called or dropped before a lifetime in the type of the closure ends.
    #[inline]
    unsafe fn new<F: FnOnce() + Send>(closure: F) -> Self {
        if const { fits::<F>() } {
            // SAFETY: as the caller says. The closure fits, as was looked.
            unsafe { Self::of(closure) }
        } else {
            // SAFETY: as the caller says. A pointer fits.
            unsafe { Self::of(Box::new(closure)) }
        }
    }

    /// # Safety
    ///
    /// As `new`, and the closure fits the room.
    #[inline]
    unsafe fn of<F: FnOnce() + Send>(closure: F) -> Self {
        debug_assert!(fits::<F>());
        let mut room = Room::uninit();
        // SAFETY: the room is as large and as aligned as the closure needs, as the caller says.
        unsafe { room.as_mut_ptr().cast::<F>().write(closure) };
        Self { room, table: const { &Table { call: call::<F>, drop: drop_in_room::<F> } } }
    }

    #[inline]
    fn call(self) {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `of` put a closure of the table's type into the room. As `self` is not dropped, this is its end.
        unsafe { (this.table.call)(&raw mut this.room) }
    }
}

impl Drop for Inline {
    fn drop(&mut self) {
        // SAFETY: `of` put a closure of the table's type into the room, and `call` has not taken it.
        unsafe { (self.table.drop)(&raw mut self.room) }
    }
}

/// Calls the closure in the room.
///
/// # Safety
///
/// The room holds a closure of the type `F`. Afterwards it does not.
unsafe fn call<F: FnOnce()>(room: *mut Room) {
    // SAFETY: as the caller says.
    let closure = unsafe { room.cast::<F>().read() };
    closure();
}

/// Drops the closure in the room.
///
/// # Safety
///
/// As `call`.
unsafe fn drop_in_room<F>(room: *mut Room) {
    // SAFETY: as the caller says.
    unsafe { room.cast::<F>().drop_in_place() }
}

/// A handle of a value that borrows, as its `Lazy` holds it.
///
/// A `Lazy<T>` holds `dyn Handle<T>`, which is `'static` by default although `T` need not be.
pub(super) fn erased_handle<'value, T: 'value>(
    handle: Arc<dyn Handle<T> + 'value>,
) -> Arc<dyn Handle<T>> {
    // SAFETY: both types differ in the bound of the trait object only. The type `dyn Handle<T>` still names
    // `T`, so neither it nor a `Lazy<T>` can be used or dropped, or be kept in anything `'static`, after
    // `T` has ended. `Handle` has no way to the concrete type.
    unsafe { std::mem::transmute::<Arc<dyn Handle<T> + 'value>, Arc<dyn Handle<T>>>(handle) }
}

#[cfg(test)]
mod tests {
    use super::Inline;
    use std::sync::Arc;

    /// Of each size and alignment, called and dropped.
    #[test]
    fn closure_in_a_room_is_dropped_once() {
        #[repr(align(64))]
        struct Aligned(u8);

        fn check<F: FnOnce() + Send>(closure: impl Fn(Arc<()>) -> F) {
            let alive = Arc::new(());
            // SAFETY: both end here.
            let [called, dropped] =
                [(); 2].map(|()| unsafe { Inline::new(closure(alive.clone())) });
            assert_eq!(Arc::strong_count(&alive), 3);
            called.call();
            assert_eq!(Arc::strong_count(&alive), 2);
            drop(dropped);
            assert_eq!(Arc::strong_count(&alive), 1);
        }

        let text = String::from("borrowed");
        // SAFETY: it borrows nothing.
        unsafe { Inline::new(|| ()) }.call();
        check(|alive| move || drop(alive));
        check(|alive| {
            let text = &text;
            move || assert_eq!((text.as_str(), Arc::strong_count(&alive)), ("borrowed", 3))
        });
        check(|alive| {
            let words = [1_usize, 2, 3, 4];
            move || assert_eq!((words.iter().sum::<usize>(), Arc::strong_count(&alive)), (10, 3))
        });
        check(|alive| {
            let aligned = Aligned(7);
            move || {
                let aligned = &aligned;
                assert!(std::ptr::from_ref(aligned).is_aligned());
                assert_eq!((aligned.0, Arc::strong_count(&alive)), (7, 3));
            }
        });
    }
}
