//! A bounded map over an iterator: at most so many calls at once, however long the input.
//!
//! | file | subject |
//! |---|---|
//! | `map` | the iterators of results |
//! | `queue` | the calls that were made and not taken, in either order |

mod map;
mod queue;

use std::sync::Arc;

use crate::call::path_of_enclosing_function;
use crate::dispatch::dispatch;
use crate::lazy::Lazy;
use crate::options::Options;

pub use map::{BackgroundMap, Outcomes};

/// Makes background calls of the items of an iterator, a bounded number at once.
///
/// All iterators implement it.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{BackgroundIterator, background};
///
/// #[background]
/// fn length(line: String) -> usize {
///     line.len()
/// }
///
/// let lines = "some\nslow\nwords".lines().map(str::to_owned); // or those of a large file
/// assert_eq!(lines.background_map(8, length).max(), Some(5));
/// ```
pub trait BackgroundIterator: Iterator + Sized {
    /// Calls `function`, which makes a background call, with each item, and returns the values in the order
    /// of the items.
    ///
    /// At most `most` calls are made and not taken. The input is pulled when a result is, by the thread that
    /// asks for the result, so it may be infinite, and may borrow. [`BackgroundMap`] describes the rest.
    ///
    /// `function` is one under [`#[background]`](macro@crate::background), or a closure that makes a call.
    /// For other functions and closures there is [`spawn_map`](BackgroundIterator::spawn_map).
    ///
    /// # Panics
    ///
    /// If `most` is 0.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{BackgroundIterator, background};
    ///
    /// #[background(timeout = "10s")]
    /// fn square(n: u64) -> u64 {
    ///     n * n
    /// }
    ///
    /// let squares = (1..).background_map(4, square);
    /// assert_eq!(squares.take(5).collect::<Vec<_>>(), [1, 4, 9, 16, 25]);
    ///
    /// let power = background(u64::pow);
    /// let sum: u64 = (0..100).background_map(4, |n| power(n, 2)).sum();
    /// assert_eq!(sum, 328_350);
    /// ```
    #[track_caller]
    fn background_map<T, F>(self, most: usize, function: F) -> BackgroundMap<Self, F, T>
    where
        F: FnMut(Self::Item) -> Lazy<T>,
    {
        BackgroundMap::new(self, most, function)
    }

    /// Runs `function` in the background with each item, and returns the values in the order of the items:
    /// [`background_map`](BackgroundIterator::background_map) for a function that makes no call itself.
    ///
    /// # Panics
    ///
    /// If `most` is 0.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::BackgroundIterator;
    ///
    /// let squares: Vec<u64> = (1..=5).spawn_map(4, |n| n * n).collect();
    /// assert_eq!(squares, [1, 4, 9, 16, 25]);
    /// ```
    #[track_caller]
    fn spawn_map<T, F>(
        self,
        most: usize,
        function: F,
    ) -> BackgroundMap<Self, impl FnMut(Self::Item) -> Lazy<T>, T>
    where
        F: Fn(Self::Item) -> T + Send + Sync + 'static,
        Self::Item: Send + 'static,
        T: Send + 'static,
    {
        let function = Arc::new(function);
        let options = Options::here().named_by(path_of_enclosing_function::<F>);
        let call = move |item| {
            let function = function.clone();
            dispatch(options, move || function(item))
        };
        BackgroundMap::new(self, most, call)
    }
}

impl<I: Iterator> BackgroundIterator for I {}
