//! What keeps a wait from ending, told edge by edge.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::Location;

use super::graph::Node;
use super::{Awaited, Wait, graph};
use crate::call::Call;
use crate::stacks::{self, Frame};

/// A call that waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    waits: Call,
    waits_for: Call,
    how: How,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// The thread that waits runs the other call itself.
    RunsIt,
    Joins(&'static Location<'static>),
    /// The call begins when it has the other's value.
    IsGiven,
    /// The end of any of so many calls would do.
    WaitsForAny(usize, &'static Location<'static>),
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { waits, waits_for, how } = self;
        let verb = if *how == How::IsGiven { "needs" } else { "waits for" };
        write!(f, "{waits} {verb} ")?;
        match how {
            How::IsGiven => write!(f, "{waits_for} before it can begin"),
            How::RunsIt => write!(f, "{waits_for}, which it runs itself"),
            How::Joins(site) => write!(f, "{waits_for} at {site}"),
            How::WaitsForAny(count, site) => {
                write!(f, "any of {count} calls at {site}, of which {waits_for} is one")
            }
        }
    }
}

/// The edges, told by the calls on the threads. `None` if a thread does not run a call that it is
/// waited for any more, and so is not stuck.
///
/// Each thread is entered by the lowest of its calls that others wait for. The bodies above that one
/// are on top of it because each waits for the next.
pub(super) fn edges<'a>(
    stuck: &[graph::Edge<Awaited>],
    wait_of: impl Fn(usize) -> Option<&'a Wait>,
) -> Option<Vec<Edge>> {
    let entered: BTreeSet<Frame> = stuck.iter().map(|edge| edge.call.0.runner()).collect();
    let mut told = BTreeSet::new();
    let mut edges = Vec::new();
    for graph::Edge { from, call, .. } in stuck {
        let from = match from {
            Node::Thread(thread) => thread,
            Node::Call(waits) => {
                let (waits, waits_for) = (waits.0.call(), call.0.call());
                edges.push(Edge { waits, waits_for, how: How::IsGiven });
                continue;
            }
        };
        let calls = calls_from(*from, &entered);
        let (_, site) = wait_of(*from)?.on.call()?;
        if told.insert(*from) {
            let edge =
                |pair: &[Call]| Edge { waits: pair[0], waits_for: pair[1], how: How::RunsIt };
            edges.extend(calls.windows(2).map(edge));
        }
        let how = match wait_of(*from)?.on.count() {
            1 => How::Joins(site),
            count => How::WaitsForAny(count, site),
        };
        edges.push(Edge { waits: *calls.last()?, waits_for: call.0.call(), how });
    }
    Some(edges)
}

/// The calls on the stack of a thread, from the first of the bodies `entered` upwards.
fn calls_from(thread: usize, entered: &BTreeSet<Frame>) -> Vec<Call> {
    let bodies = stacks::stack_of(thread).map(|stack| stack.bodies).unwrap_or_default();
    let above = bodies.iter().skip_while(|body| !entered.contains(&body.frame));
    above.map(|body| body.name.call()).collect()
}
