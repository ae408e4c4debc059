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
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::error::StopReason;
    use std::panic::Location;
    use std::sync::Barrier;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    const MANY: usize = 100_000;

    fn stopped(function: &'static str) -> Stopped {
        Stopped { call: Call::new(function, Location::caller()), reason: StopReason::Cancelled }
    }

    fn stop(node: &Arc<Node>) {
        node.stop(stopped("f"), None);
        node.notify();
    }

    fn child(parent: &Arc<Node>) -> Arc<Node> {
        Node::new(Some(parent.clone()))
    }

    fn is_stopped(node: &Arc<Node>) -> bool {
        node.stopped().is_some()
    }

    /// Counts how often it was closed.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Count {
        fn get(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    impl Orphan for Count {
        fn close_orphan(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn park(node: &Arc<Node>) -> (Arc<Count>, Parking) {
        let count = Arc::new(Count::default());
        let parking = node.park(Parked::Call(Arc::downgrade(&count) as Weak<dyn Orphan>));
        (count, parking)
    }

    #[test]
    fn stop_reaches_descendants_and_nothing_else() {
        let root = Node::new(None);
        let (left, right) = (child(&root), child(&root));
        let below = child(&left);
        stop(&left);
        assert!(is_stopped(&left) && is_stopped(&below));
        assert!(!is_stopped(&root) && !is_stopped(&right));
    }

    #[test]
    fn nearest_stop_is_the_reason() {
        let root = Node::new(None);
        let (middle, first, second) = (child(&root), stopped("first"), stopped("second"));
        let leaf = child(&middle);
        root.stop(first, None);
        assert_eq!(leaf.stopped(), Some(first));
        middle.stop(second, None);
        assert_eq!(leaf.stopped(), Some(second));
        middle.stop(first, None);
        assert_eq!(leaf.stopped(), Some(second), "a node is stopped once");
    }

    #[test]
    fn call_outlives_a_parent_that_ended_unstopped() {
        let root = Node::new(None);
        let parent = child(&root);
        let leaf = child(&parent);
        assert!(parent.end().is_none(), "the leaf holds it");
        stop(&root);
        assert!(!is_stopped(&leaf));
    }

    #[test]
    fn call_of_a_parent_that_ended_stopped_stays_stopped() {
        let root = Node::new(None);
        let parent = child(&root);
        let leaf = child(&parent);
        stop(&root);
        assert!(parent.end().is_none());
        assert!(root.end().is_some(), "the ended parent does not hold its own");
        assert!(is_stopped(&leaf));
    }

    #[test]
    fn node_is_renewed_only_when_nothing_holds_it() {
        let mut node = Node::new(None);
        let parent = Node::new(None);
        for _ in 0..3 {
            stop(&node);
            node = node.end().expect("nothing else holds it");
            node.renew(Some(parent.clone()));
            assert!(!is_stopped(&node));
        }
        let (_count, parking) = park(&node);
        let held = node.clone();
        assert!(node.end().is_none());
        drop(parking);
        assert!(held.end().is_some());
        assert_eq!(Arc::strong_count(&parent), 1);
        assert!(parent.end().is_some(), "no registration is left");
    }

    #[test]
    fn detached_body_keeps_its_calls() {
        let root = Node::new(None);
        let detached = child(&root);
        let leaf = child(&detached);
        let (count, _parking) = park(&leaf);
        detached.detach();
        stop(&root);
        assert!(!is_stopped(&leaf));
        assert_eq!(count.get(), 0);
        stop(&detached);
        assert!(is_stopped(&leaf));
        assert_eq!(count.get(), 1);
    }

    #[test]
    fn shared_call_is_stopped_once_nothing_holds_it() {
        let root = Node::new(None);
        let parent = child(&root);
        let (running, waiting) = (child(&parent), Node::barrier(parent.clone()));
        let (count, _parking) = park(&running);
        (0..2).for_each(|_| running.share());
        stop(&root);
        for node in [&running, &waiting, &Node::barrier(waiting.clone())] {
            assert!(!is_stopped(node));
        }
        assert_eq!(count.get(), 0);
        running.unshare();
        waiting.open();
        assert!(is_stopped(&running) && is_stopped(&waiting));
    }

    /// Whatever parked before the barrier was made, below it, or in it.
    #[test]
    fn stop_wakes_what_is_parked_below_an_opened_barrier() {
        let root = Node::new(None);
        let (running, waiting) = (child(&root), Node::barrier(root.clone()));
        let (before, _before) = park(&child(&running));
        running.share();
        let (below, _below) = park(&child(&running));
        let (inside, _inside) = park(&waiting);
        running.unshare();
        waiting.open();
        stop(&root);
        assert_eq!([before, below, inside].map(|count| count.get()), [1; 3]);
        drop((running, waiting));
    }

    #[test]
    fn stop_above_another_shared_call_leaves_its_calls_alone() {
        let root = Node::new(None);
        let shared = Node::new(Some(Node::barrier(root.clone())));
        let inner = Node::new(Some(Node::barrier(shared.clone())));
        stop(&root);
        inner.unshare();
        assert!(!is_stopped(&inner));
        shared.unshare();
        assert!(is_stopped(&inner));
    }

    #[test]
    fn stop_wakes_what_is_parked_below_and_nothing_else() {
        let root = Node::new(None);
        let (left, right) = (child(&root), child(&root));
        let below = child(&child(&left));
        let parked = [&left, &below, &below].map(park);
        let (other, _parking) = park(&right);
        let (gone, parking) = park(&below);
        drop(parking);
        stop(&left);
        assert!(parked.iter().all(|(count, _)| count.get() == 1));
        assert_eq!((gone.get(), other.get()), (0, 0));
    }

    /// The parent ends after the stop and before the walk comes to it.
    #[test]
    fn parent_that_ends_during_a_stop_wakes_what_it_leaves() {
        let root = Node::new(None);
        let parent = child(&root);
        let leaf = child(&parent);
        let (count, _parking) = park(&leaf);
        root.stop(stopped("f"), None);
        assert!(parent.end().is_none());
        assert_eq!(count.get(), 1);
        root.notify();
        assert!(is_stopped(&leaf));
    }

    #[test]
    fn overrun_is_counted_until_its_body_ends() {
        let call = stopped("overruns_once");
        let bodies = || {
            let (running, _) = crate::cancel::overruns::read();
            running.into_iter().find(|(running, _)| *running == call.call).map(|(_, bodies)| bodies)
        };
        let nodes = [(); 2].map(|()| Node::new(None));
        for node in &nodes {
            node.stop(call, Some(Overrun::new(call.call)));
        }
        assert_eq!(bodies(), Some(2));
        let [first, second] = nodes;
        let leaf = child(&first);
        first.end();
        assert_eq!(bodies(), Some(1));
        second.end();
        assert_eq!(bodies(), None);
        assert!(is_stopped(&leaf));
    }

    #[test]
    fn long_chain_is_walked_and_dropped_without_recursion() {
        let root = Node::new(None);
        let mut leaf = root.clone();
        for _ in 0..MANY {
            leaf = child(&leaf);
        }
        let (count, parking) = park(&leaf);
        stop(&root);
        assert!(is_stopped(&leaf));
        assert_eq!(count.get(), 1);
        drop(parking);
        drop(leaf);
        assert_eq!(Arc::strong_count(&root), 1);
        assert!(root.end().is_some(), "no registration is left");
    }

    /// Counts visits, not time.
    #[test]
    fn stops_one_by_one_visit_only_what_they_stop() {
        let root = Node::new(None);
        let parked: Vec<_> = (0..MANY)
            .map(|_| {
                let node = child(&root);
                let (count, parking) = park(&node);
                (node, count, parking)
            })
            .collect();
        for (node, _, _) in &parked {
            stop(node);
        }
        assert!(parked.iter().all(|(_, count, _)| count.get() == 1));
    }

    #[test]
    fn closed_call_hands_on_the_stop_without_recursion() {
        /// A parked call whose own body made the next one.
        struct Call {
            node: Arc<Node>,
            closed: AtomicUsize,
        }
        impl Orphan for Call {
            fn close_orphan(self: Arc<Self>) {
                self.closed.fetch_add(1, Ordering::Relaxed);
                self.node.notify();
            }
        }

        let root = Node::new(None);
        let (mut parent, mut calls) = (root.clone(), Vec::new());
        for _ in 0..MANY {
            let call = Arc::new(Call { node: Node::new(None), closed: AtomicUsize::new(0) });
            let parking = parent.park(Parked::Call(Arc::downgrade(&call) as Weak<dyn Orphan>));
            parent = call.node.clone();
            calls.push((call, parking));
        }
        stop(&root);
        assert!(calls.iter().all(|(call, _)| call.closed.load(Ordering::Relaxed) == 1));
    }

    /// Threads park below a chain while it is stopped from above, and its middle ends.
    #[test]
    fn stop_is_seen_by_or_wakes_whatever_parks_meanwhile() {
        const THREADS: usize = 3;

        for _ in 0..2_000 {
            let root = Node::new(None);
            let middle = child(&root);
            let leaves = [(); THREADS].map(|()| child(&middle));
            let (start, is_over) = (Barrier::new(THREADS + 2), AtomicBool::new(false));
            thread::scope(|scope| {
                for leaf in &leaves {
                    scope.spawn(|| {
                        start.wait();
                        let (count, _parking) = park(leaf);
                        if is_stopped(leaf) {
                            return;
                        }
                        while !is_over.load(Ordering::Acquire) {
                            thread::yield_now();
                        }
                        // If the middle ended before the stop, the leaf goes on.
                        assert!(count.get() > 0 || !is_stopped(leaf));
                    });
                }
                let ends = scope.spawn(|| {
                    start.wait();
                    middle.clone().end();
                });
                start.wait();
                stop(&root);
                ends.join().unwrap();
                is_over.store(true, Ordering::Release);
            });
        }
    }
}
