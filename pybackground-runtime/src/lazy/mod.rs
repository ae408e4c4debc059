//! `Lazy<T>`: the value that a call will have.
//!
//! | file | subject |
//! |---|---|
//! | `pending` | a value that is still on its way |
//! | `awaiting` | the value in `async` code |
//! | `shown` | what a formatter finds |
//! | `stored` | a value in the hand of its holder |
//! | `unboxing` | a call whose value is in a box |
//! | `stop` | ending a call before its body does, or keeping it from that |
//! | `cancel_on_drop` | the `Lazy` whose call is cancelled when it is dropped |
//! | `ahead` | calls that are made before their values are needed, up to a number |
//! | `raise` | the panic of a use whose call failed |

mod ahead;
mod awaiting;
mod cancel_on_drop;
mod pending;
mod raise;
mod shown;
mod stop;
mod stored;
mod unboxing;

use std::panic::Location;
use std::sync::Arc;
use std::thread::panicking;
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::error::Error;
use crate::small_value::is_large;
use crate::task::{Dependency, Handle, Job};
pub(crate) use ahead::{Ahead, CallsAhead};
pub use awaiting::Outcome;
pub use cancel_on_drop::CancelOnDrop;
use pending::Pending;
pub(crate) use shown::{NoValue, Shown};
use stored::Stored;
use unboxing::Unboxing;

/// The value that a background call will have: use it as the value, and the first use waits.
///
/// A `Lazy<T>` dereferences to `T`. Whatever needs the value (a method, an operator, printing,
/// comparing) *joins*: it waits for the call to end, once; after that a use costs a load.
///
/// Like `Rc` and other smart pointers it has no methods of its own, only associated functions, so
/// that `x.join(", ")` on a `Lazy<Vec<String>>` is the slice's and `Lazy::join(x)` is this type's.
///
/// | to | write |
/// |---|---|
/// | use the value | `*x`, `x.len()`, `x + y`, `println!("{x}")`, `x == 3` |
/// | own the value | [`Lazy::into_inner(x)`](Lazy::into_inner) |
/// | get an error instead of a panic | [`Lazy::wait(&x)`](Lazy::wait), [`Lazy::join(x)`](Lazy::join) |
/// | have the value in many places | [`Lazy::share(x)`](Lazy::share) |
/// | wait for a while | [`Lazy::wait_timeout(&x, d)`](Lazy::wait_timeout) |
/// | look without waiting | [`Lazy::is_ready(&x)`](Lazy::is_ready), [`Lazy::peek(&x)`](Lazy::peek) |
/// | have it in `async` code | `x.await`, [`Lazy::outcome(x)`](Lazy::outcome)`.await` |
/// | give up after a while | [`Lazy::with_timeout(x, d)`](Lazy::with_timeout) |
///
/// Dropping a `Lazy` does not stop the call; it runs to its end and its value is dropped.
///
/// # Panics
///
/// A use of the value of a call that panicked panics with the payload of that panic, at the
/// line of the use; a second use panics with a message that says so. Using the value of a call that
/// timed out or was refused panics with a message that names the function and the call's line.
/// [`Lazy::wait`] and [`Lazy::join`] give all of these as an [`Error`].
///
/// Two uses never panic. `Debug` prints the [`Error`] in place of the value. `x == Timeout` is `false` for a
/// call that failed otherwise. While the thread panics, every format prints what is known of the call: its
/// value, its error, or that it is pending.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, spawn};
///
/// let x = spawn(|| 1 + 1);
/// let names: Lazy<Vec<&str>> = spawn(|| vec!["a", "b"]);
/// assert_eq!(x + 40, 42);
/// assert_eq!(names.join(", "), "a, b");
/// ```
///
#[doc = include_str!("../forward/table.md")]
#[must_use = "the call runs without it, but dropping a `Lazy` also drops the value and any error"]
pub struct Lazy<T> {
    state: LazyState<T>,
}

