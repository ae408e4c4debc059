//! Which values are kept: all, but no `Err`.
//!
//! Only the compiler knows whether a type is a `Result`, perhaps by another name. The expansion asks it by an index,
//! `Kept(&value)[IsKept]`. The compiler takes the index of the type itself, if it has one, and else that of the type
//! which it derefs to. It chooses among methods in the same way, but a trait of the user's may have a method of that
//! name for all types. An index has no name.

use std::ops::{Deref, Index};

/// The value of a call.
pub struct Kept<'a, T>(pub &'a T);

/// The index that asks whether the value is kept.
pub struct IsKept;

impl<T, E> Index<IsKept> for Kept<'_, Result<T, E>> {
    type Output = bool;

    fn index(&self, IsKept: IsKept) -> &bool {
        if self.0.is_ok() { &true } else { &false }
    }
}

/// A value of any type.
pub struct AnyValue;

impl<T> Deref for Kept<'_, T> {
    type Target = AnyValue;

    fn deref(&self) -> &AnyValue {
        &AnyValue
    }
}

impl Index<IsKept> for AnyValue {
    type Output = bool;

    fn index(&self, IsKept: IsKept) -> &bool {
        &true
    }
}
