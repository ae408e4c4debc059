//! Futures that wait to be woken: they run on no thread, and yet are not at their end.

use std::sync::{Arc, Mutex, Weak};

use crate::call::Call;
use crate::sync::lock_leaf;
use crate::task::Job;

static SUSPENDED: Mutex<Registry> = Mutex::new(Registry { calls: Vec::new(), free: Vec::new() });

/// Calls are named by their places here, which are used again.
struct Registry {
    calls: Vec<Option<Weak<dyn Job>>>,
    free: Vec<usize>,
}

/// A future is known to be suspended until this is dropped.
pub(crate) struct Suspended(usize);

impl Suspended {
    pub(crate) fn new(job: Weak<dyn Job>) -> Self {
        let mut registry = lock_leaf(&SUSPENDED);
        let Registry { calls, free } = &mut *registry;
        let place = free.pop().unwrap_or_else(|| {
            calls.push(None);
            calls.len() - 1
        });
        calls[place] = Some(job);
        Self(place)
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        let mut registry = lock_leaf(&SUSPENDED);
        registry.free.push(self.0);
        let job = registry.calls[self.0].take();
        drop(registry);
        drop(job);
    }
}

/// How many there are.
pub(crate) fn suspended() -> usize {
    let registry = lock_leaf(&SUSPENDED);
    registry.calls.len() - registry.free.len()
}

/// The calls whose futures are suspended.
pub(crate) fn suspended_jobs() -> Vec<Arc<dyn Job>> {
    lock_leaf(&SUSPENDED).calls.iter().flatten().filter_map(Weak::upgrade).collect()
}

/// What the suspended futures were called as.
pub(crate) fn suspended_calls() -> Vec<Call> {
    suspended_jobs().into_iter().map(|job| job.call()).collect()
}
