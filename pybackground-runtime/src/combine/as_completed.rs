//! The results of many calls in the order in which the calls end.

use std::fmt;
use std::time::{Duration, Instant};

use super::arrivals::{Arrivals, Next};
use crate::error::Error;
use crate::lazy::Lazy;
use crate::small_value::is_large;

/// Returns the results of calls in the order in which the calls end, each with the position of its call.
///
/// Calls that have ended already come first. A result is what [`Lazy::join`] returns. A call that panicked, timed
/// out or was cancelled yields an [`Error`], so there are as many results as calls. [`AsCompleted::push`] adds
/// further calls while the results are read.
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

/// An iterator of the results of calls in the order in which the calls end; made by [`as_completed`].
///
/// If it is dropped, the calls whose results were not read run on, as after a drop of their [`Lazy`].
///
/// # Blocking
///
/// Each result is waited for as in [`Lazy::wait`]. In the body of a call, the thread gives up its slot while it
/// blocks. It runs none of the calls in place except the last one, because others may end first.
///
/// If the waiting body has to stop, it waits no longer: each call that has not ended yields a cancelled error. If
/// each remaining call waits, directly or through others, for the waiting body, the calls yield a deadlock error.
/// If another thread begins its wait last, that wait may get the error instead.
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

/// No call has ended in the time given to [`AsCompleted::next_timeout`], and there are calls left.
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
    /// Returns the next result, or `Ok(None)` after the last, as [`Iterator::next`] does; waits for `timeout` at most.
    ///
    /// # Errors
    ///
    /// [`NotYet`] if no call has ended when the time is over. The calls continue.
    ///
    /// # Blocking
    ///
    /// For `timeout` at most. As with [`Lazy::wait_timeout`], a body that lent a permit of a `limit` then also waits
    /// until it has a permit again.
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
                Ok(Some(arrived(next)))
            }
        }
    }

    /// Cancels the remaining calls, as [`Lazy::cancel`] does. Each still yields a result: an error if the call had not
    /// ended.
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

/// The position and the result of a call that comes. Waits for the last of the calls.
#[track_caller]
fn arrived<T>((position, ended): Next<Lazy<T>>) -> (usize, Result<T, Error>) {
    (position, result_of(ended))
}

/// A build without optimizations has a place on the stack for each value of each expression, so there are few.
#[track_caller]
fn result_of<T>(ended: Result<Box<Lazy<T>>, Error>) -> Result<T, Error> {
    let mut call = ended?;
    if const { !is_large::<T>() } {
        return Lazy::join(*call);
    }
    Ok(*call.join_boxed()?)
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, Error>);

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if self.calls.len() == 0 {
            return None;
        }
        let next = self.calls.next_until(None);
        Some(arrived(next.expect("a wait without an end ends when a call has arrived")))
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