enum LazyState<T> {
    /// The value is here.
    Ready(Stored<T>),
    /// The value, or why there is none, is on its way or has arrived.
    Pending(Pending<T>),
}

impl<T> Lazy<T> {
    /// A value that needs no waiting, for where a `Lazy` is asked for.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::Lazy;
    ///
    /// let x = Lazy::ready(3);
    /// assert!(Lazy::is_ready(&x));
    /// assert_eq!(x, 3);
    /// ```
    #[inline]
    pub fn ready(value: T) -> Self {
        Self { state: LazyState::Ready(Stored::new(value)) }
    }

    /// As `ready`, of a value that is in a box.
    #[cfg(debug_assertions)]
    pub(crate) fn ready_boxed(value: Box<T>) -> Self {
        Self { state: LazyState::Ready(Stored::from_box(value)) }
    }

    /// The value of a call that returns it in a box.
    pub(crate) fn boxed<V: 'static>(call: impl Into<Handle<V>>, boxed: fn(V) -> Box<T>) -> Self
    where
        T: 'static,
    {
        Self::pending(Handle::of_box(Unboxing { call: call.into(), boxed }))
    }

    /// The value of a call: of its task, for example.
    #[inline]
    pub(crate) fn pending(call: impl Into<Handle<T>>) -> Self {
        Self { state: LazyState::Pending(Pending::new(call.into())) }
    }

    /// Waits for the value, and gives it or tells why there is none.
    ///
    /// # Errors
    ///
    /// If the call panicked, timed out or was refused.
    ///
    /// # Blocking
    ///
    /// Until the call ends. Inside the body of another call, the thread runs the awaited call itself
    /// if nobody has started it, and otherwise leaves its place to others.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let x = spawn(|| 6 * 7);
    /// assert_eq!(Lazy::wait(&x).unwrap(), &42);
    ///
    /// let y = spawn(|| -> u32 { panic!("boom") });
    /// assert_eq!(Lazy::wait(&y).unwrap_err().message(), Some("boom"));
    /// ```
    #[inline]
    #[track_caller]
    pub fn wait(this: &Self) -> Result<&T, &Error> {
        match &this.state {
            LazyState::Ready(value) => Ok(value),
            LazyState::Pending(pending) => pending.wait(),
        }
    }

    /// Waits for the value, for `timeout` at most; `None` means it is not there yet.
    ///
    /// Nothing happens to the call when the time is over: the `Lazy` is as good as before.
    ///
    /// # Errors
    ///
    /// If the call panicked, timed out by a timeout of its own, or was refused.
    ///
    /// # Blocking
    ///
    /// Until the call ends, for `timeout` at most. The call is never run on this thread. In the body of
    /// a function with a `limit`, whose slot is lent to others meanwhile, also until there is a slot to
    /// go on with.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (send, receive) = mpsc::channel();
    /// let x = spawn(move || receive.recv().unwrap());
    /// assert!(Lazy::wait_timeout(&x, Duration::from_millis(1)).is_none());
    /// send.send(5).unwrap();
    /// assert_eq!(x, 5);
    /// ```
    #[track_caller]
    pub fn wait_timeout(this: &Self, timeout: Duration) -> Option<Result<&T, &Error>> {
        match &this.state {
            LazyState::Ready(value) => Some(Ok(value)),
            LazyState::Pending(pending) => match Instant::now().checked_add(timeout) {
                Some(end) => pending.wait_until(end),
                None => Some(pending.wait()),
            },
        }
    }

