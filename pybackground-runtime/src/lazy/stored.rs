//! A value in the hand of the holder of its `Lazy`.

use std::ops::{Deref, DerefMut};

/// Holds the value in place, so that a call which was run on the spot allocates nothing. A build without
/// optimizations copies whatever is moved, often: there the value is on the heap, and its `Lazy` is small.
pub(super) struct Stored<T>(#[cfg(debug_assertions)] Box<T>, #[cfg(not(debug_assertions))] T);

#[cfg(debug_assertions)]
impl<T> Stored<T> {
    pub(super) fn new(value: T) -> Self {
        Self(Box::new(value))
    }

    pub(super) fn from_box(value: Box<T>) -> Self {
        Self(value)
    }

    pub(super) fn into_inner(self) -> T {
        *self.0
    }

    #[allow(clippy::unnecessary_box_returns, reason = "a large value is moved as a pointer")]
    pub(super) fn into_box(self) -> Box<T> {
        self.0
    }
}

#[cfg(not(debug_assertions))]
impl<T> Stored<T> {
    #[inline]
    pub(super) fn new(value: T) -> Self {
        Self(value)
    }

    #[inline]
    pub(super) fn into_inner(self) -> T {
        self.0
    }

    #[allow(clippy::unnecessary_box_returns, reason = "a large value is moved as a pointer")]
    pub(super) fn into_box(self) -> Box<T> {
        Box::new(self.0)
    }
}

impl<T> Deref for Stored<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Stored<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}
