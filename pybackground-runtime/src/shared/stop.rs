//! Timeouts, cancel and detach of a shared call.

use std::time::Duration;

use super::Shared;
use crate::lazy::Lazy;

impl<T> Shared<T> {
    /// Gives the call a deadline, `timeout` from now, unless it has a sooner one. It is that of every holder:
    /// see [`Lazy::with_timeout`].
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, Timeout, sleep, spawn};
    /// use std::time::Duration;
    ///
    /// let x = Lazy::share(spawn(|| sleep(Duration::from_secs(3600))));
    /// let y = Shared::with_timeout(x.clone(), Duration::from_millis(5));
    /// assert!(x == Timeout && y == Timeout);
    /// ```
    pub fn with_timeout(this: Self, timeout: Duration) -> Self {
        Lazy::set_timeout(&this.0.lazy, timeout);
        this
    }

    /// Cancels the call, for every holder: see [`Lazy::cancel`]. Returns whether it had not ended
    /// before.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, sleep, spawn};
    /// use std::time::Duration;
    ///
    /// let x = Lazy::share(spawn(|| sleep(Duration::from_secs(3600))));
    /// let y = x.clone();
    /// assert!(Shared::cancel(&x));
    /// assert!(Shared::wait(&y).unwrap_err().is_cancelled());
    /// ```
    #[expect(
        clippy::must_use_candidate,
        reason = "it is the end of the call that one may want alone"
    )]
    pub fn cancel(this: &Self) -> bool {
        Lazy::cancel(&this.0.lazy)
    }

    /// Detaches the call from the body that made it, for every holder: see [`Lazy::detach`]. Even if that body is
    /// stopped, the call is not cancelled when the last clone is dropped.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, spawn};
    ///
    /// let x = Shared::detach(Lazy::share(spawn(|| 6 * 7)));
    /// assert_eq!(x, 42);
    /// ```
    pub fn detach(this: Self) -> Self {
        Lazy::detach_call(&this.0.lazy);
        this
    }
}
