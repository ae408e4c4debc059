//! A call's place in the tree.

use std::sync::Arc;

use super::spare;
use super::tree::{Node, Vacated};
use crate::error::Stopped;

/// The link of a call to the tree: to its parent until the body starts, then to the body's own node.
pub(crate) struct Link {
    pub(super) node: Option<Arc<Node>>,
    pub(super) is_own: bool,
}

impl Link {
    /// The call was not made by a body, or was detached.
    pub(crate) const NONE: Self = Self { node: None, is_own: false };

    #[inline]
    pub(crate) fn to_parent(parent: Option<Arc<Node>>) -> Self {
        Self { node: parent, is_own: false }
    }

    /// Returns a link to the body's own node or to the parent.
    #[inline]
    pub(crate) fn new(node: Option<Arc<Node>>, is_own: bool) -> Self {
        Self { node, is_own }
    }

    /// Takes the node out.
    #[inline]
    pub(crate) fn into_node(self) -> Option<Arc<Node>> {
        self.node
    }

    /// Gives the body a node if it has none. Returns the link for the thread that is about to run it.
    #[inline]
    pub(crate) fn start(&mut self) -> Self {
        if !self.is_own {
            *self = Self::new(Some(spare::node(self.node.take())), true);
        }
        Self::new(self.node.clone(), true)
    }

    /// Gives up the body's own node, if it has one that nothing else holds, for a link to the parent. Returns the
    /// node, to be kept for another body.
    #[must_use]
    pub(crate) fn vacate(&mut self) -> Option<Arc<Node>> {
        if !self.is_own {
            return None;
        }
        match self.node.take()?.vacate() {
            Ok(Vacated { empty, parent }) => {
                *self = Self::to_parent(parent);
                Some(empty)
            }
            Err(node) => {
                self.node = Some(node);
                None
            }
        }
    }

    /// Returns the node of the body, if that has one.
    pub(crate) fn own(&self) -> Option<&Arc<Node>> {
        self.node.as_ref().filter(|_| self.is_own)
    }

    /// Returns why the call has to stop, if it has.
    pub(crate) fn stopped(&self) -> Option<Stopped> {
        self.node.as_ref()?.stopped()
    }

    /// Lets the call continue when its parent is stopped. Returns a node that the caller drops without a lock.
    #[must_use]
    pub(crate) fn detach(&mut self) -> Option<Arc<Node>> {
        match self.own() {
            Some(node) => {
                node.detach();
                None
            }
            None => self.node.take(),
        }
    }

    /// As `detach`, until `unshare`.
    pub(crate) fn share(&mut self) {
        match self.own() {
            Some(node) => node.share(),
            None => self.node = self.node.take().map(Node::barrier),
        }
    }

    /// Has a stop of the parent stop the call again, if it was shared. The caller polls afterwards: the parent may have
    /// been stopped.
    pub(crate) fn unshare(&self) {
        match self.own() {
            Some(node) => node.unshare(),
            None => self.node.iter().for_each(Node::open),
        }
    }
}
