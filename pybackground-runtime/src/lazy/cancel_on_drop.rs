//! The `Lazy` whose call is cancelled when it is dropped.

use std::ops::{Deref, DerefMut};

use super::Lazy;

/// A [`Lazy`] whose call is cancelled when it is dropped; made by [`Lazy::cancel_on_drop`].
///
/// It dereferences to the `Lazy`, and so is used like it.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, sleep, spawn};
/// use std::time::Duration;
///
/// let search = Lazy::cancel_on_drop(spawn(|| sleep(Duration::from_secs(3600))));
/// assert!(!Lazy::is_ready(&search));
/// drop(search); // the thread that slept is free
/// ```
#[derive(Debug)]
#[must_use = "the call is cancelled when this is dropped"]
pub struct CancelOnDrop<T> {
    /// `None` once it was given away.
    lazy: Option<Lazy<T>>,
}

impl<T> CancelOnDrop<T> {
    pub(crate) fn new(lazy: Lazy<T>) -> Self {
        Self { lazy: Some(lazy) }
    }

    /// Gives the `Lazy` back, whose call is then not cancelled when it is dropped.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{CancelOnDrop, Lazy, spawn};
    ///
    /// let x = Lazy::cancel_on_drop(spawn(|| 6 * 7));
    /// assert_eq!(CancelOnDrop::into_lazy(x), 42);
    /// ```
    pub fn into_lazy(this: Self) -> Lazy<T> {
        let mut this = this;
        let Some(lazy) = this.lazy.take() else { unreachable!("it is given away once") };
        lazy
    }
}

impl<T> Deref for CancelOnDrop<T> {
    type Target = Lazy<T>;

    fn deref(&self) -> &Lazy<T> {
        self.lazy.as_ref().expect("it was not given away")
    }
}

impl<T> DerefMut for CancelOnDrop<T> {
    fn deref_mut(&mut self) -> &mut Lazy<T> {
        self.lazy.as_mut().expect("it was not given away")
    }
}

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        if let Some(lazy) = &self.lazy {
            Lazy::cancel(lazy);
        }
    }
}
