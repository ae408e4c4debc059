//! The value in `async` code: a `Lazy` is a future.
//!
//! Polling looks and leaves a waker; it never runs a body and never blocks. The thread that brings the
//! outcome wakes the last waker that was left. A `Lazy` that is dropped takes its waker along.

use std::convert::identity;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::CancelOnDrop;
use super::{Lazy, LazyState};
use crate::error::Error;
use crate::small_value::is_large;
use crate::task::{AwaiterList, Handle};

impl<T> Lazy<T> {
    /// Awaits the value, and gives it away or tells why there is none: [`Lazy::join`] for `async` code.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Error, Lazy, background, spawn};
    ///
    /// #[background]
    /// async fn total(costs: Vec<Lazy<u32>>) -> Result<u32, Error> {
    ///     let mut total = 0;
    ///     for cost in costs {
    ///         total += Lazy::outcome(cost).await?;
    ///     }
    ///     Ok(total)
    /// }
    ///
    /// let sum = total(vec![spawn(|| 1), spawn(|| 2)]);
    /// assert_eq!(sum.as_ref().unwrap(), &3);
    ///
    /// let sum = total(vec![spawn(|| 1), spawn(|| panic!("no price"))]);
    /// assert_eq!(sum.as_ref().unwrap_err().message(), Some("no price"));
    /// ```
    pub fn outcome(this: Self) -> Outcome<T> {
        Outcome { lazy: this }
    }

    pub(crate) fn poll_outcome(&mut self, waker: &Waker) -> Poll<Result<T, Error>> {
        if const { is_large::<T>() } {
            return self.poll_boxed(waker).map(|outcome| match outcome {
                Ok(value) => Ok(*value),
                Err(error) => Err(error),
            });
        }
        match &mut self.state {
            LazyState::Pending(pending) => pending.poll(waker, |value| *value, Handle::take),
            LazyState::Ready(_) => Poll::Ready(Ok(*self.take_ready())),
        }
    }

    /// Has `waker`, and no waker that was given here before, woken when the call ends; `false` if it has
    /// ended. It wakes what is in the list.
    pub(crate) fn set_awaiters(&self, waker: &Waker, list: Arc<dyn AwaiterList>) -> bool {
        match &self.state {
            LazyState::Pending(pending) => pending.set_awaiters(waker, list),
            LazyState::Ready(_) => false,
        }
    }

    /// Returns the error that the body which this thread polls gets instead of the outcome.
    pub(crate) fn failure_of_await(&self) -> Option<Error> {
        match &self.state {
            LazyState::Pending(pending) => pending.failure_of_await(),
            LazyState::Ready(_) => None,
        }
    }

    pub(crate) fn poll_boxed(&mut self, waker: &Waker) -> Poll<Result<Box<T>, Error>> {
        match &mut self.state {
            LazyState::Pending(pending) => pending.poll(waker, identity, Handle::take_boxed),
            LazyState::Ready(_) => Poll::Ready(Ok(self.take_ready())),
        }
    }
}

/// Awaiting a `Lazy` gives its value. Any executor will do.
///
/// A poll never runs a body and never blocks. Polls with other wakers replace each other, so that
/// `select!` may poll `&mut x`, drop it for another branch and come back to it: nothing is lost. Dropping
/// the `Lazy` itself lets the call run on, as ever; [`Lazy::cancel_on_drop`] gives a future that takes
/// the call with it.
///
/// # Panics
///
/// As any use of the value: with the panic of the body, payload included, or with a message that tells
/// why there is no value. [`Lazy::outcome`] gives that as an [`Error`].
///
/// When it is polled or used after it gave its value.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::background;
///
/// #[background]
/// fn length(word: &str) -> usize {
///     word.len()
/// }
///
/// #[background]
/// async fn lengths() -> usize {
///     let (some, words) = (length("some"), length("words"));
///     some.await + words.await
/// }
///
/// assert_eq!(lengths(), 9);
/// ```
impl<T> Future for Lazy<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        if const { is_large::<T>() } {
            return match self.get_mut().poll_boxed(context.waker()) {
                Poll::Ready(Ok(value)) => Poll::Ready(*value),
                Poll::Ready(Err(error)) => error.raise(),
                Poll::Pending => Poll::Pending,
            };
        }
        match self.get_mut().poll_outcome(context.waker()) {
            Poll::Ready(Ok(value)) => Poll::Ready(value),
            Poll::Ready(Err(error)) => error.raise(),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// The value is never borrowed pinned.
impl<T> Unpin for Lazy<T> {}

/// Awaits the value as the [`Lazy`] itself does; dropped before, it cancels the call.
impl<T> Future for CancelOnDrop<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut **self).poll(context)
    }
}

/// A future of what a call comes to, value or [`Error`]; made by [`Lazy::outcome`].
///
/// It dereferences to the [`Lazy`], so that the call can be cancelled while it is awaited. Dropping it
/// lets the call run on.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Error, Lazy, Outcome, background, sleep, spawn};
/// use std::time::Duration;
///
/// #[background]
/// async fn give_up(page: Outcome<()>) -> Result<(), Error> {
///     Lazy::cancel(&page);
///     page.await
/// }
///
/// let page = spawn(|| sleep(Duration::from_secs(3600)));
/// let given_up = give_up(Lazy::outcome(page));
/// assert!(given_up.as_ref().unwrap_err().is_cancelled());
/// ```
#[derive(Debug)]
#[must_use = "it does nothing but wait for the call, which runs without it"]
pub struct Outcome<T> {
    lazy: Lazy<T>,
}

impl<T> Future for Outcome<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().lazy.poll_outcome(context.waker())
    }
}

impl<T> Deref for Outcome<T> {
    type Target = Lazy<T>;

    fn deref(&self) -> &Lazy<T> {
        &self.lazy
    }
}

impl<T> DerefMut for Outcome<T> {
    fn deref_mut(&mut self) -> &mut Lazy<T> {
        &mut self.lazy
    }
}
