//! The results of many calls in the order in which they come.

use std::fmt;
use std::time::{Duration, Instant};

use super::arrivals::{Arrivals, Next};
use crate::error::Error;
use crate::lazy::Lazy;
use crate::task::is_large;

/// The results of calls in the order in which they come, each with the position its call had.
///
/// What has ended already comes first. A result is what [`Lazy::join`] gives: a call that panicked,
/// timed out or was cancelled comes as an [`Error`] like any other, so that as many come as there were
/// calls. [`AsCompleted::push`] adds further calls while the results are read.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{as_completed, background};
/// use std::thread::sleep;
/// use std::time::Duration;
///
/// let slowly = background(|ms: u64| { sleep(Duration::from_millis(ms)); ms });
/// let mut order = Vec::new();
/// for (position, result) in as_completed([slowly(80), slowly(0), slowly(40)]) {
///     println!("{position} took {} ms", result.unwrap());
///     order.push(position);
/// }
/// assert_eq!(order, [1, 2, 0]);
/// ```
pub fn as_completed<T>(calls: impl IntoIterator<Item = Lazy<T>>) -> AsCompleted<T> {
    let mut completed = AsCompleted { calls: Arrivals::new(), made: 0 };
    completed.extend(calls);
    completed
}

/// The results of calls as they come; made by [`as_completed`].
///
/// Dropping it lets the calls that have not come run on, as dropping their [`Lazy`] does.
///
/// # Blocking
///
/// The next result is waited for as [`Lazy::wait`] waits. In the body of a call the thread leaves its
/// place to others meanwhile; it runs none of the calls itself, which would keep it from the first that
/// comes, but for the last.
///
/// A body that is to stop does not go on waiting: the calls that have not come come as cancelled. If
/// none of them could end because each waits, directly or by way of others, for the body that waits
/// here, they come as a deadlock; the wait of somebody who comes later may be the one that gets that error.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{as_completed, spawn};
///
/// let mut squares = as_completed((0..10).map(|n: u64| spawn(move || n * n)));
/// assert_eq!(squares.len(), 10);
/// let sum: u64 = squares.by_ref().map(|(_, square)| square.unwrap()).sum();
/// assert_eq!(sum, 285);
/// assert!(squares.next().is_none());
/// ```
#[must_use = "the calls run without it, but nobody gets their results"]
pub struct AsCompleted<T> {
    calls: Arrivals<Lazy<T>>,
    /// How many calls there were: the position of the next.
    made: usize,
}

/// No call has ended in the time that [`AsCompleted::next_timeout`] was given; there are more to come.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{NotYet, as_completed, spawn};
/// use std::{sync::mpsc, time::Duration};
///
/// let (go, wait) = mpsc::channel::<()>();
/// let mut calls = as_completed([spawn(move || wait.recv())]);
/// assert!(matches!(calls.next_timeout(Duration::from_millis(1)), Err(NotYet)));
/// drop(go); // and now it ends
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotYet;

impl fmt::Display for NotYet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no call has ended in the time that was given; there are more to come")
    }
}

impl std::error::Error for NotYet {}

impl<T> AsCompleted<T> {
    /// The next result, or `Ok(None)` after the last, as [`Iterator::next`]; waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`NotYet`] if no call has ended when the time is over. Nothing happens to the calls.
    ///
    /// # Blocking
    ///
    /// For `timeout` at most, but as [`Lazy::wait_timeout`] until there is a slot of a `limit`.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{NotYet, as_completed, spawn};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let (go, wait) = mpsc::channel();
    /// let mut calls = as_completed([spawn(move || wait.recv().unwrap())]);
    /// loop {
    ///     match calls.next_timeout(Duration::from_millis(5)) {
    ///         Ok(Some((position, result))) => println!("{position}: {}", result.unwrap()),
    ///         Ok(None) => break,
    ///         Err(NotYet) => go.send("done").unwrap(),
    ///     }
    /// }
    /// ```
    #[track_caller]
    #[expect(clippy::type_complexity, reason = "what `next` gives, or `NotYet`")]
    pub fn next_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<Option<(usize, Result<T, Error>)>, NotYet> {
        match Instant::now().checked_add(timeout) {
            None => Ok(self.next()),
            Some(_) if self.calls.len() == 0 => Ok(None),
            end => {
                let next = self.calls.next_until(end).ok_or(NotYet)?;
                Ok(Some(result_of(next)))
            }
        }
    }

    /// Cancels the calls that have not come, as [`Lazy::cancel`]. Each comes all the same, as cancelled
    /// if it had not ended.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{as_completed, background, sleep};
    /// use std::time::Duration;
    ///
    /// let slowly = background(|s: u64| sleep(Duration::from_secs(s)));
    /// let mut calls = as_completed([slowly(3600), slowly(0), slowly(3600)]);
    /// let (first, _) = calls.next().unwrap();
    /// assert_eq!(first, 1);
    /// calls.cancel_rest();
    /// assert!(calls.all(|(_, result)| result.unwrap_err().is_cancelled()));
    /// ```
    pub fn cancel_rest(&mut self) {
        for call in self.calls.iter() {
            Lazy::cancel(call);
        }
    }

    /// Adds a call, and returns its position: the number of calls before it.
    ///
    /// A loop whose results lead to further calls reads by `while let`, which does not borrow the
    /// `AsCompleted` for the whole loop. After `next` has returned `None`, a call that is pushed comes
    /// from the next `next`.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::{as_completed, background};
    ///
    /// let halves = background(|n: u64| if n > 1 { vec![n / 2, n - n / 2] } else { vec![] });
    /// let mut calls = as_completed([halves(10)]);
    /// let mut leaves = 0;
    /// while let Some((_, halves_of)) = calls.next() {
    ///     let parts = halves_of.unwrap();
    ///     leaves += u64::from(parts.is_empty());
    ///     calls.extend(parts.into_iter().map(|part| halves(part)));
    /// }
    /// assert_eq!(leaves, 10);
    ///
    /// let position = calls.push(halves(1));
    /// assert_eq!(calls.next().unwrap().0, position);
    /// ```
    pub fn push(&mut self, call: Lazy<T>) -> usize {
        let position = self.made;
        self.calls.add(position, call);
        self.made += 1;
        position
    }

    /// Whether a call has ended that has not come.
    pub(crate) fn has_next(&mut self) -> bool {
        self.calls.has_arrived()
    }
}

/// Adds the calls, as [`AsCompleted::push`] does.
impl<T> Extend<Lazy<T>> for AsCompleted<T> {
    fn extend<I: IntoIterator<Item = Lazy<T>>>(&mut self, calls: I) {
        for call in calls {
            self.push(call);
        }
    }
}

/// The result of a call that comes. Waits for the last of the calls.
#[track_caller]
fn result_of<T>((position, ended): Next<Lazy<T>>) -> (usize, Result<T, Error>) {
    let result = match ended {
        Ok(mut call) if const { is_large::<T>() } => call.join_boxed().map(|value| *value),
        Ok(call) => Lazy::join(*call),
        Err(error) => Err(error),
    };
    (position, result)
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, Error>);

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if self.calls.len() == 0 {
            return None;
        }
        let next = self.calls.next_until(None);
        Some(result_of(next.expect("a wait without an end ends when a call has arrived")))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.calls.len(), Some(self.calls.len()))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.calls.len()).finish_non_exhaustive()
    }
}
