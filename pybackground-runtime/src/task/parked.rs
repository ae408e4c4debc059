//! Calls that are parked: on no thread and in no queue, and yet not ended.
//!
//! A shutdown looks for them here, and so do reports. A stop finds them in the cancellation tree.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};

use super::job::Job;
use crate::call::Call;
use crate::cancel::{Node, Orphan, Parked, Parking};
use crate::sync::lock_leaf;

/// The calls whose `async` bodies wait to be woken.
pub(crate) static SUSPENDED: ParkedCalls = ParkedCalls::new();

/// The calls that wait for their dependencies.
pub(crate) static DEPENDENT: ParkedCalls = ParkedCalls::new();

/// The calls that are parked for one reason.
pub(crate) struct ParkedCalls(Mutex<Calls>);

struct Calls {
    by_key: BTreeMap<u64, Weak<dyn Job>>,
    next_key: u64,
}

/// A call is parked until this is dropped.
pub(crate) struct ParkedCall {
    calls: &'static ParkedCalls,
    key: u64,
    _parking: Option<Parking>,
}

impl ParkedCalls {
    const fn new() -> Self {
        Self(Mutex::new(Calls { by_key: BTreeMap::new(), next_key: 0 }))
    }

    /// Registers a call here and in the tree, at `node`.
    pub(super) fn park<J: Job + Orphan + 'static>(
        &'static self,
        job: &Arc<J>,
        node: Option<&Arc<Node>>,
    ) -> ParkedCall {
        let key = {
            let mut calls = lock_leaf(&self.0);
            let key = calls.next_key;
            calls.next_key += 1;
            calls.by_key.insert(key, Arc::downgrade(job) as Weak<dyn Job>);
            key
        };
        let parked = || Parked::Call(Arc::downgrade(job) as Weak<dyn Orphan>);
        ParkedCall { calls: self, key, _parking: node.map(|node| node.park(parked())) }
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        lock_leaf(&self.0).by_key.len()
    }

    pub(crate) fn jobs(&self) -> Vec<Arc<dyn Job>> {
        self.some_jobs(usize::MAX)
    }

    fn some_jobs(&self, most: usize) -> Vec<Arc<dyn Job>> {
        let calls = lock_leaf(&self.0);
        calls.by_key.values().filter_map(Weak::upgrade).take(most).collect()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.some_calls(usize::MAX)
    }

    /// Returns what at most this many of the calls are. No other call can be parked meanwhile.
    pub(crate) fn some_calls(&self, most: usize) -> Vec<Call> {
        self.some_jobs(most).into_iter().map(|job| job.call()).collect()
    }
}

impl Drop for ParkedCall {
    fn drop(&mut self) {
        let call = lock_leaf(&self.calls.0).by_key.remove(&self.key);
        drop(call);
    }
}
