//! A closure of which the type says no more than what it returns.
//!
//! A task that is generic over the closure is compiled again for each background function: twenty kilobytes of code and a
//! second of the compiler each. So a task has a [`SmallClosure`], and is compiled once for each type of value. A
//! `Box<dyn FnOnce() -> T + Send>` does the same, but costs each call a second allocation, which one thread makes and
//! another one frees: a quarter of the call. A [`SmallClosure`] keeps a closure of three words in place, and the box of
//! a larger one.
//!
//! # Why this is sound
//!
//! It is such a box in all other respects:
//!
//! 1. The room holds a closure of the type that the table was made for, from [`make`](SmallClosure::make) on until
//!    [`call`](SmallClosure::call) or the destructor ends it. There is one end: `call` first exchanges the table for
//!    one that says that the room is empty.
//! 2. No reference to the closure exists outside of the functions of the table. Moving a `SmallClosure` moves the
//!    closure bytewise, as any move does. The bytes are `MaybeUninit`, so a copy keeps what they point to.
//! 3. The room is large and aligned enough. That is checked while compiling.
//! 4. It is `Send` as the closure is: the constructors ask for that. It is never shared: no function takes `&self`
//!    and reaches the closure.
//! 5. What the closure borrows outlives it: `of` asks for `'static`, and [`erased`](SmallClosure::erased) asks its
//!    caller to see to that.

#![allow(unsafe_code)]

use std::mem::{MaybeUninit, needs_drop};

use crate::call::{Path, path_of_enclosing_function};

/// Room for a closure: as many words as it captures, or the pointer to a box of it.
type ClosureRoom = MaybeUninit<[usize; 3]>;

/// A closure that returns a `T`, of a type that only its table knows.
pub(crate) struct SmallClosure<T: 'static> {
    room: ClosureRoom,
    table: &'static ClosureTable<T>,
}

/// What can be done with the closure in a room, each of which ends it.
struct ClosureTable<T> {
    call: unsafe fn(*mut ClosureRoom) -> T,
    /// `None` if the closure needs no destructor.
    drop: Option<unsafe fn(*mut ClosureRoom)>,
    path: Path,
}

impl<T: 'static> SmallClosure<T> {
    #[cfg(any(test, not(debug_assertions)))]
    #[inline]
    pub(crate) fn of<F: FnOnce() -> T + Send + 'static>(closure: F) -> Self {
        Self::of_function::<F, F>(closure)
    }

    /// As `of`, with the path of the function that the closure `N` is in.
    #[cfg(any(test, not(debug_assertions)))]
    #[inline]
    pub(crate) fn of_function<N, F: FnOnce() -> T + Send + 'static>(closure: F) -> Self {
        // SAFETY: no lifetime in the type of the closure ends.
        unsafe { Self::make::<N, F>(closure) }
    }

    /// As `of`, of a closure that borrows.
    ///
    /// # Safety
    ///
    /// What is returned is called or dropped before a lifetime in the type of the closure ends.
    #[inline]
    pub(crate) unsafe fn erased<F: FnOnce() -> T + Send>(closure: F) -> Self {
        // SAFETY: as the caller says.
        unsafe { Self::make::<F, F>(closure) }
    }

    /// As `erased`, with the path of the function that the closure `N` is in.
    ///
    /// # Safety
    ///
    /// As `erased`.
    #[inline]
    unsafe fn make<N, F: FnOnce() -> T + Send>(closure: F) -> Self {
        let mut room = ClosureRoom::uninit();
        let table = if const { fits::<F>() } {
            // SAFETY: the closure fits.
            unsafe { room.as_mut_ptr().cast::<F>().write(closure) };
            const { &ClosureTable::of::<F, N>() }
        } else {
            const { assert!(fits::<Box<F>>()) };
            // SAFETY: a box fits.
            unsafe { room.as_mut_ptr().cast::<Box<F>>().write(Box::new(closure)) };
            const { &ClosureTable::of::<Box<F>, N>() }
        };
        Self { room, table }
    }

    /// What finds the path of the function that the closure is in.
    #[inline]
    pub(crate) fn path(&self) -> Path {
        self.table.path
    }

    /// Calls the closure, once. It is not moved, so that a call costs no copies.
    #[inline]
    pub(crate) fn call(&mut self) -> T {
        let table = std::mem::replace(&mut self.table, const { &ClosureTable::EMPTY });
        // SAFETY: the room holds a closure of that table's type. This is its end: the table of an empty room does nothing
        // with the room.
        unsafe { (table.call)(&raw mut self.room) }
    }
}

