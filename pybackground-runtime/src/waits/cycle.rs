//! A deadlock, listed edge by edge.

use std::panic::Location;
use std::sync::{Arc, Weak};

use super::graph::{self, Graph, GraphNode};
use super::held::HeldLock;
use super::wait::{Awaited, On, Permits, ThreadWait};
use crate::call::Call;
use crate::error::{Party, WaitEdge, WaitKind};
use crate::stacks::{self, Frame, ThreadStack};
use crate::table::Set;
use crate::wait_target::{Remains, WaitTarget, with_call};

/// Returns the edges between calls and threads, or `None` if a thread no longer runs a call that it is waited
/// for, and so is not deadlocked.
///
/// Each thread is entered at the lowest of its bodies that others wait for, because of its call or of a lock, or below them
/// if it has had a lock since before the first. Each body above that was started by the wait of the body or thread below it.
pub(super) fn edges(
    deadlock: &[graph::Edge<Awaited>],
    graph: &Graph<ThreadWait>,
    remains: &mut Remains,
) -> Option<Vec<WaitEdge>> {
    let holder = |edge: &graph::Edge<Awaited>| match (&edge.from, &edge.call) {
        (GraphNode::Call(Awaited::Lock(key)), Awaited::Release(thread)) => {
            let held = graph.get(*thread)?.held.iter().find(|held| held.key.is_in_the_way_of(*key));
            Some((*key, Holder::new(*thread, held?)))
        }
        _ => None,
    };
    let holders: Vec<_> = deadlock.iter().filter_map(holder).collect();
    let runner = |edge: &graph::Edge<Awaited>| match &edge.call {
        Awaited::Call(call) => with_call(call, remains, |call, _| call.runner()),
        _ => None,
    };
    let mut entered = Set::new();
    let bodies = holders.iter().filter_map(|(_, holder)| holder.body);
    for frame in deadlock.iter().filter_map(runner).chain(bodies) {
        entered.insert(frame.word());
    }
    let has_lock_below =
        |thread| holders.iter().any(|(_, holder)| holder.thread == thread && holder.body.is_none());
    let parties = |thread| parties(thread, has_lock_below(thread), &entered);
    let mut listed = Set::new();
    let mut edges = Vec::new();
    for graph::Edge { from, call, .. } in deadlock {
        match (from, call) {
            (GraphNode::Call(Awaited::Call(waiter)), Awaited::Call(awaited)) => {
                let parked =
                    |call: &Arc<dyn WaitTarget>, _: &mut _| (call.call(), call.parked_in());
                let (waiter, kind) = with_call(waiter, remains, parked)?;
                let (waiter, awaited) = (waiter.into(), call_of(awaited, remains)?.into());
                edges.push(WaitEdge { waiter, awaited, kind });
            }
            (GraphNode::Call(Awaited::Scope(scope)), Awaited::Call(awaited)) => {
                let (waiter, awaited) = (scope.waiter.clone(), call_of(awaited, remains)?.into());
                edges.push(WaitEdge { waiter, awaited, kind: WaitKind::ScopeEnd(scope.site) });
            }
            (GraphNode::Call(Awaited::Permit(limit)), Awaited::Call(awaited)) => {
                let awaited = call_of(awaited, remains)?;
                for thread in waiters_of(*limit, deadlock) {
                    let (waiter, awaited) = (parties(thread).pop()?, awaited.into());
                    edges.push(WaitEdge { waiter, awaited, kind: WaitKind::Permit });
                }
            }
            (GraphNode::Call(_), _) => {}
            (GraphNode::Thread(from), awaited) => {
                let parties = parties(*from);
                if listed.insert(*from) {
                    let edge = |pair: &[Party]| WaitEdge {
                        waiter: pair[0].clone(),
                        awaited: pair[1].clone(),
                        kind: WaitKind::InPlace,
                    };
                    edges.extend(parties.windows(2).map(edge));
                }
                let on = &graph.get(*from)?.on;
                let waiter = || parties.last().cloned();
                match (awaited, on) {
                    (Awaited::Call(awaited), _) => {
                        let (_, site) = on.call()?;
                        let kind = match on.count() {
                            1 => WaitKind::Join(site),
                            count => WaitKind::Any(count, site),
                        };
                        edges.push(WaitEdge {
                            waiter: waiter()?,
                            awaited: call_of(awaited, remains)?.into(),
                            kind,
                        });
                    }
                    (Awaited::Lock(lock), On::Lock(_, site)) => {
                        let (_, holder) = holders.iter().find(|(key, _)| key == lock)?;
                        edges.push(WaitEdge {
                            waiter: waiter()?,
                            awaited: holder.party.clone(),
                            kind: WaitKind::Lock { site, taken_at: holder.taken_at },
                        });
                    }
                    // The edges of the scope itself follow.
                    _ => {}
                }
            }
        }
    }
    Some(edges)
}

/// The threads that take back a permit of the limit.
fn waiters_of(
    limit: &dyn Permits,
    deadlock: &[graph::Edge<Awaited>],
) -> impl Iterator<Item = usize> {
    deadlock.iter().filter_map(move |edge| match (&edge.from, &edge.call) {
        (GraphNode::Thread(thread), Awaited::Permit(of)) if of.id() == limit.id() => Some(*thread),
        _ => None,
    })
}

fn call_of(call: &Weak<dyn WaitTarget>, remains: &mut Remains) -> Option<Call> {
    with_call(call, remains, |call, _| call.call())
}

/// What holds a lock.
struct Holder {
    party: Party,
    thread: usize,
    /// The body on the thread.
    body: Option<Frame>,
    taken_at: Option<&'static Location<'static>>,
}

impl Holder {
    /// The body that took the lock. Where that is not known, it is the lowest of the thread.
    fn new(number: usize, held: &HeldLock) -> Self {
        let ThreadStack { thread, bodies, .. } = stacks::stack_of(number).unwrap_or_default();
        let taken_by = |frame: Frame| bodies.iter().find(|body| body.frame == frame);
        let body = match held.taken {
            Some(taken) => taken_by(taken.body),
            None => bodies.first(),
        };
        Self {
            party: body.map_or(Party::Thread(thread), |body| body.name.call().into()),
            thread: number,
            body: body.map(|body| body.frame),
            taken_at: held.taken.map(|taken| taken.site),
        }
    }
}

/// Returns what is on the stack of a thread, from the first of the bodies `entered` upwards, or from the thread itself. Empty if
/// the thread has other bodies only.
fn parties(number: usize, from_thread: bool, entered: &Set) -> Vec<Party> {
    let Some(ThreadStack { thread, bodies, .. }) = stacks::stack_of(number) else {
        return Vec::new();
    };
    let from_thread = from_thread || bodies.is_empty();
    let above =
        bodies.iter().skip_while(|body| !from_thread && !entered.contains(body.frame.word()));
    let above = above.map(|body| body.name.call().into());
    from_thread.then_some(Party::Thread(thread)).into_iter().chain(above).collect()
}
