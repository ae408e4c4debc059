//! `Shared<T>`: one call, many holders.
//!
//! It is an `Arc` around the `Lazy`, through which any number of threads may wait. The traits that it forwards to
//! its value are in [`forward`](crate::forward), beside those of `Lazy`.
//!
//! | file | subject |
//! |---|---|
//! | `awaiting` | the value in `async` code |
//! | `awaiters` | the wakers of the holders that await the value |
//! | `stop` | timeouts, cancel, and detach |

mod awaiters;
mod awaiting;
mod stop;

use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::lazy::{Lazy, Shown};
use crate::task::{Dependency, Job};
use awaiters::Awaiters;
pub use awaiting::SharedOutcome;

/// A [`Lazy`] that is cloned at the cost of a reference count: all clones have the one value.
///
/// Made by [`Lazy::share`]. It dereferences to `T`, and the first use waits, as with a `Lazy`. Many threads may
/// wait at once. A cycle of waits through clones is found like any other. The clones have one value, so none of
/// them can change it or move it out: the last one gives the `Lazy` back by [`Shared::try_unwrap`].
///
/// Like `Arc`, it has no methods of its own except `clone`: `x.clone()` is another holder, and `T::clone(&x)` is
/// another value. The traits that it forwards to its value are in the last column of
/// [the table](Lazy#what-is-forwarded).
///
/// Dropping clones does not stop the call. To cancel it when the last clone is dropped, share
/// `Arc::new(Lazy::cancel_on_drop(x))` instead.
///
/// # Panics
///
/// Each use by each holder panics if the call has no value. If the body panicked, the first use, by any holder,
/// resumes that panic with its payload. Every other use panics with a message that names the function and the line
/// of the call, and includes the text of the panic. [`Shared::wait`] returns the same [`Error`] to all holders.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, Shared, spawn};
///
/// let page: Shared<String> = Lazy::share(spawn(|| String::from("<html>")));
/// let readers: Vec<Lazy<usize>> = (0..3)
///     .map(|_| {
///         let page = page.clone();
///         spawn(move || page.len())
///     })
///     .collect();
/// assert!(readers.into_iter().all(|length| length == 6));
/// assert_eq!(page, "<html>");
/// ```
#[must_use = "the call runs without it, but when the last clone is dropped, so are the value and any error"]
pub struct Shared<T>(Arc<SharedCall<T>>);

/// What the holders share.
struct SharedCall<T> {
    lazy: Lazy<T>,
    awaiters: Awaiters,
}

impl<T> Lazy<T> {
    /// Turns the `Lazy` into a handle that can be cloned.
    ///
    /// If the body that made the call is cancelled or times out, the call continues for as long as a clone is
    /// held. It is then cancelled when the last clone is dropped. So a value in a `static` outlives its first
    /// user. If all clones are dropped before that, the call stops with the body, as if it was never shared. A call of
    /// a [`scope`](crate::scope) stays part of the scope, and stops with it.
    ///
    /// If the body has to [stop](crate::cancelled) when it makes the call, the call never runs, and sharing it
    /// ends the body as [`checkpoint`](crate::checkpoint) does. A `OnceLock` that the body was to fill stays empty for
    /// its next user. A `LazyLock` stays poisoned, as by any panic of its closure.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let x = Lazy::share(spawn(|| vec![1, 2, 3]));
    /// let y = x.clone(); // the numbers are not
    /// assert_eq!(std::thread::spawn(move || y.len()).join().unwrap(), 3);
    /// assert_eq!(x[0], 1);
    /// ```
    pub fn share(this: Self) -> Shared<T> {
        Lazy::outlive_parent(&this);
        Shared(Arc::new(SharedCall { lazy: this, awaiters: Awaiters::default() }))
    }
}

impl<T> Shared<T> {
    /// Returns a `Shared` that has its value already.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::Shared;
    ///
    /// let x = Shared::ready(3);
    /// assert!(Shared::is_ready(&x));
    /// assert_eq!(x, 3);
    /// ```
    pub fn ready(value: T) -> Self {
        Lazy::share(Lazy::ready(value))
    }

