//! The waits of all threads: how a thread adds its own, and removes it.

use std::cell::Cell;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::deadlock;
use super::graph::{Graph, Needs};
use super::held::LockKey;
use super::rings::{self, Look, RingRoot, SearchMemory};
use super::wait::{On, Permits, ScopedCalls, ThreadWait, WaitLimit};
use super::wait_set::WaitSet;
use crate::call::Call;
#[cfg(feature = "process")]
use crate::cancel::Disconnect;
use crate::cancel::{self, Parked, Parking};
use crate::error::{Error, WaitEdge};
use crate::stacks;
use crate::sync::thread;
use crate::sync::{IS_MODEL, Mutex, MutexGuard, chaos, lock_brief, now};
use crate::wait_target::{Remains, WaitTarget};

/// The waits of all threads.
pub(crate) struct Waits(pub(super) Mutex<Graph<ThreadWait>>);

/// The thread waits until this is dropped.
pub(crate) struct Waiting<'a> {
    waits: &'a Waits,
    thread: usize,
    before: Option<ThreadWait>,
    leads_to_parked: Cell<bool>,
    _parking: Option<Parking>,
}

impl Waits {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Graph::new()))
    }

    /// This thread is about to block until `job` ends.
    ///
    /// # Errors
    ///
    /// If the thread would wait for itself, directly or through others: with the whole cycle.
    pub(crate) fn for_call(
        &self,
        job: Arc<dyn WaitTarget>,
        site: &'static Location<'static>,
        end: WaitLimit,
    ) -> Result<Option<Waiting<'_>>, Error> {
        let call = job.call();
        self.enter(On::Call { job, site, end }).map_err(|cycle| Error::deadlock(call, cycle))
    }

    /// This thread is about to block until any of `count` calls ends. The caller passes `all` of them if a
    /// body waits, or a thread with a lock, and the wait has no other end.
    ///
    /// # Errors
    ///
    /// If none of them can end before this thread continues: with everything that blocks them.
    pub(crate) fn for_any(
        &self,
        first: Call,
        count: usize,
        all: Option<Arc<WaitSet>>,
        site: &'static Location<'static>,
    ) -> Result<Option<Waiting<'_>>, Error> {
        self.enter(On::Any { first, count, all, site })
            .map_err(|cycle| Error::deadlock(first, cycle))
    }

    /// This thread is about to block until it gets a lock.
    ///
    /// # Errors
    ///
    /// If it would never get the lock: with the whole cycle.
    pub(crate) fn for_lock(
        &self,
        key: LockKey,
        site: &'static Location<'static>,
    ) -> Result<Option<Waiting<'_>>, Vec<WaitEdge>> {
        self.enter(On::Lock(key, site))
    }

    /// This thread is about to block until a condition variable notifies it.
    pub(crate) fn for_notification(
        &self,
        site: &'static Location<'static>,
        end: WaitLimit,
    ) -> Option<Waiting<'_>> {
        self.for_event(On::Notification(site, end))
    }

    /// This thread is about to block until the last closure of a scope has ended. The wait cannot be given up: if it
    /// closes a cycle, a join in the cycle fails instead.
    pub(crate) fn for_scope(
        &self,
        calls: &Arc<dyn ScopedCalls>,
        site: &'static Location<'static>,
    ) -> Option<Waiting<'_>> {
        self.enter(On::scope(calls, site)?).unwrap_or(None)
    }

    /// This thread is at the end of a scope, and runs closures of the scope before it waits. Only reports ask for this.
    pub(crate) fn for_own_closures(
        &self,
        calls: &Arc<dyn ScopedCalls>,
        site: &'static Location<'static>,
    ) -> Option<Waiting<'_>> {
        let mut wait = ThreadWait::new(On::scope(calls, site)?);
        wait.is_running = true;
        let thread = number_of_this_thread(&wait)?;
        Some(self.insert(lock_brief(&self.0), thread, wait, || Parked::Thread(thread::current())))
    }

    /// This thread is about to block for a time.
    pub(crate) fn for_time(&self) -> Option<Waiting<'_>> {
        self.for_event(On::Time)
    }

    /// This thread is about to block until it has a permit again, which it lent for the wait that it still has in the graph.
    pub(crate) fn for_permit(&self, limit: &'static dyn Permits) -> Option<Waiting<'_>> {
        let thread = stacks::this_thread()?;
        let after = lock_brief(&self.0).get(thread).map(|wait| wait.on.over());
        // It cannot fail. A search for rings through bodies that have the permits follows.
        let waiting = self.for_event(On::Permit { limit, after })?;
        waiting.leads_to_parked.set(true);
        Some(waiting)
    }

    /// This thread is about to block until a process replies. A stop of its body cuts the connection.
    #[cfg(feature = "process")]
    pub(crate) fn for_child(&self, connection: Arc<dyn Disconnect>) -> Option<Waiting<'_>> {
        let thread = stacks::this_thread()?;
        let wait = ThreadWait::new(On::Child(connection.clone()));
        Some(self.insert(lock_brief(&self.0), thread, wait, || Parked::Process(connection)))
    }

    fn for_event(&self, on: On) -> Option<Waiting<'_>> {
        let thread = stacks::this_thread()?;
        let (wait, graph) = (ThreadWait::new(on), lock_brief(&self.0));
        Some(self.insert(graph, thread, wait, || Parked::Thread(thread::current())))
    }

    fn enter(&self, on: On) -> Result<Option<Waiting<'_>>, Vec<WaitEdge>> {
        let wait = ThreadWait::new(on);
        let Some(thread) = number_of_this_thread(&wait) else { return Ok(None) };
        chaos();
        // The search may be the last to hold a call, of which the remains are dropped after the lock is released.
        let mut remains = Remains::default();
        let mut graph = lock_brief(&self.0);
        let (node, before) = (wait.node.clone(), graph.insert(thread, wait));
        let leads_to_parked = Cell::new(false);
        if let Err(edges) = deadlock::resolve(&mut graph, thread, &leads_to_parked, &mut remains) {
            let failed = graph.restore(thread, before);
            drop(graph);
            drop(failed);
            return Err(edges);
        }
        drop(graph);
        let parking = node.map(|node| node.park(Parked::Thread(thread::current())));
        Ok(Some(Waiting { waits: self, thread, before, leads_to_parked, _parking: parking }))
    }

    /// Inserts the wait, and parks the thread in the cancellation tree as well.
    fn insert(
        &self,
        mut graph: MutexGuard<'_, Graph<ThreadWait>>,
        thread: usize,
        wait: ThreadWait,
        parked: impl FnOnce() -> Parked,
    ) -> Waiting<'_> {
        let node = wait.node.clone();
        let before = graph.insert(thread, wait);
        drop(graph);
        let parking = node.map(|node| node.park(parked()));
        Waiting { waits: self, thread, before, leads_to_parked: Cell::default(), _parking: parking }
    }

    /// See [`rings::find`].
    pub(crate) fn ring(
        &self,
        root: &RingRoot,
        parked: impl Fn(&Weak<dyn WaitTarget>, &mut Remains) -> Option<Needs<Weak<dyn WaitTarget>>>,
        memory: &mut SearchMemory,
        remains: &mut Remains,
    ) -> Look {
        rings::find(&lock_brief(&self.0), root, parked, memory, remains)
    }

    /// Blocks for `time`, or until the body has to stop.
    pub(crate) fn sleep(&self, time: Duration) {
        let end = now().checked_add(time);
        let _waiting = self.for_time();
        while cancel::stopped().is_none() {
            match end.map(|end| end.saturating_duration_since(now())) {
                None => thread::park(),
                Some(Duration::ZERO) => return,
                Some(rest) => thread::park_timeout(rest),
            }
        }
    }

    /// Whether the thread waits.
    pub(crate) fn is_waiting(&self, thread: usize) -> bool {
        lock_brief(&self.0).get(thread).is_some()
    }

    /// Wakes every thread that waits, because each body has to stop.
    pub(crate) fn wake_all(&self) {
        for (_, wait) in lock_brief(&self.0).iter() {
            wait.wake();
        }
    }
}

