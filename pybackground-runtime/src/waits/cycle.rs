//! A deadlock, listed edge by edge.

use std::panic::Location;
use std::sync::{Arc, Weak};

use super::graph::{self, Node};
use super::held::Held;
use super::wait::{Awaited, On, Permits, Wait};
use crate::call::Call;
use crate::error::{Party, WaitEdge, WaitKind};
use crate::stacks::{self, Frame, Stack};
use crate::table::Set;
use crate::wait_target::{Remains, WaitTarget, with_call};

/// Returns the edges between calls and threads, or `None` if a thread no longer runs a call that it is waited
/// for, and so is not deadlocked.
///
/// Each thread is entered at the lowest of its bodies that others wait for, because of its call or of a lock. Each body
/// above that one was started by the wait of the body below it.
pub(super) fn edges<'a>(
    deadlock: &[graph::Edge<Awaited>],
    wait_of: impl Fn(usize) -> Option<&'a Wait>,
    remains: &mut Remains,
) -> Option<Vec<WaitEdge>> {
    let holder = |edge: &graph::Edge<Awaited>| match (&edge.from, &edge.call) {
        (Node::Call(Awaited::Lock(key)), Awaited::Release(thread)) => {
            let held = wait_of(*thread)?.held.iter().find(|held| held.key.is_in_the_way_of(*key));
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
    let mut listed = Set::new();
    let mut edges = Vec::new();
    for graph::Edge { from, call, .. } in deadlock {
        match (from, call) {
            (Node::Call(Awaited::Call(waiter)), Awaited::Call(awaited)) => {
                let parked =
                    |call: &Arc<dyn WaitTarget>, _: &mut _| (call.call(), call.parked_in());
                let (waiter, kind) = with_call(waiter, remains, parked)?;
                let (waiter, awaited) = (waiter.into(), call_of(awaited, remains)?.into());
                edges.push(WaitEdge { waiter, awaited, kind });
            }
            (Node::Call(Awaited::Scope(scope)), Awaited::Call(awaited)) => {
                let (waiter, awaited) = (scope.waiter.into(), call_of(awaited, remains)?.into());
                edges.push(WaitEdge { waiter, awaited, kind: WaitKind::ScopeEnd(scope.site) });
            }
            (Node::Call(Awaited::Permit(limit)), Awaited::Call(awaited)) => {
                let awaited = call_of(awaited, remains)?;
                for thread in waiters_of(*limit, deadlock) {
                    let waiter = top_of(thread, &calls_from(thread, &entered))?;
                    let awaited = awaited.into();
                    edges.push(WaitEdge { waiter, awaited, kind: WaitKind::Permit });
                }
            }
            (Node::Call(_), _) => {}
            (Node::Thread(from), awaited) => {
                let calls = calls_from(*from, &entered);
                if listed.insert(*from) {
                    let edge = |pair: &[Call]| WaitEdge {
                        waiter: pair[0].into(),
                        awaited: pair[1].into(),
                        kind: WaitKind::InPlace,
                    };
                    edges.extend(calls.windows(2).map(edge));
                }
                let on = &wait_of(*from)?.on;
                let waiter = || top_of(*from, &calls);
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
        (Node::Thread(thread), Awaited::Permit(of)) if of.id() == limit.id() => Some(*thread),
        _ => None,
    })
}

fn call_of(call: &Weak<dyn WaitTarget>, remains: &mut Remains) -> Option<Call> {
    with_call(call, remains, |call, _| call.call())
}

/// What holds a lock.
struct Holder {
    party: Party,
    /// The body on the thread.
    body: Option<Frame>,
    taken_at: Option<&'static Location<'static>>,
}

impl Holder {
    /// The body that took the lock. Where that is not known, it is the lowest of the thread.
    fn new(thread: usize, held: &Held) -> Self {
        let Stack { thread, bodies, .. } = stacks::stack_of(thread).unwrap_or_default();
        let taken_by = |frame: Frame| bodies.iter().find(|body| body.frame == frame);
        let body = match held.taken {
            Some(taken) => taken_by(taken.body),
            None => bodies.first(),
        };
        Self {
            party: body.map_or(Party::Thread(thread), |body| body.name.call().into()),
            body: body.map(|body| body.frame),
            taken_at: held.taken.map(|taken| taken.site),
        }
    }
}

/// The body on top of a thread that was entered at the first of `calls`, or the thread if it has no body.
fn top_of(thread: usize, calls: &[Call]) -> Option<Party> {
    if let Some(call) = calls.last() {
        return Some((*call).into());
    }
    let stack = stacks::stack_of(thread)?;
    stack.bodies.is_empty().then_some(Party::Thread(stack.thread))
}

/// Returns the calls on the stack of a thread, from the first of the bodies `entered` upwards.
fn calls_from(thread: usize, entered: &Set) -> Vec<Call> {
    let bodies = stacks::stack_of(thread).map(|stack| stack.bodies).unwrap_or_default();
    let above = bodies.iter().skip_while(|body| !entered.contains(body.frame.word()));
    above.map(|body| body.name.call()).collect()
}
