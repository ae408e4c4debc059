//! The results of many calls in the order in which they come.
//!
//! Each call has a waker that puts the call's number into one queue. So a result costs the same
//! whether it is one of ten or of a million.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::error::Error;
use crate::lazy::Lazy;
use crate::stacks::{self, Frame};
use crate::sync::{Mutex, chaos, lock, lock_brief};
use crate::task::{Registration, is_large};
use crate::waits::{End, WaitSet, Waiting};
use crate::{join, runtime};

/// The results of calls in the order in which they come, each with the position its call had.
///
/// What has ended already comes first. A result is what [`Lazy::join`] gives: a call that panicked,
/// timed out or was cancelled comes as an [`Error`] like any other, so that as many come as there were
/// calls. Calls that are made later are for another `as_completed`.
///
/// ```
/// use pybackground_runtime::{as_completed, background};
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
    let mut completed = AsCompleted {
        calls: Vec::new(),
        left: 0,
        first: 0,
        arrived: VecDeque::new(),
        arrivals: Arc::default(),
        members: None,
    };
    calls.into_iter().for_each(|call| completed.add(call));
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
/// use pybackground_runtime::{as_completed, spawn};
///
/// let mut squares = as_completed((0..10).map(|n: u64| spawn(move || n * n)));
/// assert_eq!(squares.len(), 10);
/// let sum: u64 = squares.by_ref().map(|(_, square)| square.unwrap()).sum();
/// assert_eq!(sum, 285);
/// assert!(squares.next().is_none());
/// ```
#[must_use = "the calls run without it, but nobody gets their results"]
pub struct AsCompleted<T> {
    /// At a call's number: the call, until it has come.
    calls: Vec<Option<Box<Expected<T>>>>,
    left: usize,
    /// No call before this one is left.
    first: usize,
    /// Calls that have ended; some may have come before that, as an error.
    arrived: VecDeque<usize>,
    arrivals: Arc<Arrivals>,
    /// The calls that are left, for those who look for rings of waits; made when a body first blocks.
    members: Option<Arc<WaitSet>>,
}

/// A call that has not come.
struct Expected<T> {
    call: Lazy<T>,
    /// `None` if the call had ended when it was added.
    _registration: Option<Registration>,
}

/// The number of a call that comes, and the call; or why the wait for it is over.
type Next<T> = (usize, Result<Box<Expected<T>>, Error>);

impl<T> Expected<T> {
    /// The result of a call that comes. Waits for the last of the calls.
    #[track_caller]
    fn outcome(ended: Result<Box<Self>, Error>) -> Result<T, Error> {
        match ended {
            Ok(mut expected) if const { is_large::<T>() } => Ok(*expected.call.join_boxed()?),
            Ok(expected) => Lazy::join(expected.call),
            Err(error) => Err(error),
        }
    }
}