    /// Gives the value if it is there, without waiting.
    ///
    /// # Errors
    ///
    /// If the call has panicked, timed out or been refused.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    /// use std::sync::mpsc;
    ///
    /// let (send, receive) = mpsc::channel();
    /// let x = spawn(move || receive.recv().unwrap());
    /// assert!(Lazy::peek(&x).is_none());
    /// send.send(5).unwrap();
    /// Lazy::wait(&x).unwrap();
    /// assert_eq!(Lazy::peek(&x).unwrap().unwrap(), &5);
    /// ```
    pub fn peek(this: &Self) -> Option<Result<&T, &Error>> {
        match &this.state {
            LazyState::Ready(value) => Some(Ok(value)),
            LazyState::Pending(pending) => pending.peek(),
        }
    }

    /// Whether a use would not have to wait.
    ///
    /// It tells that the call has ended and not how: whoever only asks this has not seen its error, of
    /// which a [`scope`](crate::scope) still tells at its end.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let x = spawn(|| 1);
    /// Lazy::wait(&x).unwrap();
    /// assert!(Lazy::is_ready(&x));
    /// ```
    #[must_use]
    pub fn is_ready(this: &Self) -> bool {
        match &this.state {
            LazyState::Ready(_) => true,
            LazyState::Pending(pending) => pending.is_ready(),
        }
    }

    /// Waits for the value and gives it away, or tells why there is none.
    ///
    /// # Errors
    ///
    /// If the call panicked, timed out or was refused.
    ///
    /// # Blocking
    ///
    /// As [`Lazy::wait`].
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let x = spawn(|| String::from("owned"));
    /// let text: String = Lazy::join(x).unwrap();
    /// assert_eq!(text, "owned");
    /// ```
    #[inline]
    #[track_caller]
    pub fn join(mut this: Self) -> Result<T, Error> {
        if const { is_large::<T>() } {
            return match this.join_boxed() {
                Ok(value) => Ok(*value),
                Err(error) => Err(error),
            };
        }
        match this.state {
            LazyState::Ready(value) => Ok(value.into_inner()),
            LazyState::Pending(pending) => pending.into_outcome(),
        }
    }

    /// Waits for the value and keeps it here, where a use finds it. If there is none, the `Lazy` has no
    /// value afterwards.
    #[track_caller]
    pub(crate) fn settle(&mut self) -> Result<&T, Error> {
        if const { !is_large::<T>() }
            && let LazyState::Pending(pending) = &mut self.state
        {
            let pending = std::mem::replace(pending, Pending::spent(None));
            self.state = LazyState::Ready(Stored::new(pending.into_outcome()?));
        }
        Self::wait(self).map_err(Error::clone)
    }

    /// As [`Lazy::join`], with the value in a box. Afterwards the `Lazy` has no value.
    #[track_caller]
    pub(crate) fn join_boxed(&mut self) -> Result<Box<T>, Error> {
        match &mut self.state {
            LazyState::Ready(_) => Ok(self.take_ready()),
            LazyState::Pending(pending) => {
                std::mem::replace(pending, Pending::spent(None)).into_boxed()
            }
        }
    }

    /// Takes a value that is here. Apart, so that callers need no room for it on their stack.
    #[inline(never)]
    #[allow(clippy::unnecessary_box_returns, reason = "a large value is moved as a pointer")]
    fn take_ready(&mut self) -> Box<T> {
        match std::mem::replace(&mut self.state, LazyState::Pending(Pending::spent(None))) {
            LazyState::Ready(value) => value.into_box(),
            LazyState::Pending(_) => unreachable!("the state was matched before"),
        }
    }

    /// Waits for the value and gives it away.
    ///
    /// # Panics
    ///
    /// As any use of the value: see [`Lazy`].
    ///
    /// # Blocking
    ///
    /// As [`Lazy::wait`].
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let text: String = Lazy::into_inner(spawn(|| String::from("owned")));
    /// ```
    #[inline]
    #[track_caller]
    pub fn into_inner(mut this: Self) -> T {
        let outcome = if const { is_large::<T>() } {
            match this.join_boxed() {
                Ok(value) => return *value,
                Err(error) => Err(error),
            }
        } else {
            match this.state {
                LazyState::Ready(value) => return value.into_inner(),
                LazyState::Pending(pending) => pending.into_outcome(),
            }
        };
        match outcome {
            Ok(value) => value,
            Err(error) => error.raise(),
        }
    }

