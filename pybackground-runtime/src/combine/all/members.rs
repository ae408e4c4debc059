//! The wait for all of several calls, or for the first that fails.

use std::sync::Arc;

use crate::combine::arrivals::Arrivals;
use crate::error::Error;
use crate::lazy::Lazy;
use crate::runtime;
use crate::task::Job;
use crate::waits::Member;

/// Calls by number, from 0 on, that are waited for together.
pub(super) trait Members {
    fn len(&self) -> usize;

    /// The call; `None` if there is nothing to wait for.
    fn job(&self, number: usize) -> Option<Arc<dyn Job>>;

    /// Waits for a call and keeps its value. Returns whether the other calls are still needed.
    #[track_caller]
    fn settle(&mut self, number: usize) -> Result<bool, Error>;

    fn cancel(&self, number: usize);
}

/// The call with which a wait for several ended early.
pub(super) struct EndedEarly {
    pub(super) number: usize,
    /// Why it has no value, unless its value ended the wait.
    pub(super) error: Option<Error>,
}

/// Calls of one type.
pub(super) struct Several<'a, T> {
    pub(super) calls: &'a mut [Lazy<T>],
    /// Whether the other calls are still needed after this value.
    pub(super) is_good: fn(&T) -> bool,
}

impl<T> Members for Several<'_, T> {
    fn len(&self) -> usize {
        self.calls.len()
    }

    fn job(&self, number: usize) -> Option<Arc<dyn Job>> {
        Lazy::job(&self.calls[number])
    }

    #[track_caller]
    fn settle(&mut self, number: usize) -> Result<bool, Error> {
        self.calls[number].settle().map(self.is_good)
    }

    fn cancel(&self, number: usize) {
        Lazy::cancel(&self.calls[number]);
    }
}

/// Waits for all calls. If one has no value, or one that ends the wait, the others are cancelled.
#[track_caller]
pub(super) fn settle(members: &mut impl Members) -> Result<(), EndedEarly> {
    let settled = settle_all(members);
    if let Err(stopped) = &settled {
        let others = (0..members.len()).filter(|number| *number != stopped.number);
        others.for_each(|number| members.cancel(number));
    }
    settled
}

/// The calls that have ended come first. Then a worker runs those that no thread has started, the newest
/// first, whose entry is the newest in its deque. The others follow as they end.
#[track_caller]
fn settle_all(members: &mut impl Members) -> Result<(), EndedEarly> {
    for number in 0..members.len() {
        if has_ended(members, number) {
            settle_one(members, number)?;
        }
    }
    if runtime::is_worker() {
        for number in (0..members.len()).rev() {
            if members.job(number).is_some_and(|job| job.is_claimable()) {
                settle_one(members, number)?;
            }
        }
    }
    let mut arrivals = None;
    for number in 0..members.len() {
        match members.job(number).filter(|job| !job.is_done()) {
            Some(job) => arrivals.get_or_insert_with(Arrivals::new).add(number, Member::new(job)),
            None => settle_one(members, number)?,
        }
    }
    let Some(mut arrivals) = arrivals else { return Ok(()) };
    while arrivals.len() > 0 {
        let next = arrivals.next_until(None);
        match next.expect("a wait without an end ends when a call has arrived") {
            (number, Ok(_)) => settle_one(members, number)?,
            (number, Err(error)) => return Err(EndedEarly { number, error: Some(error) }),
        }
    }
    Ok(())
}

fn has_ended(members: &impl Members, number: usize) -> bool {
    members.job(number).is_none_or(|job| job.is_done())
}

#[track_caller]
fn settle_one(members: &mut impl Members, number: usize) -> Result<(), EndedEarly> {
    match members.settle(number) {
        Ok(true) => Ok(()),
        Ok(false) => Err(EndedEarly { number, error: None }),
        Err(error) => Err(EndedEarly { number, error: Some(error) }),
    }
}
