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

/// The parent ends after the stop and before the walk reaches the parent.
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
#[cfg_attr(miri, ignore = "takes Miri minutes")]
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
#[cfg_attr(miri, ignore = "takes Miri minutes")]
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
#[cfg_attr(miri, ignore = "takes Miri minutes")]
fn closed_call_hands_on_the_stop_without_recursion() {
    /// A parked call. Its body made the next call of the chain.
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
#[cfg_attr(miri, ignore = "takes Miri minutes")]
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
