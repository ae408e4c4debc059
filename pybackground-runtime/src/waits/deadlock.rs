//! What keeps a new wait from ever ending, and which wait fails for it.

use std::cell::{Cell, RefCell};

use super::cycle;
use super::graph::{self, Graph, GraphNode, Needs};
use super::wait::{Awaited, On, ThreadWait};
use crate::error::WaitEdge;
use crate::wait_target::Remains;

/// Waits that keep each other from ending.
struct Deadlock {
    edges: Vec<WaitEdge>,
    /// The threads that wait.
    threads: Vec<usize>,
}

/// Fails a wait of each deadlock that the new wait of `thread` has closed, until it can end. Notes whether the search
/// has met a parked call that something else may continue.
///
/// # Errors
///
/// If this wait is the one that fails: with the whole cycle.
pub(super) fn resolve(
    graph: &mut Graph<ThreadWait>,
    thread: usize,
    leads_to_parked: &Cell<bool>,
    remains: &mut Remains,
) -> Result<(), Vec<WaitEdge>> {
    while let Some(wait) = graph.get(thread)
        && let Some(deadlock) = find(graph, thread, wait, leads_to_parked, remains)
    {
        let may_fail = wait.on.may_fail();
        // An error that is raised while the thread panics aborts the process.
        let is_first_choice = may_fail && !wait.is_panicking;
        if is_first_choice || !deadlock.fail_another(graph, thread) {
            if !may_fail {
                break;
            }
            graph.get_mut(thread).into_iter().for_each(|wait| wait.is_failing = true);
            return Err(deadlock.edges);
        }
    }
    Ok(())
}

/// Returns what keeps the wait of `thread` from ever ending, if anything does.
fn find(
    graph: &Graph<ThreadWait>,
    thread: usize,
    wait: &ThreadWait,
    leads_to_parked: &Cell<bool>,
    remains: &mut Remains,
) -> Option<Deadlock> {
    if !may_be_needed(graph, wait) {
        return None;
    }
    let shared = RefCell::new(&mut *remains);
    let needs = |awaited: &Awaited| {
        let needs = awaited.needs(graph, &mut shared.borrow_mut());
        if matches!(needs, Needs::Nothing) && awaited.is_parked(&mut shared.borrow_mut()) {
            leads_to_parked.set(true);
        }
        needs
    };
    let found = graph.deadlock(thread, wait, needs)?;
    let edges = cycle::edges(&found, graph, remains)?;
    let is_thread = |edge: graph::Edge<Awaited>| match edge.from {
        GraphNode::Thread(thread) => Some(thread),
        GraphNode::Call(_) => None,
    };
    Some(Deadlock { edges, threads: found.into_iter().filter_map(is_thread).collect() })
}

/// Whether a call or thread can depend on the thread of this wait: it has a body, or a lock that another thread waits for.
pub(super) fn may_be_needed(graph: &Graph<ThreadWait>, wait: &ThreadWait) -> bool {
    let needs_lock = |other: &ThreadWait| match other.on {
        On::Lock(key, _) => wait.is_in_the_way_of(key),
        _ => false,
    };
    let is_needed = || graph.iter().any(|(_, other)| needs_lock(other));
    wait.has_body() || (wait.concerns_locks() && is_needed())
}

impl Deadlock {
    /// Ends the wait of one of the threads other than `thread` with the error. Returns whether there is one.
    ///
    /// An error that is raised while a thread panics aborts the process. So it goes to such a thread only if there is no
    /// other, and never to a thread that waits for a lock, which has to raise it.
    fn fail_another(&self, graph: &mut Graph<ThreadWait>, thread: usize) -> bool {
        let others = || self.threads.iter().copied().filter(|other| *other != thread);
        let of = |other| graph.get(other).filter(|wait| wait.on.may_fail());
        let is_fit = |other: &usize| of(*other).is_some_and(|wait| !wait.is_panicking);
        let is_last_choice = |other: &usize| of(*other).is_some_and(|wait| wait.on.is_for_calls());
        let other = others().find(is_fit).or_else(|| others().find(is_last_choice));
        let Some(wait) = other.and_then(|other| graph.get_mut(other)) else { return false };
        wait.failure = Some(self.edges.clone());
        wait.is_failing = true;
        wait.wake();
        true
    }
}
