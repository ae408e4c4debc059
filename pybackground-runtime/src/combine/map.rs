//! Calls that take the value or the outcome of another: `map`, `then`, `and_then`, `flatten`.
//!
//! Each makes a call that has the other one as its dependency, like a call of a function with `#[lazy]`
//! parameters. They differ in what the body gets, the value or the outcome, and in what it returns, a value or
//! a call.

use std::convert::identity;

use crate::call::path_of_enclosing_function;
use crate::dispatch::{Expected, Given, Settled, dispatch_flat, dispatch_with_inputs};
use crate::error::Error;
use crate::lazy::Lazy;
use crate::options::Options;
use crate::shared::Shared;

impl<T: Send + 'static> Lazy<T> {
    /// Runs `f` in the background with the value of the call, when it is there. Until then the new call
    /// holds no thread.
    ///
    /// If the call has no value, `f` never runs and the new call ends in the same [`Error`](crate::Error),
    /// which names the first. If the new call is cancelled before `f` runs, the first call is cancelled as well. If
    /// the new call is dropped, both run. For several values write a function with `#[lazy]` parameters under
    /// [`#[background]`](macro@crate::background).
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// let page = background(|url: &str| format!("the page at {url}"))("example.org");
    /// let length = Lazy::map(page, |page| page.len());
    /// assert_eq!(length, 23);
    /// ```
    #[track_caller]
    pub fn map<U, F>(this: Self, f: F) -> Lazy<U>
    where
        F: FnOnce(T) -> U + Send + 'static,
        U: Send + 'static,
    {
        let options = Options::here().named_by(path_of_enclosing_function::<F>);
        dispatch_with_inputs(options, (Expected::from(this), ()), |(value, ())| f(value.take()))
    }
    /// Runs `f` in the background with the outcome of the call, its value or its [`Error`], when the call ends.
    /// Until then the new call holds no thread.
    ///
    /// This is [`Lazy::map`] for a call that may fail: `f` can report the error, or return another value. To
    /// replace the call by another one, return that call and [`flatten`](Lazy::flatten) the result.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background, spawn};
    ///
    /// let size = background(|url: &str| { assert!(url.contains('.'), "no such host"); url.len() });
    /// let known = Lazy::then(size("example.org"), |size| size.unwrap_or(0));
    /// let unknown = Lazy::then(size("example"), |size| size.unwrap_or(0));
    /// assert_eq!(known + unknown, 11);
    ///
    /// let retried = Lazy::flatten(Lazy::then(size("example"), move |first| match first {
    ///     Ok(size) => Lazy::ready(size),
    ///     Err(_) => size("example.org"),
    /// }));
    /// assert_eq!(retried, 11);
    /// ```
    #[track_caller]
    pub fn then<U, F>(this: Self, f: F) -> Lazy<U>
    where
        F: FnOnce(Result<T, Error>) -> U + Send + 'static,
        U: Send + 'static,
    {
        let options = Options::here().named_by(path_of_enclosing_function::<F>);
        let body = |outcome: Result<Box<T>, Error>| f(outcome.map(|value| *value));
        dispatch_with_inputs(options, Settled(Expected::from(this)), body)
    }

    /// Runs `f` in the background with the value of the call, when it is there, and ends as the call ends that `f`
    /// makes. No thread waits for either.
    ///
    /// If the first call has no value, `f` never runs. The new call ends in the [`Error`] of whichever of the
    /// two has no value. To cancel the new call is to cancel the one that it waits for, the first or that of `f`.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, background};
    ///
    /// let address = background(|name: &str| format!("{name}.example.org"));
    /// let page = background(|address: String| format!("the page at {address}"));
    /// let page = Lazy::and_then(address("docs"), move |address| page(address));
    /// assert_eq!(page, "the page at docs.example.org");
    /// ```
    ///
    /// The new call awaits the call that `f` makes. If that one waits, directly or through others, for the new call, an
    /// `.await` of the cycle or the new call gets a deadlock error.
    #[track_caller]
    pub fn and_then<U, F>(this: Self, f: F) -> Lazy<U>
    where
        F: FnOnce(T) -> Lazy<U> + Send + 'static,
        U: Send + 'static,
    {
        let options = Options::here().named_by(path_of_enclosing_function::<F>);
        dispatch_flat(options, (Expected::from(this), ()), |(value, ())| f(value.take()))
    }
}

impl<T: Send + 'static> Lazy<Lazy<T>> {
    /// Makes one call of a call that returns a call: it ends as the inner one ends. No thread waits for either.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, spawn};
    ///
    /// let call: Lazy<Lazy<u32>> = spawn(|| spawn(|| 6 * 7));
    /// assert_eq!(Lazy::flatten(call), 42);
    /// ```
    #[track_caller]
    pub fn flatten(this: Self) -> Lazy<T> {
        let options = match (Self::function(&this), Self::called_at(&this)) {
            (Some(function), Some(site)) => Options::at(site).name(function),
            _ => Options::here().name("pybackground::Lazy::flatten"),
        };
        let body = |(call, ()): (_, ())| identity::<Lazy<T>>(Given::take(call));
        dispatch_flat(options, (Expected::from(this), ()), body)
    }
}

impl<T: Send + Sync + 'static> Shared<T> {
    /// Runs `f` in the background with the value of the call, when it is there: [`Lazy::map`] for a value that
    /// others have as well.
    ///
    /// To cancel the new call leaves the shared one alone.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{Lazy, Shared, spawn};
    ///
    /// let page = Lazy::share(spawn(|| String::from("<html>")));
    /// let length = Shared::map(page.clone(), |page| page.len());
    /// let first = Shared::map(page, |page| page.chars().next());
    /// assert_eq!((*length, *first), (6, Some('<')));
    /// ```
    #[track_caller]
    pub fn map<U, F>(this: Self, f: F) -> Lazy<U>
    where
        F: FnOnce(&T) -> U + Send + 'static,
        U: Send + 'static,
    {
        let options = Options::here().named_by(path_of_enclosing_function::<F>);
        dispatch_with_inputs(options, this, |shared: Self| f(shared.value()))
    }
}
