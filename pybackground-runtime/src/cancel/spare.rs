//! The nodes that the next bodies of this thread get.
//!
//! A node that nothing else holds when its body ends is kept for the next body of the thread. So in a fork-join,
//! where each body joins the calls that it makes, a thread allocates one node per depth.

use std::cell::RefCell;
use std::sync::Arc;

use super::tree::Node;
use crate::sync::thread_local;

/// More nodes than this are not kept.
const MOST_SPARE: usize = 64;

thread_local! {
    static SPARE: RefCell<Vec<Arc<Node>>> = const { RefCell::new(Vec::new()) };
}

/// Returns a node for a body.
pub(super) fn node(parent: Option<Arc<Node>>) -> Arc<Node> {
    match SPARE.try_with(|spare| spare.borrow_mut().pop()) {
        Ok(Some(mut node)) => {
            node.renew(parent);
            node
        }
        _ => Node::new(parent),
    }
}

/// Ends the node of a body that has ended, and keeps it if nothing else holds it.
pub(super) fn end(node: Arc<Node>) {
    if let Some(node) = node.end() {
        keep(node);
    }
}

/// Keeps a node that nothing else holds for another body.
pub(crate) fn keep(node: Arc<Node>) {
    let _unkept = SPARE.try_with(|spare| {
        let mut spare = spare.borrow_mut();
        if spare.len() < MOST_SPARE {
            spare.push(node);
        }
    });
}
