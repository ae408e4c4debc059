//! The cancellation tree: which bodies stop with which others.
//!
//! Each running body that can be stopped, or has made a call, has a [`Node`]. The *parent* of a node is the
//! node of the body that made the call. Before the call's body starts, the call holds the parent itself;
//! then the body's own node does.
//!
//! [`stop`](Node::stop) marks one node. A running body polls by walking up its chain of parents. Threads and
//! calls that cannot poll are *parked*: registered in the node of their body or, before it has one, of the
//! parent. [`notify`](Node::notify) walks down from the marked node, wakes the parked threads and closes the
//! parked calls. A node with anything parked below it is *linked*, which is registered in its own parent, so
//! that the walk reaches it.
//!
//! | in state | `parent`, `link` | `parked` | `overrun` |
//! |---|---|---|---|
//! | `Running` | `detach` takes both, `share` puts a barrier in between, `unshare` opens the barrier, `park` sets `link` | `park` adds, its guard removes | none |
//! | `Stopped` | as `Running` until the body ends; `end` takes both | as `Running` | set by `stop` if the call was closed; `end` drops it |
//! | `Ended` | none | as `Running`: calls of the body outlive it | none |
//!
//! All fields are behind the node's lock, except in a node that nothing else holds.
//!
//! # Invariants
//!
//! 1. A node leaves `Running` once and stays `Stopped` or `Ended` for as long as anything else holds it.
//! 2. Only a node that nothing else holds is emptied, and renewed for another body: a node never changes its body
//!    under a child.
//! 3. A node whose body has ended has no parent, so a chain ends at the first such node. If the body had to
//!    stop when it ended, its node is `Stopped` from then on, else `Ended`. A node that nothing else holds is emptied
//!    instead, to the state `Running`.
//! 4. The parent of a node is set when the node is made or renewed. Afterwards it is only removed, or
//!    replaced by a barrier in front of the same parent. So the tree has no cycles. A thread that holds the
//!    lock of a node may take the lock of the node's parent, never the other way round.
//! 5. A linked node has a linked parent, unless no walk from above may reach the parent: it is a root, a
//!    barrier, or directly below a barrier. `park` links nodes from the top down.
//! 6. No node is dropped while the lock of a node is held. The last holder of a chain frees it without
//!    recursion.
//!
//! # Why no stop is missed
//!
//! A waiter parks first and then polls. A stopping thread marks a node first and then walks down. Suppose
//! that the walk visits the node in which the waiter is registered:
//!
//! - If the waiter registered before the visit, the walk finds the registration.
//! - If it registered after the visit, it took that node's lock after the walk did, so it sees the mark when
//!   it polls.
//!
//! The walk visits each node with a waiter below it. By invariant 5 it finds the linked ones. A node that
//! was not linked yet when the walk passed its parent is linked later, by a waiter that then sees the mark.
//!
//! A thread that opens a barrier links the nodes on both sides and then polls, as a waiter does.
//!
//! A node whose body ends is unlinked from its parent, and a walk that is still above it would miss it. Therefore
//! the ending thread polls before it unlinks the node. If it finds the mark, it marks the node as well and
//! walks down from there itself.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::overruns::Overrun;
use crate::error::Stopped;
use crate::keyed::{EntryKey, Keyed};
use crate::sync::thread::Thread;
use crate::sync::{lock_leaf, thread_local};

/// The number of stopped nodes, and one more after a shutdown.
static STOPPED: AtomicUsize = AtomicUsize::new(0);

/// Returns whether any node is stopped. While none is, a poll costs only this load.
#[inline]
pub(crate) fn is_any() -> bool {
    // ORDERING: `Relaxed`. A body that polls again sees the stop soon. A thread that has just parked has taken a
    // lock after the walk of the stop, or the walk finds it.
    STOPPED.load(Ordering::Relaxed) != 0
}

/// A stopped node, or the shutdown, which is counted in `STOPPED` until this is dropped.
pub(super) struct CountedStop(());

impl CountedStop {
    pub(super) fn new() -> Self {
        // ORDERING: see `is_any`.
        STOPPED.fetch_add(1, Ordering::Relaxed);
        Self(())
    }
}

