//! A value of which the type says no more than how many words it takes.
//!
//! A task that knew the type of its value would be compiled for each type. So the body of a function under the
//! attribute returns a [`SmallValue`], and the `Lazy`, which knows the type, has the value moved to a [`Room`].
//!
//! # Why this is sound
//!
//! 1. The words hold a value of the type that `drop` was made for, from [`of`](SmallValue::of) on until
//!    [`move_to`](SmallValue::move_to) or the destructor ends it. Both need the ownership, so there is one end:
//!    `move_to` forgets `self`, which keeps the destructor from running.
//! 2. No reference to the value exists. Moving a `SmallValue` moves the value bytewise, as any move does. The
//!    words are `MaybeUninit`, so a copy keeps padding and what pointers point to.
//! 3. The words are enough and are aligned enough: `of` checks that.
//! 4. A [`Room`] has room for the words of every `SmallValue`, also of one with more words than the value takes.
//! 5. It is `Send` as the value is, because `of` asks for that. It is never shared: no function takes `&self`
//!    and reaches the value.
//!
//! That a value is moved to the room of its own type is left to the caller of `move_to`: see `task/handle.rs`.

#![allow(unsafe_code)]

#[cfg(any(test, not(debug_assertions)))]
use std::mem::ManuallyDrop;
use std::mem::MaybeUninit;

/// No [`SmallValue`] has more words than this.
pub(crate) const MOST_WORDS: usize = 8;

/// A value of a type that takes no more room than `W`, which is a word or several, and is known to its destructor only. A
/// value of a word is moved in a register.
#[cfg(any(test, not(debug_assertions)))]
pub(crate) struct SmallValue<W> {
    words: MaybeUninit<W>,
    drop: unsafe fn(*mut ()),
}

/// Whether a [`SmallValue`] can hold such a value.
#[cfg(any(test, not(debug_assertions)))]
pub(crate) const fn fits<T, W>() -> bool {
    size_of::<T>() <= size_of::<W>()
        && align_of::<T>() <= align_of::<W>()
        && size_of::<W>() <= size_of::<[usize; MOST_WORDS]>()
        && align_of::<W>() <= align_of::<usize>()
}

#[cfg(any(test, not(debug_assertions)))]
impl<W> SmallValue<W> {
    /// # Panics
    ///
    /// If the value does not fit.
    #[inline]
    pub(crate) fn of<T: Send + 'static>(value: T) -> Self {
        assert!(const { fits::<T, W>() }, "the value does not fit");
        let mut words = MaybeUninit::<W>::uninit();
        // SAFETY: the value fits.
        unsafe { words.as_mut_ptr().cast::<T>().write(value) };
        Self { words, drop: drop_at::<T> }
    }

    /// Moves the value to a room.
    ///
    /// # Safety
    ///
    /// The place is that of a [`Room`] of the value's type.
    #[inline]
    pub(crate) unsafe fn move_to(self, place: *mut ()) {
        let this = ManuallyDrop::new(self);
        // SAFETY: the room has `MOST_WORDS` words, aligned as words. As `self` is not dropped, the value is moved.
        unsafe {
            place.cast::<MaybeUninit<W>>().copy_from_nonoverlapping(&raw const this.words, 1);
        };
    }
}

#[cfg(any(test, not(debug_assertions)))]
impl<W> Drop for SmallValue<W> {
    fn drop(&mut self) {
        // SAFETY: the words hold a value of the destructor's type, which `move_to` has not taken.
        unsafe { (self.drop)(self.words.as_mut_ptr().cast()) }
    }
}

/// Drops the value at that place.
///
/// # Safety
///
/// There is a `T`. Afterwards there is not.
#[cfg(any(test, not(debug_assertions)))]
unsafe fn drop_at<T>(place: *mut ()) {
    // SAFETY: as the caller says.
    unsafe { place.cast::<T>().drop_in_place() }
}

/// Room for a value that is moved there by code that does not know the type.
#[repr(C)]
pub(crate) struct Room<T> {
    value: MaybeUninit<T>,
    /// As more words may be written than a `T` has. It also aligns the room.
    _rest: MaybeUninit<[usize; MOST_WORDS]>,
}

impl<T> Room<T> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { value: MaybeUninit::uninit(), _rest: MaybeUninit::uninit() }
    }

    /// The place where the value is put, which is valid until the room is used otherwise.
    #[inline]
    pub(crate) fn place(&mut self) -> *mut () {
        (&raw mut *self).cast()
    }

    /// Takes the value out.
    ///
    /// # Safety
    ///
    /// A value was put at the place, once.
    #[inline]
    pub(crate) unsafe fn take(&mut self) -> T {
        // SAFETY: as the caller says.
        unsafe { self.value.assume_init_read() }
    }
}

