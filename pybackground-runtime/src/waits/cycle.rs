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
    let entered: BTreeSet<Frame> = deadlock.iter().map(|edge| edge.call.0.runner()).collect();
    let mut listed = BTreeSet::new();
    let mut edges = Vec::new();
    for graph::Edge { from, call, .. } in deadlock {
        let from = match from {
            Node::Thread(thread) => thread,
            Node::Call(waiter) => {
                let (waiter, awaited) = (waiter.0.call(), call.0.call());
                edges.push(WaitEdge { waiter, awaited, kind: WaitKind::Argument });
                continue;
            }
        };
        let calls = calls_from(*from, &entered);
        let (_, site) = wait_of(*from)?.on.call()?;
        if listed.insert(*from) {
            let edge = |pair: &[Call]| WaitEdge {
                waiter: pair[0],
                awaited: pair[1],
                kind: WaitKind::InPlace,
            };
            edges.extend(calls.windows(2).map(edge));
        }
        let kind = match wait_of(*from)?.on.count() {
            1 => WaitKind::Join(site),
            count => WaitKind::Any(count, site),
        };
        edges.push(WaitEdge { waiter: *calls.last()?, awaited: call.0.call(), kind });
    }
    Some(edges)
}

/// Returns the calls on the stack of a thread, from the first of the bodies `entered` upwards.
fn calls_from(thread: usize, entered: &BTreeSet<Frame>) -> Vec<Call> {
    let bodies = stacks::stack_of(thread).map(|stack| stack.bodies).unwrap_or_default();
    let above = bodies.iter().skip_while(|body| !entered.contains(&body.frame));
    above.map(|body| body.name.call()).collect()
}
