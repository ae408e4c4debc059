//! Calls that are made before their values are needed, up to a number.

use std::collections::VecDeque;

use super::{CancelOnDrop, Lazy};
use crate::shared::Shared;

/// The calls that were made and not taken, with the order in which they are taken.
pub(crate) trait CallsAhead {
    type Call;

    fn has_ended(call: &Self::Call) -> bool;

    fn add(&mut self, call: Self::Call);

    fn len(&self) -> usize;

    /// Whether the call that is taken next has ended.
    fn has_next(&mut self) -> bool;
}

impl<T> CallsAhead for VecDeque<CancelOnDrop<T>> {
    type Call = Lazy<T>;

    fn has_ended(call: &Lazy<T>) -> bool {
        Lazy::is_ready(call)
    }

    fn add(&mut self, call: Lazy<T>) {
        self.push_back(Lazy::cancel_on_drop(call));
    }

    fn len(&self) -> usize {
        VecDeque::len(self)
    }

    fn has_next(&mut self) -> bool {
        self.front().is_some_and(|call| Lazy::is_ready(call))
    }
}

impl<T> CallsAhead for VecDeque<Shared<T>> {
    type Call = Shared<T>;

    fn has_ended(call: &Shared<T>) -> bool {
        Shared::is_ready(call)
    }

    fn add(&mut self, call: Shared<T>) {
        self.push_back(call);
    }

    fn len(&self) -> usize {
        VecDeque::len(self)
    }

    fn has_next(&mut self) -> bool {
        self.front().is_some_and(Shared::is_ready)
    }
}

/// Takes calls from an iterator that makes them, ahead of their use.
///
/// Before a call is taken, one takes the place of the last that was taken, and more are made for as long as
/// the next one has not ended. So calls that end at once, as in sequential mode, are made one by one,
/// and an iterator that is slow to give the next call holds up no result but by that one.
pub(crate) struct Ahead<I, Q> {
    /// `None` once it has ended.
    calls: Option<I>,
    most: usize,
    in_flight: Q,
}

impl<I, Q> Ahead<I, Q>
where
    I: Iterator<Item = Q::Call>,
    Q: CallsAhead,
{
    /// Of the calls of `calls`, at most `most` are made and not taken.
    pub(crate) fn new(calls: I, most: usize, in_flight: Q) -> Self {
        Self { calls: Some(calls), most, in_flight }
    }

    /// Makes a call, if there is none to take, and returns it if it has ended: calls that run where they are
    /// made need no room here.
    #[inline]
    pub(crate) fn make_ended(&mut self) -> Option<Q::Call> {
        if self.in_flight.len() > 0 {
            return None;
        }
        match self.calls.as_mut()?.next() {
            Some(call) if Q::has_ended(&call) => return Some(call),
            Some(call) => self.in_flight.add(call),
            None => self.calls = None,
        }
        None
    }

    /// Makes calls, and returns them all.
    pub(crate) fn refill(&mut self) -> &mut Q {
        let mut has_made = false;
        while self.in_flight.len() < self.most && !(has_made && self.in_flight.has_next()) {
            let Some(call) = self.calls.as_mut().and_then(Iterator::next) else {
                self.calls = None;
                break;
            };
            self.in_flight.add(call);
            has_made = true;
        }
        &mut self.in_flight
    }

    /// How many calls are still to be taken, as an iterator says it.
    pub(crate) fn size_hint(&self) -> (usize, Option<usize>) {
        let made = self.in_flight.len();
        let (least, most) = self.calls.as_ref().map_or((0, Some(0)), I::size_hint);
        (least.saturating_add(made), most.and_then(|most| most.checked_add(made)))
    }

    /// Puts other calls in the place of those in flight.
    pub(crate) fn map_in_flight<R>(self, map: impl FnOnce(Q) -> R) -> Ahead<I, R> {
        Ahead { calls: self.calls, most: self.most, in_flight: map(self.in_flight) }
    }
}
