//! Reaching the value: dereferencing and conversion.

use std::ops::{Deref, DerefMut};

use crate::lazy::Lazy;

/// Joins: the first use waits for the value.
impl<T> Deref for Lazy<T> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        self.value()
    }
}

/// Joins: the first use waits for the value.
impl<T> DerefMut for Lazy<T> {
    #[inline]
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        self.value_mut()
    }
}

impl<T> From<T> for Lazy<T> {
    fn from(value: T) -> Self {
        Self::ready(value)
    }
}
