//! The node of the body that runs on this thread.
//!
//! A body that ends without anything left that holds its node leaves the node to the next body at its
//! depth. So where calls are made and joined, as in a fork-join, a thread allocates one node per depth.

use std::cell::RefCell;
use std::sync::Arc;

use super::tree::Node;
use crate::sync::thread_local;

/// More nodes than this are not kept.
const MOST_SPARE: usize = 64;

thread_local! {
    static NODES: RefCell<Nodes> = const { RefCell::new(Nodes { current: None, spare: Vec::new() }) };
}

struct Nodes {
    current: Option<Arc<Node>>,
    spare: Vec<Arc<Node>>,
}

/// Returns the node of the body on top of this thread's stack.
#[inline]
pub(crate) fn current() -> Option<Arc<Node>> {
    NODES.try_with(|nodes| nodes.borrow().current.clone()).ok().flatten()
}

/// Returns a node for a body that is about to start.
#[inline]
pub(crate) fn new_node(parent: Option<Arc<Node>>) -> Arc<Node> {
    match NODES.try_with(|nodes| nodes.borrow_mut().spare.pop()) {
        Ok(Some(mut node)) => {
            node.renew(parent);
            node
        }
        _ => Node::new(parent),
    }
}

/// Runs `body`, which does not unwind, as that of `node`, and returns the node.
#[inline]
pub(crate) fn run_as<R>(node: Arc<Node>, body: impl FnOnce() -> R) -> (R, Arc<Node>) {
    let mut other = Some(node);
    swap(&mut other);
    let result = body();
    swap(&mut other);
    (result, other.expect("the swaps cancel each other"))
}

/// Swaps the current node, unless the thread's storage is gone.
#[inline]
fn swap(node: &mut Option<Arc<Node>>) {
    let _ = NODES.try_with(|nodes| std::mem::swap(&mut nodes.borrow_mut().current, node));
}

/// The body of `node` has ended, and nothing else of its call holds the node.
#[inline]
pub(crate) fn end(node: Arc<Node>) {
    let Some(node) = node.end() else { return };
    let _unkept = NODES.try_with(|nodes| {
        let spare = &mut nodes.borrow_mut().spare;
        if spare.len() < MOST_SPARE {
            spare.push(node);
        }
    });
}