/// No call has ended in the time that [`AsCompleted::next_timeout`] was given; there are more to come.
///
/// ```
/// use pybackground_runtime::{NotYet, as_completed, spawn};
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
    /// use pybackground_runtime::{NotYet, as_completed, spawn};
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
            Some(_) if self.left == 0 => Ok(None),
            end => {
                let (number, ended) = self.next_until(end)?;
                Ok(Some((number, Expected::outcome(ended))))
            }
        }
    }

    /// Cancels the calls that have not come, as [`Lazy::cancel`]. Each comes all the same, as cancelled
    /// if it had not ended.
    ///
    /// ```
    /// use pybackground_runtime::{as_completed, background, sleep};
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
        for expected in self.calls.iter().flatten() {
            Lazy::cancel(&expected.call);
        }
    }

    fn add(&mut self, call: Lazy<T>) {
        let number = self.calls.len();
        let job = Lazy::job(&call).filter(|job| !job.is_done());
        let arrival = || Waker::from(Arc::new(Arrival { number, arrivals: self.arrivals.clone() }));
        let registration = job.and_then(|job| job.register(arrival()));
        if registration.is_none() {
            self.arrived.push_back(number);
        }
        self.calls.push(Some(Box::new(Expected { call, _registration: registration })));
        self.left += 1;
    }

    #[track_caller]
    fn next_until(&mut self, end: Option<Instant>) -> Result<Next<T>, NotYet> {
        if let Some(number) = self.pop_arrived() {
            return Ok((number, Ok(self.remove(number))));
        }
        let first = self.first_left();
        if self.left == 1 && end.is_none() {
            return Ok((first, Ok(self.remove(first))));
        }
        match join::for_any(&self.wait_for_any(first, end), end) {
            Ok(true) => {
                let number = self.pop_arrived().expect("the wait is over when one has arrived");
                Ok((number, Ok(self.remove(number))))
            }
            Ok(false) => Err(NotYet),
            Err(error) => {
                drop(self.remove(first));
                Ok((first, Err(error)))
            }
        }
    }

    /// A call that has ended and not come.
    fn pop_arrived(&mut self) -> Option<usize> {
        loop {
            if self.arrived.is_empty() {
                std::mem::swap(&mut self.arrived, &mut lock(&self.arrivals.state).ended);
            }
            let number = self.arrived.pop_front()?;
            if self.calls[number].is_some() {
                return Some(number);
            }
        }
    }

    /// The first call that has not come.
    fn first_left(&mut self) -> usize {
        while self.calls[self.first].is_none() {
            self.first += 1;
        }
        self.first
    }

    #[allow(clippy::unnecessary_box_returns, reason = "a large value is moved as a pointer")]
    fn remove(&mut self, number: usize) -> Box<Expected<T>> {
        self.left -= 1;
        if let Some(members) = &self.members {
            members.remove(number);
        }
        self.calls[number].take().expect("a call comes once")
    }

    /// A wait for the calls that are left, of which none has arrived.
    fn wait_for_any(&mut self, first: usize, end: Option<Instant>) -> AnyOf<'_> {
        if end.is_none() && !stacks::current().is_none() && self.members.is_none() {
            let jobs = self.calls.iter().enumerate();
            let jobs =
                jobs.filter_map(|(number, call)| Some((number, Lazy::job(&call.as_ref()?.call)?)));
            self.members = Some(Arc::new(WaitSet::new(self.calls.len(), jobs)));
        }
        let first = self.calls[first].as_ref().and_then(|expected| Lazy::job(&expected.call));
        AnyOf {
            first: first.expect("a call that has not arrived is on its way").call(),
            count: self.left,
            all: self.members.as_ref(),
            arrivals: &self.arrivals,
        }
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T, Error>);

    #[track_caller]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let Ok((number, ended)) = self.next_until(None) else {
            unreachable!("a wait without an end ends when a call has arrived")
        };
        Some((number, Expected::outcome(ended)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for AsCompleted<T> {}

impl<T> FusedIterator for AsCompleted<T> {}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").field("left", &self.left).finish_non_exhaustive()
    }
}

/// The calls that have ended, in the order in which they did.
#[derive(Default)]
struct Arrivals {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ended: VecDeque<usize>,
    /// Who waits for the next.
    waiter: Option<Waker>,
}

/// Notes the end of a call.
struct Arrival {
    number: usize,
    arrivals: Arc<Arrivals>,
}

impl Wake for Arrival {
    fn wake(self: Arc<Self>) {
        let waiter = {
            let mut state = lock(&self.arrivals.state);
            state.ended.push_back(self.number);
            state.waiter.take()
        };
        chaos();
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }
}

/// A wait for the first of the calls that are left.
struct AnyOf<'a> {
    first: Call,
    count: usize,
    all: Option<&'a Arc<WaitSet>>,
    arrivals: &'a Arrivals,
}

impl join::Awaited for AnyOf<'_> {
    /// The waker stays with the calls, whose next wait replaces it.
    type Registration = ();

    fn is_over(&self) -> bool {
        !lock_brief(&self.arrivals.state).ended.is_empty()
    }

    fn register(&self, waker: Waker) -> Option<()> {
        let mut state = lock(&self.arrivals.state);
        if !state.ended.is_empty() {
            return None;
        }
        state.waiter = Some(waker);
        Some(())
    }

    fn announce(
        &self,
        site: &'static Location<'static>,
        end: End,
    ) -> Result<Option<Waiting<'static>>, Error> {
        let all = self.all.filter(|_| end == End::Never).cloned();
        runtime::waits().for_any(self.first, self.count, all, site)
    }

    /// The monitor expires each call that has a deadline.
    fn expire(&self, _: Instant) {}

    fn is_call_of(&self, _: Frame) -> bool {
        false
    }

    fn call(&self) -> Call {
        self.first
    }
}