    /// The path of the function that was called; `None` for a value that was made without waiting.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// fn double(x: u32) -> u32 { 2 * x }
    /// let x = background(double)(4);
    /// assert!(Lazy::function(&x).unwrap().ends_with("double"));
    /// ```
    #[must_use]
    pub fn function(this: &Self) -> Option<&'static str> {
        match &this.state {
            LazyState::Ready(_) => None,
            LazyState::Pending(pending) => pending.call().map(Call::function),
        }
    }

    /// Where the function was called; `None` for a value that was made without waiting.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let x = spawn(|| 1);
    /// assert_eq!(Lazy::called_at(&x).unwrap().file(), file!());
    /// ```
    #[must_use]
    pub fn called_at(this: &Self) -> Option<&'static Location<'static>> {
        match &this.state {
            LazyState::Ready(_) => None,
            LazyState::Pending(pending) => pending.call().map(Call::site),
        }
    }

    /// The call; `None` for a value that was made without waiting.
    pub(crate) fn job(this: &Self) -> Option<Arc<dyn Job>> {
        match &this.state {
            LazyState::Ready(_) => None,
            LazyState::Pending(pending) => pending.job(),
        }
    }

    /// The call as an input of another; `None` if there is nothing to wait for.
    pub(crate) fn input(this: &Self) -> Option<Dependency> {
        match &this.state {
            LazyState::Ready(_) => None,
            LazyState::Pending(pending) => pending.input(),
        }
    }

    /// Waits for two values.
    #[inline]
    #[track_caller]
    pub(crate) fn into_both(this: Self, other: Self) -> (T, T) {
        match (this.state, other.state) {
            (LazyState::Ready(this), LazyState::Ready(other)) => {
                (this.into_inner(), other.into_inner())
            }
            (this, other) => Self::join_both(Self { state: this }, Self { state: other }),
        }
    }

    /// Joins the second first: a worker that made both calls has the younger one on top of its queue.
    /// Panics are raised in the order of the operands all the same.
    #[inline(never)]
    #[track_caller]
    fn join_both(this: Self, other: Self) -> (T, T) {
        let other = Self::join(other);
        let this = Self::into_inner(this);
        match other {
            Ok(other) => (this, other),
            Err(error) => error.raise(),
        }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn value(&self) -> &T {
        match Self::wait(self) {
            Ok(value) => value,
            Err(error) => error.raise(),
        }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn value_mut(&mut self) -> &mut T {
        match &mut self.state {
            LazyState::Ready(value) => value,
            LazyState::Pending(pending) => match pending.wait_mut() {
                Ok(value) => value,
                Err(error) => error.raise(),
            },
        }
    }

    /// As `value_mut`, but returns the error while the thread panics.
    #[track_caller]
    pub(crate) fn value_mut_or_error(&mut self) -> Result<&mut T, Error> {
        if !panicking() {
            return Ok(self.value_mut());
        }
        match &mut self.state {
            LazyState::Ready(value) => Ok(value),
            LazyState::Pending(pending) => pending.wait_mut(),
        }
    }

    /// Whether the call timed out; waits for its end, but leaves any other error to be seen.
    #[track_caller]
    pub(crate) fn is_timeout(&self) -> bool {
        match &self.state {
            LazyState::Ready(_) => false,
            LazyState::Pending(pending) => pending.is_timeout(),
        }
    }

    /// What a formatter prints. It waits for the value unless the thread panics.
    #[track_caller]
    pub(crate) fn shown(&self) -> Shown<'_, T> {
        match &self.state {
            LazyState::Ready(value) => Shown::Value(value),
            LazyState::Pending(pending) => pending.shown(),
        }
    }
}