    /// Waits for the value, and returns it or the reason why there is none.
    ///
    /// # Errors
    ///
    /// As [`Lazy::wait`]; the error is the same for every holder.
    ///
    /// # Blocking
    ///
    /// As [`Lazy::wait`].
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, spawn};
    ///
    /// let x = Lazy::share(spawn(|| -> u32 { panic!("boom") }));
    /// for holder in [x.clone(), x] {
    ///     assert_eq!(Shared::wait(&holder).unwrap_err().message(), Some("boom"));
    /// }
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(this: &Self) -> Result<&T, &Error> {
        Lazy::wait(&this.0.lazy)
    }

    /// Waits for the value, for `timeout` at most; `None` means it is not there yet.
    ///
    /// # Errors
    ///
    /// As [`Lazy::wait_timeout`].
    ///
    /// # Blocking
    ///
    /// As [`Lazy::wait_timeout`].
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, spawn};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (send, receive) = mpsc::channel();
    /// let x = Lazy::share(spawn(move || receive.recv().unwrap()));
    /// assert!(Shared::wait_timeout(&x, Duration::from_millis(1)).is_none());
    /// send.send(5).unwrap();
    /// assert_eq!(x, 5);
    /// ```
    #[expect(clippy::must_use_candidate, reason = "it is the wait that one may want alone")]
    #[track_caller]
    pub fn wait_timeout(this: &Self, timeout: Duration) -> Option<Result<&T, &Error>> {
        Lazy::wait_timeout(&this.0.lazy, timeout)
    }

    /// Returns the value if it is there, without waiting.
    ///
    /// # Errors
    ///
    /// As [`Lazy::peek`].
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, spawn};
    /// use std::sync::mpsc;
    ///
    /// let (send, receive) = mpsc::channel();
    /// let x = Lazy::share(spawn(move || receive.recv().unwrap()));
    /// assert!(Shared::peek(&x).is_none());
    /// send.send(5).unwrap();
    /// Shared::wait(&x).unwrap();
    /// assert_eq!(Shared::peek(&x).unwrap().unwrap(), &5);
    /// ```
    #[must_use]
    pub fn peek(this: &Self) -> Option<Result<&T, &Error>> {
        Lazy::peek(&this.0.lazy)
    }

    /// Returns whether the call has ended, so that a use need not wait.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, spawn};
    ///
    /// let x = Lazy::share(spawn(|| 1));
    /// Shared::wait(&x).unwrap();
    /// assert!(Shared::is_ready(&x));
    /// ```
    #[must_use]
    pub fn is_ready(this: &Self) -> bool {
        Lazy::is_ready(&this.0.lazy)
    }

    /// Returns the `Lazy` if this is the only clone, without waiting for the value.
    ///
    /// The value can be changed in the `Lazy`, or moved out of it. If several holders call this at once, each may fail
    /// because another clone still exists. [`Shared::into_inner`] does not have this problem.
    ///
    /// # Errors
    ///
    /// The clone itself, if there are others.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, spawn};
    ///
    /// let x = Lazy::share(spawn(|| String::from("owned")));
    /// let y = x.clone();
    /// let x = Shared::try_unwrap(x).unwrap_err();
    /// drop(y);
    /// let text: String = Lazy::into_inner(Shared::try_unwrap(x).unwrap());
    /// assert_eq!(text, "owned");
    /// ```
    pub fn try_unwrap(this: Self) -> Result<Lazy<T>, Self> {
        Arc::try_unwrap(this.0).map(|call| call.lazy).map_err(Self)
    }

    /// Waits for the value and returns it to the last holder. Returns `None` to every other, without waiting.
    ///
    /// If all holders call this, on any threads, exactly one of them gets the value.
    ///
    /// # Panics
    ///
    /// The last holder, as at any use of the value: see [`Shared`].
    ///
    /// # Blocking
    ///
    /// The last holder, as in [`Lazy::wait`].
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, spawn};
    ///
    /// let x = Lazy::share(spawn(|| String::from("owned")));
    /// let y = x.clone();
    /// assert_eq!(Shared::into_inner(x), None);
    /// assert_eq!(Shared::into_inner(y).as_deref(), Some("owned"));
    /// ```
    #[must_use = "the last holder gets the value here, or not at all"]
    #[track_caller]
    pub fn into_inner(this: Self) -> Option<T> {
        match Arc::into_inner(this.0) {
            Some(call) => Some(Lazy::into_inner(call.lazy)),
            None => None,
        }
    }

    /// Returns whether `this` and `other` are clones of one `Shared`, whatever their values.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::Shared;
    ///
    /// let x = Shared::ready(3);
    /// assert!(Shared::ptr_eq(&x, &x.clone()));
    /// assert!(!Shared::ptr_eq(&x, &Shared::ready(3)));
    /// ```
    #[must_use]
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        Arc::ptr_eq(&this.0, &other.0)
    }

    /// The path of the function that was called; `None` for a value that was made without waiting.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, background};
    ///
    /// fn double(x: u32) -> u32 { 2 * x }
    /// let x = Lazy::share(background(double)(4));
    /// assert!(Shared::function(&x).unwrap().ends_with("double"));
    /// ```
    #[must_use]
    pub fn function(this: &Self) -> Option<&'static str> {
        Lazy::function(&this.0.lazy)
    }

    /// Where the function was called; `None` for a value that was made without waiting.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, spawn};
    ///
    /// let x = Lazy::share(spawn(|| 1));
    /// assert_eq!(Shared::called_at(&x).unwrap().file(), file!());
    /// ```
    #[must_use]
    pub fn called_at(this: &Self) -> Option<&'static Location<'static>> {
        Lazy::called_at(&this.0.lazy)
    }

    #[inline]
    #[track_caller]
    pub(crate) fn value(&self) -> &T {
        self.0.lazy.value()
    }

    /// See [`Lazy::is_timeout`].
    #[track_caller]
    pub(crate) fn is_timeout(&self) -> bool {
        self.0.lazy.is_timeout()
    }

    /// See [`Lazy::shown`].
    #[track_caller]
    pub(crate) fn shown(&self) -> Shown<'_, T> {
        self.0.lazy.shown()
    }
}

impl<T> Shared<T> {
    /// The call; `None` for a value that was made without waiting.
    pub(crate) fn job(this: &Self) -> Option<Arc<dyn Job>> {
        Lazy::job(&this.0.lazy)
    }

    /// The call as an input of another; `None` if there is nothing to wait for.
    pub(crate) fn input(this: &Self) -> Option<Dependency> {
        let input = Lazy::input(&this.0.lazy)?;
        Some(Dependency { is_owned: false, ..input })
    }
}

/// Another holder of the same value.
impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<Lazy<T>> for Shared<T> {
    fn from(lazy: Lazy<T>) -> Self {
        Lazy::share(lazy)
    }
}
