//! The calls of a bounded map that were made and not taken.

use std::collections::VecDeque;

use crate::combine::{AsCompleted, as_completed};
use crate::error::Error;
use crate::lazy::{CallsAhead, CancelOnDrop, Lazy};

/// The calls, in the order in which they are taken. Those that are left are cancelled when this is dropped.
pub(super) enum Queue<T> {
    /// The order in which they were made.
    Ordered(VecDeque<CancelOnDrop<T>>),
    /// The order in which they end.
    Unordered(Unordered<T>),
}

pub(super) struct Unordered<T>(AsCompleted<T>);

impl<T> Drop for Unordered<T> {
    fn drop(&mut self) {
        self.0.cancel_rest();
    }
}

impl<T> Queue<T> {
    pub(super) fn ordered() -> Self {
        Self::Ordered(VecDeque::new())
    }

    pub(super) fn unordered(self) -> Self {
        match self {
            Self::Ordered(calls) => {
                let calls = calls.into_iter().map(CancelOnDrop::into_lazy);
                Self::Unordered(Unordered(as_completed(calls)))
            }
            Self::Unordered(_) => self,
        }
    }

    /// Waits for the next value.
    #[track_caller]
    pub(super) fn take(&mut self) -> Option<T> {
        match self {
            Self::Ordered(calls) => {
                let call = CancelOnDrop::into_lazy(calls.pop_front()?);
                Some(Lazy::into_inner(call))
            }
            Self::Unordered(Unordered(calls)) => match calls.next()? {
                (_, Ok(value)) => Some(value),
                (_, Err(error)) => error.raise(),
            },
        }
    }

    /// Waits for the next outcome.
    #[track_caller]
    pub(super) fn take_outcome(&mut self) -> Option<Result<T, Error>> {
        match self {
            Self::Ordered(calls) => {
                let call = CancelOnDrop::into_lazy(calls.pop_front()?);
                Some(Lazy::join(call))
            }
            Self::Unordered(Unordered(calls)) => calls.next().map(|(_, outcome)| outcome),
        }
    }
}

impl<T> CallsAhead for Queue<T> {
    type Call = Lazy<T>;

    fn has_ended(call: &Lazy<T>) -> bool {
        Lazy::is_ready(call)
    }

    fn add(&mut self, call: Lazy<T>) {
        match self {
            Self::Ordered(calls) => calls.add(call),
            Self::Unordered(Unordered(calls)) => {
                calls.push(call);
            }
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Ordered(calls) => calls.len(),
            Self::Unordered(Unordered(calls)) => calls.len(),
        }
    }

    fn has_next(&mut self) -> bool {
        match self {
            Self::Ordered(calls) => calls.has_next(),
            Self::Unordered(Unordered(calls)) => calls.has_next(),
        }
    }
}
