//! A ring told edge by edge.

use std::fmt;
use std::panic::Location;

use super::{On, Wait};
use crate::call::Call;
use crate::running::{self, Frame};

/// A call that waits for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) waits: Call,
    pub(crate) waits_for: Call,
    /// Where the join is; `None` if the thread that joins runs the other call itself.
    pub(crate) joined_at: Option<&'static Location<'static>>,
}

impl fmt::Display for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits for {}", self.waits, self.waits_for)?;
        match self.joined_at {
            Some(site) => write!(f, " at {site}"),
            None => f.write_str(", which it runs itself"),
        }
    }
}

/// The edges of a ring: its threads, and what each of them waits for. `None` if a call of it is not run
/// by its thread any more, and so it is no ring.
///
/// Each thread is entered by the call that the thread before it waits for. The bodies above that one
/// are on top of it because each waits for the next.
pub(super) fn edges<'a>(
    ring: &[usize],
    waits: impl Iterator<Item = &'a Wait>,
) -> Option<Vec<Edge>> {
    let waits: Vec<&Wait> = waits.collect();
    let mut edges = Vec::new();
    for (at, (thread, wait)) in ring.iter().zip(&waits).enumerate() {
        let before = waits[(at + waits.len() - 1) % waits.len()];
        let calls = calls_from(*thread, before.entered());
        let (waits_for, site) = wait.on.call()?;
        let pairs = calls.windows(2);
        edges.extend(pairs.map(|pair| Edge {
            waits: pair[0],
            waits_for: pair[1],
            joined_at: None,
        }));
        edges.push(Edge { waits: *calls.last()?, waits_for, joined_at: Some(site) });
    }
    Some(edges)
}

/// The calls on the stack of a thread, from the body of `frame` upwards.
fn calls_from(thread: usize, frame: Frame) -> Vec<Call> {
    let bodies = running::stack_of(thread).map(|stack| stack.bodies).unwrap_or_default();
    bodies.iter().skip_while(|body| body.frame != frame).map(|body| body.name.call()).collect()
}

impl Wait {
    /// The body that has to end.
    fn entered(&self) -> Frame {
        match &self.on {
            On::Call { job, .. } => job.runner(),
            On::Time => Frame::NONE,
        }
    }
}
