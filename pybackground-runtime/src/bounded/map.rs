//! The iterators of results.

use std::fmt;
use std::iter::Map;

use super::queue::Queue;
use crate::cancel;
use crate::error::Error;
use crate::lazy::{Ahead, Lazy};

/// The values of background calls, of which a bounded number is made at once; made by
/// [`BackgroundIterator::background_map`](crate::BackgroundIterator::background_map).
///
/// | | |
/// |---|---|
/// | order | that of the input, or by [`unordered`](BackgroundMap::unordered) the order in which calls end |
/// | calls at once | at most the given number, counted until their values are taken |
/// | the input | is pulled by the thread that asks for a value: one item for each value, and more while the next value is not there |
/// | length | known if that of the input is: an `ExactSizeIterator` then, for a progress bar |
/// | a call without a value | panics when its value is asked for; the iterator can go on after it. [`outcomes`](BackgroundMap::outcomes) gives errors instead |
/// | a panic of the input or of the function | travels to the one who asked for a value |
/// | dropping it | cancels the calls whose values were not taken |
///
/// Results of calls that take long keep the calls after them in memory, never more than the given number. A slow
/// consumer holds up the calls, and a slow input the results: a value that is there waits for one item of the
/// input at most.
///
/// # Blocking
///
/// Taking a value waits as [`Lazy::wait`], after what the input takes to give its items. In the body of a call that
/// has to [stop](crate::cancelled) it ends the body, as [`checkpoint`](crate::checkpoint) does. In async code
/// use the `buffered` of a stream library: a [`Lazy`] is a future.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{BackgroundIterator, background};
///
/// #[background]
/// fn parse(text: &'static str) -> Result<u32, std::num::ParseIntError> {
///     text.parse()
/// }
///
/// let numbers = ["1", "2", "39"].into_iter().background_map(2, parse);
/// assert_eq!(numbers.len(), 3);
/// assert_eq!(numbers.sum::<Result<u32, _>>(), Ok(42));
/// ```
#[must_use = "no call is made before a value is asked for"]
pub struct BackgroundMap<I, F, T> {
    calls: Ahead<Map<I, F>, Queue<T>>,
}

impl<I, F, T> BackgroundMap<I, F, T>
where
    I: Iterator,
    F: FnMut(I::Item) -> Lazy<T>,
{
    #[track_caller]
    pub(super) fn new(inputs: I, most: usize, function: F) -> Self {
        assert!(most > 0, "a map over an iterator needs at least one call at a time, not 0");
        Self { calls: Ahead::new(inputs.map(function), most, Queue::ordered()) }
    }

    /// Gives the values in the order in which the calls end, so that a slow call holds up no other.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{BackgroundIterator, spawn};
    /// use std::sync::{Arc, Mutex, mpsc};
    ///
    /// let (go, wait) = mpsc::channel::<()>();
    /// let wait = Arc::new(Mutex::new(wait));
    /// let calls = |n| {
    ///     let wait = wait.clone();
    ///     spawn(move || { if n == 0 { wait.lock().unwrap().recv().unwrap_or(()); } n })
    /// };
    /// let mut values = (0..3).background_map(2, calls).unordered();
    /// assert_eq!((values.next(), values.next()), (Some(1), Some(2)));
    /// drop(go);
    /// assert_eq!(values.next(), Some(0));
    /// ```
    pub fn unordered(self) -> Self {
        Self { calls: self.calls.map_in_flight(Queue::unordered) }
    }

    /// Gives what each call comes to, its value or its [`Error`], as [`Lazy::join`] does.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::BackgroundIterator;
    ///
    /// let halves = (0..4).spawn_map(2, |n| { assert!(n % 2 == 0, "{n} is odd"); n / 2 });
    /// let halves: Vec<Option<i32>> = halves.outcomes().map(Result::ok).collect();
    /// assert_eq!(halves, [Some(0), None, Some(1), None]);
    /// ```
    pub fn outcomes(self) -> Outcomes<I, F, T> {
        Outcomes { map: self }
    }

    /// Makes calls, unless the body that asks has to stop.
    fn refill(&mut self) -> &mut Queue<T> {
        cancel::checkpoint();
        self.calls.refill()
    }
}

impl<I, F, T> Iterator for BackgroundMap<I, F, T>
where
    I: Iterator,
    F: FnMut(I::Item) -> Lazy<T>,
{
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.refill().take()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.calls.size_hint()
    }
}

impl<I, F, T> ExactSizeIterator for BackgroundMap<I, F, T>
where
    I: ExactSizeIterator,
    F: FnMut(I::Item) -> Lazy<T>,
{
}

impl<I, F, T> fmt::Debug for BackgroundMap<I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackgroundMap").finish_non_exhaustive()
    }
}

/// What each call of a bounded map comes to; made by [`BackgroundMap::outcomes`].
///
/// Otherwise it is like the [`BackgroundMap`].
#[must_use = "no call is made before an outcome is asked for"]
pub struct Outcomes<I, F, T> {
    map: BackgroundMap<I, F, T>,
}

impl<I, F, T> Outcomes<I, F, T>
where
    I: Iterator,
    F: FnMut(I::Item) -> Lazy<T>,
{
    /// Gives the outcomes in the order in which the calls end: see [`BackgroundMap::unordered`].
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::BackgroundIterator;
    ///
    /// let squares = (0..10).spawn_map(4, |n| n * n).outcomes().unordered();
    /// assert_eq!(squares.map(Result::unwrap).sum::<i32>(), 285);
    /// ```
    pub fn unordered(self) -> Self {
        self.map.unordered().outcomes()
    }
}

impl<I, F, T> Iterator for Outcomes<I, F, T>
where
    I: Iterator,
    F: FnMut(I::Item) -> Lazy<T>,
{
    type Item = Result<T, Error>;

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        self.map.refill().take_outcome()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.map.size_hint()
    }
}

impl<I, F, T> ExactSizeIterator for Outcomes<I, F, T>
where
    I: ExactSizeIterator,
    F: FnMut(I::Item) -> Lazy<T>,
{
}

impl<I, F, T> fmt::Debug for Outcomes<I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outcomes").finish_non_exhaustive()
    }
}
