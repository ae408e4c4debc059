//! The place in the tree of the body that runs on this thread.
//!
//! A body that its only owner runs in place gets its own node when it makes its first call. Until then a link to the
//! parent does the same, because only a stop of the parent can concern the body.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::link::Link;
use super::spare;
use super::tree::Node;
use crate::error::Stopped;
use crate::sync::thread_local;

/// The link of the body on top.
///
/// It has no destructor, which each access would have to register. When the thread ends, no body is on it
/// and nothing is left to drop.
struct Top {
    node: Cell<ManuallyDrop<Option<Arc<Node>>>>,
    is_own: Cell<bool>,
}

thread_local! {
    static TOP: Top = const {
        Top { node: Cell::new(ManuallyDrop::new(None)), is_own: Cell::new(false) }
    };
}

impl Top {
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "part of `enter` and `leave`")]
    fn swap(&self, link: Link) -> Link {
        let node = self.node.replace(ManuallyDrop::new(link.node));
        let is_own = self.is_own.replace(link.is_own);
        Link { node: ManuallyDrop::into_inner(node), is_own }
    }
}

/// As `LocalKey::with`, which the compiler may not inline.
#[inline(always)]
#[allow(clippy::inline_always, reason = "a call costs more than most that is done here")]
fn with_top<R>(act: impl FnOnce(&Top) -> R) -> R {
    match TOP.try_with(act) {
        Ok(result) => result,
        Err(_) => unreachable!("it has no destructor"),
    }
}

/// Returns the node of the body on top of this thread's stack; none if nothing can stop that body.
#[inline]
pub(crate) fn current() -> Option<Arc<Node>> {
    with_top(|top| {
        let node = ManuallyDrop::into_inner(top.node.take())?;
        // The first call of the body.
        let node = if top.is_own.replace(true) { node } else { spare::node(Some(node)) };
        top.node.set(ManuallyDrop::new(Some(node.clone())));
        Some(node)
    })
}

/// Returns why the body on top of this thread's stack has to stop, apart from a shutdown.
pub(super) fn find_stopped() -> Option<Stopped> {
    TOP.with(|top| {
        let link = top.swap(Link::NONE);
        let stopped = link.stopped();
        top.swap(link);
        stopped
    })
}

/// Puts a body on top, and returns what is below, for [`leave`].
#[inline(always)]
#[allow(clippy::inline_always, reason = "a call in between costs more than all of this")]
pub(crate) fn enter(body: Link) -> Link {
    with_top(|top| top.swap(body))
}

/// Takes the body off.
#[inline(always)]
#[allow(clippy::inline_always, reason = "a call in between costs more than all of this")]
pub(crate) fn leave(below: Link) -> Link {
    with_top(|top| top.swap(below))
}

/// Runs `make` as if no body were on this thread: the calls that it makes belong to none.
pub(crate) fn outside<R>(make: impl FnOnce() -> R) -> R {
    struct Below(Link);

    impl Drop for Below {
        fn drop(&mut self) {
            leave(std::mem::replace(&mut self.0, Link::NONE));
        }
    }

    let _below = Below(enter(Link::NONE));
    make()
}

/// Ends the node of a body that has ended. The task has given up its reference to the node already.
#[inline]
pub(crate) fn end(body: Link) {
    match body.node {
        Some(node) if body.is_own => spare::end(node),
        _ => {}
    }
}
