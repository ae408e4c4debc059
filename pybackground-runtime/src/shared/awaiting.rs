//! The value in `async` code: a `Shared` is a future of itself, once it has its value.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::Shared;
use crate::error::Error;
use crate::lazy::Lazy;
use crate::task;

impl<T> Shared<T> {
    /// Awaits the value, and returns a clone that has it, or the reason why there is none: [`Shared::wait`] for
    /// `async` code.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Error, Lazy, Shared, background, spawn};
    ///
    /// #[background]
    /// async fn length(page: Shared<String>) -> Result<usize, Error> {
    ///     Ok(Shared::outcome(page).await?.len())
    /// }
    ///
    /// let page = Lazy::share(spawn(|| String::from("<html>")));
    /// assert_eq!(length(page).as_ref().unwrap(), &6);
    /// let page = Lazy::share(spawn(|| panic!("no such host")));
    /// assert_eq!(length(page).as_ref().unwrap_err().message(), Some("no such host"));
    /// ```
    pub fn outcome(this: Self) -> SharedOutcome<T> {
        SharedOutcome { shared: this }
    }

    /// Returns whether the call has ended. If not, `waker` is woken when it does.
    ///
    /// # Errors
    ///
    /// If the wait would never end.
    fn poll_ready(&self, waker: &Waker) -> Poll<Result<(), Error>> {
        let call = &*self.0;
        if Lazy::is_ready(&call.lazy) {
            return Poll::Ready(Ok(()));
        }
        if let Some(deadlock) = call.lazy.failure_of_await() {
            return Poll::Ready(Err(deadlock));
        }
        call.awaiters.add(waker, Arc::strong_count(&self.0));
        let all = call.awaiters.waker();
        if call.lazy.set_awaiters(&all, call.awaiters.as_list()) {
            task::note(|| Self::job(self), waker);
            return Poll::Pending;
        }
        // The call has ended meanwhile: nothing else wakes those that were added since.
        all.wake();
        Poll::Ready(Ok(()))
    }
}

/// Awaiting a `Shared` gives a clone that has its value, without copying the value. Any executor will do.
///
/// Any number of holders may await it, while threads wait for it as well. A poll never runs a body and never
/// blocks. Dropping the future does not stop the call. After it returned its value it can be awaited again.
///
/// # Panics
///
/// As any use of the value: see [`Shared`]. [`Shared::outcome`] gives that as an [`Error`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, Shared, background, spawn};
///
/// #[background]
/// async fn knows(words: Shared<Vec<String>>, word: &'static str) -> bool {
///     words.await.iter().any(|known| known == word)
/// }
///
/// let words = Lazy::share(spawn(|| vec![String::from("slow"), String::from("words")]));
/// let (slow, quick) = (knows(words.clone(), "slow"), knows(words, "quick"));
/// assert_eq!((*slow, *quick), (true, false));
/// ```
impl<T> Future for Shared<T> {
    type Output = Self;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self> {
        match self.poll_ready(context.waker()) {
            Poll::Ready(Ok(())) => {
                self.value();
                Poll::Ready(Self::clone(&self))
            }
            Poll::Ready(Err(deadlock)) => deadlock.raise(),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A future of the outcome of a shared call: a clone that has the value, or the [`Error`]. Made by
/// [`Shared::outcome`].
///
/// It dereferences to the [`Shared`]. Dropping it does not stop the call.
#[derive(Debug)]
#[must_use = "it does nothing but wait for the call, which runs without it"]
pub struct SharedOutcome<T> {
    shared: Shared<T>,
}

impl<T> Future for SharedOutcome<T> {
    type Output = Result<Shared<T>, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.shared.poll_ready(context.waker()) {
            Poll::Ready(Ok(())) => Poll::Ready(match Shared::wait(&self.shared) {
                Ok(_) => Ok(self.shared.clone()),
                Err(error) => Err(error.clone()),
            }),
            Poll::Ready(Err(deadlock)) => Poll::Ready(Err(deadlock)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<T> Deref for SharedOutcome<T> {
    type Target = Shared<T>;

    fn deref(&self) -> &Shared<T> {
        &self.shared
    }
}
