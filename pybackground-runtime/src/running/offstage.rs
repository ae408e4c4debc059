//! Calls that are on no thread and in no queue, and yet are not at their end.

use std::sync::{Arc, Mutex, Weak};

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
    calls: Vec<Option<Weak<dyn Job>>>,
    free: Vec<usize>,
}

/// A call is known to wait until this is dropped.
pub(crate) struct Listed {
    list: &'static Offstage,
    place: usize,
}

impl Offstage {
    const fn new() -> Self {
        Self(Mutex::new(Places { calls: Vec::new(), free: Vec::new() }))
    }

    pub(crate) fn list(&'static self, job: Weak<dyn Job>) -> Listed {
        let mut places = lock_leaf(&self.0);
        let Places { calls, free } = &mut *places;
        let place = free.pop().unwrap_or_else(|| {
            calls.push(None);
            calls.len() - 1
        });
        calls[place] = Some(job);
        Listed { list: self, place }
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        let places = lock_leaf(&self.0);
        places.calls.len() - places.free.len()
    }

    pub(crate) fn jobs(&self) -> Vec<Arc<dyn Job>> {
        lock_leaf(&self.0).calls.iter().flatten().filter_map(Weak::upgrade).collect()
    }

    /// What the calls are.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.jobs().into_iter().map(|job| job.call()).collect()
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        let mut places = lock_leaf(&self.list.0);
        places.free.push(self.place);
        let job = places.calls[self.place].take();
        drop(places);
        drop(job);
    }
}
