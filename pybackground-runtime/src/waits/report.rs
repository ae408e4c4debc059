//! What keeps a wait from ending, told edge by edge.

use std::collections::BTreeSet;

use super::graph::Node;
use super::{Awaited, Wait, graph};
use crate::call::Call;
use crate::error::{WaitEdge, WaitKind};
use crate::stacks::{self, Frame};

/// The edges, told by the calls on the threads. `None` if a thread does not run a call that it is
/// waited for any more, and so is not stuck.
///
/// Each thread is entered by the lowest of its calls that others wait for. The bodies above that one
/// are on top of it because each waits for the next.
pub(super) fn edges<'a>(
    stuck: &[graph::Edge<Awaited>],
    wait_of: impl Fn(usize) -> Option<&'a Wait>,
) -> Option<Vec<WaitEdge>> {
    let entered: BTreeSet<Frame> = stuck.iter().map(|edge| edge.call.0.runner()).collect();
    let mut told = BTreeSet::new();
    let mut edges = Vec::new();
    for graph::Edge { from, call, .. } in stuck {
        let from = match from {
            Node::Thread(thread) => thread,
            Node::Call(waits) => {
                let (waiter, awaited) = (waits.0.call(), call.0.call());
                edges.push(WaitEdge { waiter, awaited, kind: WaitKind::Argument });
                continue;
            }
        };
        let calls = calls_from(*from, &entered);
        let (_, site) = wait_of(*from)?.on.call()?;
        if told.insert(*from) {
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

/// The calls on the stack of a thread, from the first of the bodies `entered` upwards.
fn calls_from(thread: usize, entered: &BTreeSet<Frame>) -> Vec<Call> {
    let bodies = stacks::stack_of(thread).map(|stack| stack.bodies).unwrap_or_default();
    let above = bodies.iter().skip_while(|body| !entered.contains(&body.frame));
    above.map(|body| body.name.call()).collect()
}