impl Drop for CountedStop {
    fn drop(&mut self) {
        // ORDERING: see `is_any`.
        STOPPED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body in the tree, for as long as it runs or a call that it made is held.
pub(crate) struct Node {
    /// A stop of the parent does not stop what is below this node. The node belongs to no body: it is between a
    /// shared call and the body that made the call, until nothing holds the call.
    is_barrier: AtomicBool,
    /// The node has had no parent since it was made or renewed.
    is_root: AtomicBool,
    inner: Mutex<NodeInner>,
}

struct NodeInner {
    state: NodeState,
    /// The node of the body that made the call.
    parent: Option<Arc<Node>>,
    /// The key of this node among what is parked in its parent.
    link: Option<EntryKey>,
    parked: Keyed<Parked>,
    /// The body runs although its call was closed.
    overrun: Option<Overrun>,
}

enum NodeState {
    Running,
    Stopped(Stopped, CountedStop),
    Ended,
}

/// A registration in a node, for a walk of `notify` to act on.
#[derive(Clone)]
pub(crate) enum Parked {
    /// A thread that is blocked in a wait.
    Thread(Thread),
    /// The connection to a process that runs the body.
    #[cfg(feature = "process")]
    Process(Arc<dyn Disconnect>),
    /// A call that is on no thread and in no queue.
    Call(Weak<dyn Orphan>),
    /// A body with something parked below it.
    Node(Weak<Node>),
}

/// A call that can be parked.
pub(crate) trait Orphan: Send + Sync {
    /// Closes the call if it is still parked and a node above it is stopped.
    fn close_orphan(self: Arc<Self>);
}

/// The connection to a process that a thread waits for.
#[cfg(feature = "process")]
pub(crate) trait Disconnect: Send + Sync {
    /// Ends the connection: the thread gets an error instead of a reply.
    fn cut(&self);
}

/// A node that was taken from a suspended body, and the parent that it had.
pub(super) struct Vacated {
    pub(super) empty: Arc<Node>,
    pub(super) parent: Option<Arc<Node>>,
}

/// A registration of [`park`](Node::park), removed when this is dropped.
pub(crate) struct Parking {
    node: Arc<Node>,
    key: EntryKey,
}

impl Node {
    pub(crate) fn new(parent: Option<Arc<Self>>) -> Arc<Self> {
        Self::make(parent, false)
    }

    fn make(parent: Option<Arc<Self>>, is_barrier: bool) -> Arc<Self> {
        let is_root = AtomicBool::new(parent.is_none());
        let inner = Mutex::new(NodeInner {
            state: NodeState::Running,
            parent,
            link: None,
            parked: Keyed::new(),
            overrun: None,
        });
        Arc::new(Self { is_barrier: AtomicBool::new(is_barrier), is_root, inner })
    }

    /// Returns the parent for a call that a stop of `parent` must not stop: a barrier below `parent`.
    pub(crate) fn barrier(parent: Arc<Self>) -> Arc<Self> {
        if parent.is_barrier() { parent } else { Self::make(Some(parent), true) }
    }

    /// Whether this is a [`barrier`](Self::barrier) that was not opened.
    pub(crate) fn is_barrier(&self) -> bool {
        // ORDERING: a thread that walks up or links nodes holds this node's lock, under which `open` stores.
        self.is_barrier.load(Ordering::Relaxed)
    }

    /// Opens the node if it is a barrier: a stop of the parent stops what is below. The caller polls afterwards.
    pub(super) fn open(self: &Arc<Self>) {
        if self.is_barrier() {
            let inner = self.lock();
            // ORDERING: see `is_barrier`.
            self.is_barrier.store(false, Ordering::Relaxed);
            drop(inner);
            self.link();
        }
    }

    /// Gives a node that [`end`](Self::end) returned to another body.
    #[inline]
    pub(crate) fn renew(self: &mut Arc<Self>, parent: Option<Arc<Self>>) {
        if parent.is_none() && self.is_root() {
            return;
        }
        let node = Arc::get_mut(self).expect("nothing else holds the node");
        *node.is_root.get_mut() = parent.is_none();
        node.inner().parent = parent;
    }

    #[inline]
    fn is_root(&self) -> bool {
        // ORDERING: written by a thread that has the node alone.
        self.is_root.load(Ordering::Relaxed)
    }

    /// Returns why the node's body has to stop, if it has to: the nearest mark on its chain, up to a barrier.
    #[inline]
    pub(crate) fn stopped(self: &Arc<Self>) -> Option<Stopped> {
        if is_any() { self.find_stopped() } else { None }
    }

    #[cold]
    fn find_stopped(self: &Arc<Self>) -> Option<Stopped> {
        let mut node = self.clone();
        loop {
            let parent = {
                let inner = node.lock();
                if let NodeState::Stopped(stopped, _) = inner.state {
                    return Some(stopped);
                }
                inner.parent.clone().filter(|_| !node.is_barrier())
            };
            node = parent?;
        }
    }

    /// Marks the node, so that its body has to stop. The caller calls [`notify`](Self::notify) afterwards. If the
    /// call was closed while the body runs, the body is an `overrun` until it ends.
    pub(crate) fn stop(&self, stopped: Stopped, overrun: Option<Overrun>) {
        let mut inner = self.lock();
        if matches!(inner.state, NodeState::Running) {
            inner.state = NodeState::Stopped(stopped, CountedStop::new());
        }
        inner.overrun = overrun;
    }

    /// Wakes the threads and closes the calls that are parked below a stopped node.
    ///
    /// To close a parked call may call this method again, for the call's own node. That node is visited later in
    /// the same loop, not by recursion, because there may be any number of generations.
    pub(crate) fn notify(self: &Arc<Self>) {
        thread_local! {
            /// The nodes that this thread has still to visit; `None` if it visits none now.
            static NEXT: RefCell<Option<Vec<Arc<Node>>>> = const { RefCell::new(None) };
        }

        let is_later = NEXT.try_with(|next| match &mut *next.borrow_mut() {
            Some(next) => {
                next.push(self.clone());
                true
            }
            none => {
                *none = Some(Vec::new());
                false
            }
        });
        if matches!(is_later, Ok(true)) {
            return;
        }
        let mut nodes = vec![self.clone()];
        while let Some(node) = nodes.pop() {
            let parked: Vec<Parked> = node.lock().parked.values().cloned().collect();
            for parked in parked {
                match parked {
                    Parked::Thread(thread) => thread.unpark(),
                    #[cfg(feature = "process")]
                    Parked::Process(connection) => connection.cut(),
                    Parked::Call(call) => {
                        if let Some(call) = call.upgrade() {
                            call.close_orphan();
                        }
                    }
                    Parked::Node(node) => nodes.extend(node.upgrade()),
                }
            }
            let later = NEXT.try_with(|next| next.borrow_mut().as_mut().map(std::mem::take));
            nodes.extend(later.ok().flatten().unwrap_or_default());
        }
        let _ = NEXT.try_with(RefCell::take);
    }

    /// Ends the node of a body that has ended. Returns the node for another body if nothing else holds it.
    #[inline]
    pub(crate) fn end(mut self: Arc<Self>) -> Option<Arc<Self>> {
        if self.is_root() && self.is_untouched() {
            return Some(self);
        }
        let Some(node) = Arc::get_mut(&mut self) else { return self.end_held() };
        let inner = node.inner();
        inner.empty();
        drop(inner.parent.take());
        Some(self)
    }

    /// Whether nothing else holds the node, and no stop has marked it. There is no weak reference to a root.
    #[inline]
    fn is_untouched(self: &Arc<Self>) -> bool {
        if Arc::strong_count(self) != 1 {
            return false;
        }
        // ORDERING: pairs with the drop of the last other reference. A thread that marked the node counted the mark
        // before that, and the mark is counted for as long as it is in the node.
        fence(Ordering::Acquire);
        !is_any()
    }

    #[cold]
    fn end_held(mut self: Arc<Self>) -> Option<Arc<Self>> {
        // Before the parent is taken: see "Why no stop is missed".
        let stopped = self.stopped();
        let (above, overrun, was_running) = {
            let mut inner = self.lock();
            let was_running = matches!(inner.state, NodeState::Running);
            if was_running {
                inner.state = match stopped {
                    Some(stopped) => NodeState::Stopped(stopped, CountedStop::new()),
                    None => NodeState::Ended,
                };
            }
            (inner.take_parent(), inner.overrun.take(), was_running)
        };
        drop((above, overrun));
        if was_running && stopped.is_some() {
            self.notify();
        }
        Arc::get_mut(&mut self)?.inner().empty();
        Some(self)
    }

    /// Takes the node from a suspended body if nothing else holds it. The body has no calls then, and its call may hold
    /// the parent instead. Returns the empty node and the parent, or else the unchanged node.
    pub(super) fn vacate(mut self: Arc<Self>) -> Result<Vacated, Arc<Self>> {
        let Some(node) = Arc::get_mut(&mut self) else { return Err(self) };
        let inner = node.inner();
        if !matches!(inner.state, NodeState::Running) {
            return Err(self);
        }
        let above = inner.take_parent();
        Ok(Vacated { parent: above.map(|above| above.parent.clone()), empty: self })
    }

    /// Unlinks the node from its parent, so that a stop of the parent does not stop the body.
    pub(crate) fn detach(&self) {
        let above = self.lock().take_parent();
        drop(above);
    }

    /// Puts a barrier between the node and its parent.
    pub(crate) fn share(&self) {
        let above = {
            let mut inner = self.lock();
            let above = inner.take_parent();
            inner.parent = above.as_ref().map(|above| Self::barrier(above.parent.clone()));
            above
        };
        drop(above);
    }

    /// Opens the barrier that `share` has put above the node. The caller polls afterwards.
    pub(super) fn unshare(self: &Arc<Self>) {
        let barrier = self.lock().parent.clone().filter(|parent| parent.is_barrier());
        if let Some(barrier) = barrier {
            barrier.open();
            // `share` has unlinked the node.
            self.link();
        }
    }

    /// Registers a thread, connection or call for `notify`. The caller polls afterwards: a stop that came before does
    /// not notify it.
    pub(crate) fn park(self: &Arc<Self>, parked: Parked) -> Parking {
        let key = self.lock().parked.add(parked);
        self.link();
        Parking { node: self.clone(), key }
    }

    /// Links this node and the nodes above it, up to a barrier, as far as they are not linked.
    fn link(self: &Arc<Self>) {
        let mut unlinked = Vec::new();
        let mut node = self.clone();
        loop {
            let parent = {
                let inner = node.lock();
                let ends_here = inner.link.is_some() || node.is_barrier();
                inner.parent.clone().filter(|_| !ends_here)
            };
            let Some(parent) = parent else { break };
            unlinked.push(node);
            node = parent;
        }
        for node in unlinked.iter().rev() {
            let mut inner = node.lock();
            if inner.link.is_none()
                && let Some(parent) = &inner.parent
            {
                let key = parent.lock().parked.add(Parked::Node(Arc::downgrade(node)));
                inner.link = Some(key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, NodeInner> {
        lock_leaf(&self.inner)
    }

    /// As `lock`, for a node that nothing else holds.
    #[inline]
    fn inner(&mut self) -> &mut NodeInner {
        self.inner.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The parent that a node had, and the node's registration there. Dropped while no lock is held.
struct Above {
    parent: Arc<Node>,
    link: Option<EntryKey>,
}

impl Drop for Above {
    fn drop(&mut self) {
        if let Some(key) = self.link.take() {
            let registration = self.parent.lock().parked.remove(key);
            drop(registration);
        }
    }
}

impl NodeInner {
    /// Forgets the stop of a body that has ended.
    #[inline]
    fn empty(&mut self) {
        if !matches!(self.state, NodeState::Running) {
            self.state = NodeState::Running;
            self.overrun = None;
        }
    }

    #[must_use]
    fn take_parent(&mut self) -> Option<Above> {
        let link = self.link.take();
        self.parent.take().map(|parent| Above { parent, link })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let mut next = self.inner().take_parent();
        while let Some(above) = next {
            let parent = above.parent.clone();
            drop(above);
            next = Arc::into_inner(parent).and_then(|mut parent| parent.inner().take_parent());
        }
    }
}

impl Drop for Parking {
    fn drop(&mut self) {
        let parked = self.node.lock().parked.remove(self.key);
        drop(parked);
    }
}

#[cfg(test)]
mod tests;
