//! Calls that are on no thread and in no queue, and yet are not at their end.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, Weak};

use super::frame::Frame;
use crate::call::Call;
use crate::sync::lock_leaf;
use crate::task::Job;

/// Futures that wait to be woken.
pub(crate) static SUSPENDED: Offstage = Offstage::new();

/// Calls that wait for their inputs.
pub(crate) static DEPENDENT: Offstage = Offstage::new();

/// Calls that wait for the same thing.
pub(crate) struct Offstage(Mutex<Places>);

/// Calls are named by their places here, which are used again.
struct Places {
    /// Each with the body that made it.
    calls: Vec<Option<(Weak<dyn Job>, Frame)>>,
    free: Vec<usize>,
    /// The bodies that made any, and the places of what they made.
    made: BTreeSet<(Frame, usize)>,
}

/// A call is known to wait until this is dropped.
pub(crate) struct Listed {
    list: &'static Offstage,
    place: usize,
}

impl Offstage {
    const fn new() -> Self {
        Self(Mutex::new(Places { calls: Vec::new(), free: Vec::new(), made: BTreeSet::new() }))
    }

    /// Lists a call that `maker` made.
    pub(crate) fn list(&'static self, job: Weak<dyn Job>, maker: Frame) -> Listed {
        let mut places = lock_leaf(&self.0);
        let Places { calls, free, made } = &mut *places;
        let place = free.pop().unwrap_or_else(|| {
            calls.push(None);
            calls.len() - 1
        });
        calls[place] = Some((job, maker));
        if !maker.is_none() {
            made.insert((maker, place));
        }
        Listed { list: self, place }
    }

    /// The calls that `maker` made, some of which may have been freed from it.
    pub(crate) fn made_by(&self, maker: Frame) -> Vec<Arc<dyn Job>> {
        let places = lock_leaf(&self.0);
        let made = places.made.range((maker, 0)..=(maker, usize::MAX));
        made.filter_map(|(_, place)| places.calls[*place].as_ref()?.0.upgrade()).collect()
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        let places = lock_leaf(&self.0);
        places.calls.len() - places.free.len()
    }

    pub(crate) fn jobs(&self) -> Vec<Arc<dyn Job>> {
        self.some_jobs(usize::MAX)
    }

    fn some_jobs(&self, most: usize) -> Vec<Arc<dyn Job>> {
        let places = lock_leaf(&self.0);
        let jobs = places.calls.iter().flatten().filter_map(|(job, _)| job.upgrade());
        jobs.take(most).collect()
    }

    /// What the calls are.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.some_calls(usize::MAX)
    }

    /// What so many of the calls are at most: who lists another waits meanwhile.
    pub(crate) fn some_calls(&self, most: usize) -> Vec<Call> {
        self.some_jobs(most).into_iter().map(|job| job.call()).collect()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut places = lock_leaf(&self.list.0);
        places.free.push(self.place);
        let call = places.calls[self.place].take();
        if let Some((_, maker)) = call {
            places.made.remove(&(maker, self.place));
        }
        drop(places);
        drop(call);
    }
}
