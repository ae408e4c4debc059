//! A call's place in the tree.

use std::sync::Arc;

use super::current::new_node;
use super::tree::Node;
use crate::error::Stopped;

/// The link of a call to the tree: to its parent until the body starts, then to the body's own node.
pub(crate) enum Link {
    Parent(Option<Arc<Node>>),
    Own(Arc<Node>),
}

impl Link {
    /// The call was not made by a body, or nothing concerns it any more.
    pub(crate) const NONE: Self = Self::Parent(None);

    /// Returns the node of the body, which starts, or is polled again.
    #[inline]
    pub(crate) fn start(&mut self) -> Arc<Node> {
        if let Self::Parent(parent) = self {
            *self = Self::Own(new_node(parent.take()));
        }
        match self {
            Self::Own(node) => node.clone(),
            Self::Parent(_) => unreachable!("it was replaced above"),
        }
    }

    /// Returns the node of a body that starts and that no other thread can stop.
    #[inline]
    pub(crate) fn start_alone(&mut self) -> Arc<Node> {
        match std::mem::replace(self, Self::NONE) {
            Self::Parent(parent) => new_node(parent),
            Self::Own(node) => node,
        }
    }

    /// Returns the node of the body, if that has started.
    pub(crate) fn own(&self) -> Option<&Arc<Node>> {
        match self {
            Self::Own(node) => Some(node),
            Self::Parent(_) => None,
        }
    }

    /// Returns where a call is registered while it is parked.
    pub(crate) fn node(&self) -> Option<&Arc<Node>> {
        match self {
            Self::Own(node) => Some(node),
            Self::Parent(parent) => parent.as_ref(),
        }
    }

    /// Returns why the call has to stop, if it has.
    pub(crate) fn stopped(&self) -> Option<Stopped> {
        self.node()?.stopped()
    }

    /// Whether the body that made the call has stopped, or would have taken the call along if the call were
    /// not shared.
    pub(crate) fn is_orphaned(&self) -> bool {
        self.node().is_some_and(Node::is_orphaned)
    }

    /// Lets the call go on when its parent is stopped. Returns what is to be dropped without a lock.
    #[must_use]
    pub(crate) fn detach(&mut self) -> Option<Arc<Node>> {
        match self {
            Self::Own(node) => {
                node.detach();
                None
            }
            Self::Parent(parent) => parent.take(),
        }
    }

    /// As `detach`, but a stop of the parent still orphans the call.
    pub(crate) fn share(&mut self) {
        match self {
            Self::Own(node) => node.share(),
            Self::Parent(parent) => *parent = parent.take().map(Node::barrier),
        }
    }

    /// Whether the body has not started and outlives its parent only while the call is held.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Self::Parent(Some(parent)) if parent.is_barrier())
    }
}
