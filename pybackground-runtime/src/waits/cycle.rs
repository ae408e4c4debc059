//! A deadlock, listed edge by edge.

use std::collections::BTreeSet;

use super::graph::{self, Node};
use super::wait::{Awaited, Wait};
use crate::call::Call;
use crate::error::{WaitEdge, WaitKind};
use crate::stacks::{self, Frame};

/// Returns the edges between calls, or `None` if a thread no longer runs a call that it is waited for, and so
/// is not deadlocked.
///
/// Each thread is entered at the lowest of its calls that others wait for. Each body above that one was
/// started by the wait of the body below it.
pub(super) fn edges<'a>(
    deadlock: &[graph::Edge<Awaited>],
    wait_of: impl Fn(usize) -> Option<&'a Wait>,
) -> Option<Vec<WaitEdge>> {
    let runner = |edge: &graph::Edge<Awaited>| match &edge.call {
        Awaited::Call(job) => Some(job.runner()),
        Awaited::Scope(_) => None,
    };
    let entered: BTreeSet<Frame> = deadlock.iter().filter_map(runner).collect();
    let mut listed = BTreeSet::new();
    let mut edges = Vec::new();
    for graph::Edge { from, call, .. } in deadlock {
        match (from, call) {
            (Node::Call(Awaited::Call(waiter)), Awaited::Call(awaited)) => {
                let (waiter, awaited) = (waiter.call(), awaited.call());
                edges.push(WaitEdge { waiter, awaited, kind: WaitKind::Argument });
            }
            (Node::Call(Awaited::Scope(scope)), Awaited::Call(awaited)) => {
                let (waiter, awaited) = (scope.waiter, awaited.call());
                edges.push(WaitEdge { waiter, awaited, kind: WaitKind::ScopeEnd(scope.site) });
            }
            (Node::Call(_), Awaited::Scope(_)) => {}
            (Node::Thread(from), awaited) => {
                let calls = calls_from(*from, &entered);
                if listed.insert(*from) {
                    let edge = |pair: &[Call]| WaitEdge {
                        waiter: pair[0],
                        awaited: pair[1],
                        kind: WaitKind::InPlace,
                    };
                    edges.extend(calls.windows(2).map(edge));
                }
                // The edges of the scope itself follow.
                let Awaited::Call(awaited) = awaited else { continue };
                let on = &wait_of(*from)?.on;
                let (_, site) = on.call()?;
                let kind = match on.count() {
                    1 => WaitKind::Join(site),
                    count => WaitKind::Any(count, site),
                };
                edges.push(WaitEdge { waiter: *calls.last()?, awaited: awaited.call(), kind });
            }
        }
    }
    Some(edges)
}

/// Returns the calls on the stack of a thread, from the first of the bodies `entered` upwards.
fn calls_from(thread: usize, entered: &BTreeSet<Frame>) -> Vec<Call> {
    let bodies = stacks::stack_of(thread).map(|stack| stack.bodies).unwrap_or_default();
    let above = bodies.iter().skip_while(|body| !entered.contains(&body.frame));
    above.map(|body| body.name.call()).collect()
}