/// A thread without body and lock is in no cycle. It is inserted for reports, which no model makes.
fn number_of_this_thread(wait: &ThreadWait) -> Option<usize> {
    let is_unreported = IS_MODEL && stacks::current().is_none() && !wait.concerns_locks();
    stacks::this_thread().filter(|_| !is_unreported)
}

impl Waiting<'_> {
    /// The deadlock that this wait has to report, if another thread has found one.
    pub(crate) fn failure(&self) -> Option<Vec<WaitEdge>> {
        lock_brief(&self.waits.0).get_mut(self.thread)?.failure.take()
    }

    /// Where to look for a ring, if the wait leads to a parked call.
    pub(crate) fn ring_root(&self) -> Option<RingRoot> {
        self.leads_to_parked.get().then_some(RingRoot::Thread(self.thread))
    }

    /// Records that the wait ends with an error, so that no other wait is a deadlock because of it.
    pub(crate) fn fails(&self) {
        if let Some(wait) = lock_brief(&self.waits.0).get_mut(self.thread) {
            wait.is_failing = true;
        }
    }

    /// Records that the thread runs the awaited body itself, so that its wait is no deadlock.
    pub(crate) fn runs_body(&self) {
        if let Some(wait) = lock_brief(&self.waits.0).get_mut(self.thread) {
            wait.is_running = true;
        }
    }

    /// The thread waits again after [`Self::runs_body`]. Other threads have begun to wait meanwhile.
    ///
    /// # Errors
    ///
    /// If the thread would wait for itself: with the whole cycle.
    pub(crate) fn waits_again(&self) -> Result<(), Vec<WaitEdge>> {
        let mut remains = Remains::default();
        let mut graph = lock_brief(&self.waits.0);
        if let Some(wait) = graph.get_mut(self.thread) {
            wait.is_running = false;
        }
        deadlock::resolve(&mut graph, self.thread, &self.leads_to_parked, &mut remains)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let before = self.before.take();
        let over = lock_brief(&self.waits.0).restore(self.thread, before);
        // After the lock is released: this may be the last holder of the call.
        drop(over);
    }
}