impl<T: 'static> Drop for SmallClosure<T> {
    fn drop(&mut self) {
        if let Some(drop) = self.table.drop {
            // SAFETY: the room holds a closure of the table's type, or `call` has exchanged the table.
            unsafe { drop(&raw mut self.room) }
        }
    }
}

/// Whether the room is large and aligned enough for such a closure.
const fn fits<F>() -> bool {
    size_of::<F>() <= size_of::<ClosureRoom>() && align_of::<F>() <= align_of::<ClosureRoom>()
}

impl<T> ClosureTable<T> {
    /// What a room points to after its closure was called.
    const EMPTY: Self = Self { call: call_again::<T>, drop: None, path: || "" };

    /// The table of a `C`, which is a closure or a box of one, in the function that the closure `N` is in.
    const fn of<C: FnOnce() -> T, N>() -> Self {
        let drop: Option<unsafe fn(*mut ClosureRoom)> =
            if needs_drop::<C>() { Some(drop_in_room::<C>) } else { None };
        Self { call: call::<C, T>, drop, path: path_of_enclosing_function::<N> }
    }
}

/// Calls the closure in the room.
///
/// # Safety
///
/// The room holds a closure of the type `F`. Afterwards it does not.
unsafe fn call<F: FnOnce() -> T, T>(room: *mut ClosureRoom) -> T {
    // SAFETY: as the caller says.
    let closure = unsafe { room.cast::<F>().read() };
    closure()
}

fn call_again<T>(_: *mut ClosureRoom) -> T {
    unreachable!("a closure is called once")
}

/// Drops the closure in the room.
///
/// # Safety
///
/// As `call`.
unsafe fn drop_in_room<F>(room: *mut ClosureRoom) {
    // SAFETY: as the caller says.
    unsafe { room.cast::<F>().drop_in_place() }
}

#[cfg(test)]
mod tests {
    use super::SmallClosure;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;

    /// Of each size and alignment: called, dropped, moved, and called with a panic.
    #[test]
    fn closure_ends_once() {
        #[repr(align(64))]
        struct Aligned(u8);

        fn check<F: FnOnce() -> usize + Send + 'static>(
            closure: impl Fn(Arc<()>) -> F,
            expected: usize,
        ) {
            let alive = Arc::new(());
            let [called, dropped] = [(); 2].map(|()| SmallClosure::of(closure(alive.clone())));
            let moved = vec![called];
            assert_eq!(Arc::strong_count(&alive), 3);
            assert_eq!(moved.into_iter().next().unwrap().call(), expected);
            assert_eq!(Arc::strong_count(&alive), 2);
            drop(dropped);
            assert_eq!(Arc::strong_count(&alive), 1);
        }

        assert_eq!(SmallClosure::of(|| 1).call(), 1);
        check(|alive| move || Arc::strong_count(&alive), 3);
        check(
            |alive| {
                let words = [1_usize, 2];
                move || words.iter().sum::<usize>() + Arc::strong_count(&alive)
            },
            6,
        );
        check(
            |alive| {
                let words = [1_usize, 2, 3, 4];
                move || words.iter().sum::<usize>() + Arc::strong_count(&alive)
            },
            13,
        );
        check(
            |alive| {
                let aligned = Aligned(7);
                move || {
                    let aligned = &aligned;
                    assert!(std::ptr::from_ref(aligned).is_aligned());
                    usize::from(aligned.0) + Arc::strong_count(&alive)
                }
            },
            10,
        );
    }

    #[test]
    fn closure_that_panics_is_dropped_once() {
        let alive = Arc::new(());
        let captured = alive.clone();
        let mut closure = SmallClosure::<()>::of(move || {
            std::hint::black_box(&captured);
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(catch_unwind(AssertUnwindSafe(|| closure.call())).is_err());
        drop(closure);
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn closure_is_called_once() {
        let mut closure = SmallClosure::of(|| 1);
        assert_eq!(closure.call(), 1);
        assert!(catch_unwind(AssertUnwindSafe(|| closure.call())).is_err());
    }

    #[test]
    fn path_is_that_of_the_function_around_the_closure() {
        let name = (SmallClosure::of(|| ()).path())();
        assert!(name.ends_with("path_is_that_of_the_function_around_the_closure"), "{name}");
    }
}
