//! Calls that are parked: on no thread and in no queue, and yet not ended.
//!
//! A shutdown looks for them here, and so do reports. A stop finds them in the cancellation tree.

use std::sync::{Arc, Mutex, MutexGuard, Weak};

use crate::call::Call;
use crate::cancel::{Node, Orphan, Parked, Parking};
use crate::runnable::Runnable;
use crate::sync::{IS_MODEL, lock_leaf};
use crate::wait_target::{Remains, WaitTarget};

/// A call that may be parked: refused by a shutdown, and named in reports.
pub(crate) trait MayPark: Runnable + WaitTarget {}

impl<T: Runnable + WaitTarget> MayPark for T {}

/// Held by the thread that looks for a ring of `async` bodies.
static LOOKING: Mutex<()> = Mutex::new(());

/// Keeps other threads from looking for a ring of `async` bodies until this is dropped. A model checker knows no lock that
/// outlives its execution, so models do not look.
pub(super) fn no_search() -> Option<MutexGuard<'static, ()>> {
    (!IS_MODEL).then(|| lock_leaf(&LOOKING))
}

/// The calls whose `async` bodies wait to be woken.
pub(crate) static SUSPENDED: ParkedCalls = ParkedCalls::new();

/// The calls that wait for their dependencies.
pub(crate) static DEPENDENT: ParkedCalls = ParkedCalls::new();

/// The calls that are parked for one reason.
pub(crate) struct ParkedCalls(Mutex<Slots>);

/// A list with gaps: there may be a hundred thousand calls, which come and go all the time.
struct Slots {
    calls: Vec<Option<Weak<dyn MayPark>>>,
    free: Vec<usize>,
}

/// A call is parked until this is dropped.
pub(crate) struct ParkedCall {
    calls: &'static ParkedCalls,
    slot: usize,
    _parking: Option<Parking>,
}

impl ParkedCalls {
    const fn new() -> Self {
        Self(Mutex::new(Slots { calls: Vec::new(), free: Vec::new() }))
    }

    /// Registers a call here and in the tree, at `node`.
    pub(super) fn park<J: MayPark + Orphan + 'static>(
        &'static self,
        job: &Arc<J>,
        node: Option<&Arc<Node>>,
    ) -> ParkedCall {
        let slot = lock_leaf(&self.0).add(Arc::downgrade(job) as Weak<dyn MayPark>);
        let parked = || Parked::Call(Arc::downgrade(job) as Weak<dyn Orphan>);
        ParkedCall { calls: self, slot, _parking: node.map(|node| node.park(parked())) }
    }

    /// Returns how many there are.
    pub(crate) fn count(&self) -> usize {
        lock_leaf(&self.0).len()
    }

    pub(crate) fn jobs(&self) -> Vec<Arc<dyn MayPark>> {
        self.some_jobs(usize::MAX)
    }

    fn some_jobs(&self, most: usize) -> Vec<Arc<dyn MayPark>> {
        let slots = lock_leaf(&self.0);
        slots.calls.iter().flatten().filter_map(Weak::upgrade).take(most).collect()
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.some_calls(usize::MAX)
    }

    /// Returns what at most this many of the calls are. No other call can be parked meanwhile.
    pub(crate) fn some_calls(&self, most: usize) -> Vec<Call> {
        let mut remains = Remains::default();
        // So that the references hide no ring from a search.
        let _looking = no_search();
        let call = |job: Arc<dyn MayPark>| {
            let call = job.call();
            remains.keep(job);
            call
        };
        self.some_jobs(most).into_iter().map(call).collect()
    }
}

impl Slots {
    fn add(&mut self, call: Weak<dyn MayPark>) -> usize {
        if let Some(slot) = self.free.pop() {
            self.calls[slot] = Some(call);
            slot
        } else {
            self.calls.push(Some(call));
            self.calls.len() - 1
        }
    }

    /// Empties a slot. The caller drops what was in it, without the lock.
    #[must_use]
    fn remove(&mut self, slot: usize) -> Option<Weak<dyn MayPark>> {
        let call = self.calls[slot].take();
        self.free.push(slot);
        if self.len() == 0 {
            *self = Self { calls: Vec::new(), free: Vec::new() };
        }
        call
    }

    fn len(&self) -> usize {
        self.calls.len() - self.free.len()
    }
}

impl Drop for ParkedCall {
    fn drop(&mut self) {
        let call = lock_leaf(&self.calls.0).remove(self.slot);
        drop(call);
    }
}