/// Values and closures of more bytes than this are moved in a box.
pub(crate) const LARGE: usize = 1024;

/// Whether values of the type are moved in a box. A build without optimizations copies a value each time
/// it is moved, and so moves all of them in boxes.
pub(crate) const fn is_large<T>() -> bool {
    cfg!(debug_assertions) || size_of::<T>() > LARGE
}

/// How what a body returns is moved to a room: to a `Room<T>` if the call returns a `T`, or to a `Room<Box<T>>` if that is
/// large.
pub(crate) struct Moves<V> {
    put: unsafe fn(V, *mut ()),
    is_small: bool,
}

impl<V> Moves<V> {
    /// The body returns what the call returns.
    pub(crate) const VALUE: Self = Self { put: put_value::<V>, is_small: false };

    /// Whether the body returns a [`SmallValue`] of what the call returns.
    pub(crate) const fn is_small(&self) -> bool {
        self.is_small
    }

    /// Moves what the body returned to the room at that place.
    ///
    /// # Safety
    ///
    /// The place is that of a room as above.
    #[inline]
    pub(crate) unsafe fn put(&self, value: V, place: *mut ()) {
        // SAFETY: as the caller says.
        unsafe { (self.put)(value, place) }
    }
}

#[cfg(not(debug_assertions))]
impl<W> Moves<SmallValue<W>> {
    /// The body returns a [`SmallValue`], which is never large.
    pub(crate) const SMALL: Self = Self { put: SmallValue::move_to, is_small: true };
}

/// # Safety
///
/// As [`Moves::put`].
#[inline]
unsafe fn put_value<T>(value: T, place: *mut ()) {
    if const { is_large::<T>() } {
        // SAFETY: the room is that of a box.
        unsafe { place.cast::<Box<T>>().write(Box::new(value)) }
    } else {
        // SAFETY: the room is that of the value.
        unsafe { place.cast::<T>().write(value) }
    }
}

/// Moves a value that is in a box to a room.
///
/// # Safety
///
/// As [`Moves::put`].
pub(crate) unsafe fn put_box<T>(value: Box<T>, place: *mut ()) {
    if const { is_large::<T>() } {
        // SAFETY: the room is that of a box.
        unsafe { place.cast::<Box<T>>().write(value) }
    } else {
        // SAFETY: the room is that of the value.
        unsafe { place.cast::<T>().write(*value) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Debug;
    use std::sync::Arc;

    #[test]
    fn value_is_moved_out_as_it_was() {
        #[allow(clippy::needless_pass_by_value, reason = "the calls are short")]
        fn check<T: Clone + PartialEq + Debug + Send + 'static, W>(value: T) {
            let small = vec![SmallValue::<W>::of(value.clone())];
            let mut room = Room::<T>::new();
            for small in small {
                // SAFETY: it is a `T`.
                unsafe { small.move_to(room.place()) };
            }
            // SAFETY: it was put there.
            assert_eq!(unsafe { room.take() }, value);
        }

        check::<(), usize>(());
        check::<u8, usize>(7);
        check::<(u8, u32), usize>((1, 2));
        check::<Arc<u8>, [usize; 3]>(Arc::new(7));
        check::<String, [usize; 3]>("text".to_owned());
        check::<[Option<Box<u8>>; 8], [usize; 8]>([
            None,
            Some(Box::new(1)),
            None,
            None,
            None,
            None,
            None,
            None,
        ]);
    }

    #[test]
    fn value_is_dropped_once() {
        let alive = Arc::new(());
        drop(SmallValue::<usize>::of(alive.clone()));
        assert_eq!(Arc::strong_count(&alive), 1);
        let mut room = Room::<Arc<()>>::new();
        // SAFETY: it is such an `Arc`.
        unsafe { SmallValue::<[usize; 3]>::of(alive.clone()).move_to(room.place()) };
        assert_eq!(Arc::strong_count(&alive), 2);
        // SAFETY: it was put there.
        drop(unsafe { room.take() });
        assert_eq!(Arc::strong_count(&alive), 1);
    }

    #[test]
    fn value_fits_by_size_and_alignment() {
        #[repr(align(16))]
        struct Aligned(#[allow(dead_code)] u8);

        assert!(fits::<(), usize>() && fits::<u64, usize>() && fits::<[u64; 8], [usize; 8]>());
        assert!(
            !fits::<(u64, u8), usize>()
                && !fits::<Aligned, [usize; 8]>()
                && !fits::<[u64; 9], [usize; 9]>()
        );
    }
}
