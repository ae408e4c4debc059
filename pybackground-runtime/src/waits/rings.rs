//! The search for rings through calls that are on no thread.

use std::cell::RefCell;
use std::sync::Weak;

use super::cycle;
use super::deadlock::may_be_needed;
use super::graph::{self, Found, Graph, GraphNode, Needs, Root};
use super::wait::{self, Awaited, ThreadWait};
use crate::error::WaitEdge;
use crate::table::Id;
use crate::wait_target::{Remains, WaitTarget};

/// Where a search for a ring begins.
#[derive(Clone)]
pub(crate) enum RingRoot {
    /// A call that is on no thread.
    Call(Weak<dyn WaitTarget>),
    /// The wait in the graph of the thread of that number.
    Thread(usize),
}

impl RingRoot {
    /// What tells it apart from other roots.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Call(call) => (1, call.as_ptr().cast::<()>().addr()).into(),
            Self::Thread(thread) => (*thread).into(),
        }
    }
}

/// What a search for a ring has found.
pub(crate) enum Look {
    /// The root can continue.
    Nothing,
    /// The search took too many steps.
    TooLong,
    Ring(Ring),
}

/// What one search for a ring leaves to the next.
pub(crate) struct SearchMemory(graph::Memory<Awaited>);

impl SearchMemory {
    /// For searches that take so many steps in all.
    pub(crate) fn new(steps: usize) -> Self {
        Self(graph::Memory::new(steps))
    }

    /// How many steps are left.
    pub(crate) fn steps(&self) -> usize {
        self.0.steps()
    }

    /// The ring ends without an error of a search.
    pub(crate) fn leave_out(&mut self, ring: &Ring) {
        self.0.leave_out(&ring.found);
    }
}

/// Waits that keep each other from ending, some of them on no thread.
pub(crate) struct Ring {
    /// `None` if something has broken the ring meanwhile.
    pub(crate) edges: Option<Vec<WaitEdge>>,
    found: Vec<graph::Edge<Awaited>>,
}

impl Ring {
    /// The calls of the ring that are on no thread, each with a call that it waits for.
    pub(crate) fn parked(
        &self,
    ) -> impl Iterator<Item = (&Weak<dyn WaitTarget>, &Weak<dyn WaitTarget>)> {
        self.found.iter().filter_map(|edge| match (&edge.from, &edge.call) {
            (GraphNode::Call(Awaited::Call(call)), Awaited::Call(awaited)) => Some((call, awaited)),
            _ => None,
        })
    }
}

/// Looks for waits that keep the root from ever continuing. As each other search, but also through calls of which
/// `parked` says what they need. The remains are to be dropped after the caller has released its locks.
pub(super) fn find(
    graph: &Graph<ThreadWait>,
    root: &RingRoot,
    parked: impl Fn(&Weak<dyn WaitTarget>, &mut Remains) -> Option<Needs<Weak<dyn WaitTarget>>>,
    memory: &mut SearchMemory,
    remains: &mut Remains,
) -> Look {
    let shared = RefCell::new(&mut *remains);
    let needs = |awaited: &Awaited| {
        let mut remains = shared.borrow_mut();
        let parked = match awaited {
            Awaited::Call(call) => parked(call, &mut remains),
            _ => None,
        };
        match parked {
            None => awaited.needs(graph, &mut remains),
            Some(Needs::Nothing) => Needs::Nothing,
            Some(Needs::Thread(thread)) => Needs::Thread(thread),
            Some(Needs::All(all)) => Needs::All(wait::calls(all)),
            Some(Needs::Any(any)) => Needs::Any(wait::calls(any)),
        }
    };
    let found = match root {
        RingRoot::Call(call) => {
            graph.ring(&Root::Call(&Awaited::Call(Weak::clone(call))), needs, &mut memory.0)
        }
        RingRoot::Thread(thread) => {
            let wait = graph.get(*thread).filter(|wait| may_be_needed(graph, wait));
            let Some(wait) = wait else { return Look::Nothing };
            graph.ring(&Root::Thread(*thread, wait), needs, &mut memory.0)
        }
    };
    let found = match found {
        Found::Nothing => return Look::Nothing,
        Found::TooLong => return Look::TooLong,
        Found::Ring(found) => found,
    };
    let edges = cycle::edges(&found, graph, remains);
    Look::Ring(Ring { edges, found })
}
