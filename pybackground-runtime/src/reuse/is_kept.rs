//! Which values are kept: all, but no `Err`.

/// The value of a call.
///
/// The method of the type itself comes before that of the trait, so the compiler chooses by the type. A trait of the user
/// that is for all types must not have a method of that name.
pub struct Kept<'a, T>(pub &'a T);

impl<T, E> Kept<'_, Result<T, E>> {
    /// Whether the value is kept.
    #[must_use]
    pub fn __pybackground_is_kept(&self) -> bool {
        self.0.is_ok()
    }
}

/// What is kept of other types.
pub trait AnyIsKept {
    /// Whether the value is kept.
    #[must_use]
    fn __pybackground_is_kept(&self) -> bool {
        true
    }
}

impl<T> AnyIsKept for Kept<'_, T> {}
