//! Reaching the value: dereferencing, borrowing, indexing, converting.

use std::borrow::{Borrow, BorrowMut};
use std::ffi::{OsStr, OsString};
use std::ops::{Deref, DerefMut, Index, IndexMut};
use std::path::{Path, PathBuf};

use crate::lazy::Lazy;
use crate::shared::Shared;

macro_rules! reached_by_reference {
    ($($pointer:ident)+) => {$(
        /// Joins: the first use waits for the value.
        impl<T> Deref for $pointer<T> {
            type Target = T;

            #[inline]
            #[track_caller]
            fn deref(&self) -> &T {
                self.value()
            }
        }

        /// Whatever the value can be seen as: a `Lazy<String>` is a path to open.
        impl<U: ?Sized, T: AsRef<U>> AsRef<U> for $pointer<T> {
            #[track_caller]
            fn as_ref(&self) -> &U {
                self.value().as_ref()
            }
        }

        /// A key of a map is found by its value: both hash, and compare, as the value does.
        impl<T> Borrow<T> for $pointer<T> {
            #[track_caller]
            fn borrow(&self) -> &T {
                self.value()
            }
        }

        impl<I, T: Index<I>> Index<I> for $pointer<T> {
            type Output = T::Output;

            #[track_caller]
            fn index(&self, index: I) -> &T::Output {
                &self.value()[index]
            }
        }

        /// A value that needs no waiting.
        impl<T> From<T> for $pointer<T> {
            fn from(value: T) -> Self {
                Self::ready(value)
            }
        }

        /// The default value, which needs no waiting.
        impl<T: Default> Default for $pointer<T> {
            fn default() -> Self {
                Self::ready(T::default())
            }
        }
    )+};
}

reached_by_reference! { Lazy Shared }

/// A key is found by what its value is borrowed as. A free type in the place of these would be in
/// conflict with `Borrow<Self>`, which every type has. Hidden from the pages of the pointers, whose table says it.
macro_rules! borrowed_as {
    ($($generics:tt $value:ty: $borrowed:ty;)+) => {$(
        borrowed_as! { of Lazy $generics $value: $borrowed }
        borrowed_as! { of Shared $generics $value: $borrowed }
    )+};
    (of $pointer:ident [$($generics:tt)*] $value:ty: $borrowed:ty) => {
        #[doc(hidden)]
        impl<$($generics)*> Borrow<$borrowed> for $pointer<$value> {
            #[track_caller]
            fn borrow(&self) -> &$borrowed {
                self.value()
            }
        }
    };
}

borrowed_as! {
    [] String: str;
    [] PathBuf: Path;
    [] OsString: OsStr;
    [T] Vec<T>: [T];
    [T: ?Sized] Box<T>: T;
    [T: ?Sized] &T: T;
}

/// Joins: the first use waits for the value.
impl<T> DerefMut for Lazy<T> {
    #[inline]
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        self.value_mut()
    }
}

impl<U: ?Sized, T: AsMut<U>> AsMut<U> for Lazy<T> {
    #[track_caller]
    fn as_mut(&mut self) -> &mut U {
        self.value_mut().as_mut()
    }
}

impl<T> BorrowMut<T> for Lazy<T> {
    #[track_caller]
    fn borrow_mut(&mut self) -> &mut T {
        self.value_mut()
    }
}

impl<I, T: IndexMut<I>> IndexMut<I> for Lazy<T> {
    #[track_caller]
    fn index_mut(&mut self, index: I) -> &mut T::Output {
        &mut self.value_mut()[index]
    }
}
