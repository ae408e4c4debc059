//! A call that goes on with the value of another.

use crate::call::path_of_enclosing_function;
use crate::dispatch::{Expected, Given, dispatch_with_inputs};
use crate::lazy::Lazy;
use crate::options::Options;

impl<T: Send + 'static> Lazy<T> {
    /// Runs `f` in the background with the value of the call, when it is there. Until then the new call
    /// holds no thread.
    ///
    /// If the call has no value, `f` never runs and the new call ends in the same [`Error`](crate::Error),
    /// which names the first. To cancel the new call before `f` runs is to cancel the first; to drop it
    /// lets both run. For several values write a function with `#[lazy]` parameters under
    /// [`#[background]`](macro@crate::background).
    ///
    /// ```
    /// use pybackground_runtime::{Lazy, background};
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
        let options = Options::here().named_by(path_of_enclosing_function::<F>());
        dispatch_with_inputs(options, (Expected::from(this), ()), |(value, ())| f(value.take()))
    }
}
