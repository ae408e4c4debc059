//! The transitions that move neither the body nor the outcome. They are compiled once, and not for each function.

use std::sync::Arc;

use super::word::{DONE, ENDING, HELD, QUEUED, RUNNING, SUSPENDED, TAG, WOKEN, Word};
use crate::cancel::{Link, Node};
use crate::stacks::Frame;
use crate::task::dependencies::Dependencies;
use crate::task::dependents::DependentCall;
use crate::task::parked::ParkedCall;
use crate::task::trailer::Trailer;

/// What the task's lock protects beside the body and the outcome. `J` is the other calls, see
/// [`Job`](crate::task::Job).
pub(crate) struct Core<J: ?Sized> {
    trailer: Trailer<J>,
    /// The parent until the body starts, then the body's own node until it ends or is closed. A suspended body
    /// gives up a node that nothing else needs for the parent.
    pub(super) node: Option<Arc<Node>>,
}

impl<J: DependentCall + ?Sized + 'static> Core<J> {
    #[inline]
    pub(super) fn new(parent: Option<Arc<Node>>) -> Self {
        Self { trailer: Trailer::NOTHING, node: parent }
    }

    pub(in crate::task) fn trailer(&mut self) -> &mut Trailer<J> {
        &mut self.trailer
    }

    #[inline]
    pub(super) fn into_parts(self) -> (Trailer<J>, Option<Arc<Node>>) {
        (self.trailer, self.node)
    }

    /// Returns the node of the body or, until that starts, of the parent.
    pub(in crate::task) fn node(&self) -> Option<&Arc<Node>> {
        self.node.as_ref()
    }

    /// Takes the node out, to be dropped without the lock.
    #[must_use]
    pub(super) fn take_node(&mut self) -> Option<Arc<Node>> {
        self.node.take()
    }

    /// Starts the body, or resumes it if it has a node already. Returns the link to its node.
    pub(super) fn run(&mut self, word: &Word, owns_node: bool, frame: Frame) -> Link {
        word.set_running(RUNNING, frame);
        let mut link = Link::new(self.node.take(), owns_node);
        let running = link.start();
        self.node = link.into_node();
        running
    }

    /// Whether a joining thread must not claim the body: it could not leave the body at a deadline, and
    /// while it ran a shared call it could not drop its own clone.
    pub(super) fn is_for_workers(&self) -> bool {
        self.trailer.has_time_limit()
            || self.node.as_ref().is_some_and(|parent| parent.is_barrier())
    }

    /// Leaves the body to the workers if it has become theirs.
    pub(in crate::task) fn reserve(&self, word: &Word) {
        if word.is_claimable() && self.is_for_workers() {
            word.set(QUEUED);
        }
    }

    /// Keeps the call from being closed, now that its body has returned; `false` if it has been closed. Takes the node
    /// out, to be dropped without the lock.
    #[must_use]
    pub(super) fn end(&mut self, word: &Word) -> (bool, Option<Arc<Node>>) {
        let in_time = word.is_running();
        if in_time {
            word.set_running(ENDING, word.runner());
        }
        (in_time, self.node.take())
    }

    /// Ends the call. Returns what to notify.
    #[must_use]
    pub(super) fn set_done(&mut self, word: &Word) -> Trailer<J> {
        let trailer = std::mem::take(&mut self.trailer);
        trailer.end_deadline();
        word.set_done();
        trailer
    }

    /// Takes note of a wake-up: by the future's waker or, while the call is held, by a dependency.
    pub(in crate::task) fn wake(&mut self, word: &Word) -> Woken<J> {
        match word.read() {
            HELD => {
                let dependencies = self.trailer.dependency_ended();
                dependencies.map_or(Woken::GoesOn, Woken::HasDependencies)
            }
            SUSPENDED => {
                word.set(QUEUED);
                Woken::Resumes(self.trailer.take_parked())
            }
            running if running & TAG == RUNNING => {
                word.set_running(WOKEN, word.runner());
                Woken::GoesOn
            }
            _ => Woken::GoesOn,
        }
    }

    /// Calls `act` with the place of the call in the cancellation tree.
    pub(in crate::task) fn with_link(&mut self, is_own: bool, act: impl FnOnce(&mut Link)) {
        let mut link = Link::new(self.node.take(), is_own);
        act(&mut link);
        self.node = link.into_node();
    }

    /// How the call can be closed now.
    pub(super) fn closing(&self, word: &Word) -> BodyClosing {
        match word.read() {
            state if state == DONE || state & TAG == ENDING => BodyClosing::TooLate,
            state if state & TAG == 0 => BodyClosing::NeverEnds,
            _ => BodyClosing::RunsOn(self.node.clone().expect("a running body has a node")),
        }
    }

    /// The call is closed. Returns what to notify.
    #[must_use]
    pub(super) fn set_closed(&mut self, word: &Word) -> Trailer<J> {
        word.set_done();
        self.trailer.take_for_close()
    }
}

/// See [`Core::closing`].
pub(super) enum BodyClosing {
    /// No thread runs the body.
    NeverEnds,
    /// A thread runs the body, which has this node.
    RunsOn(Arc<Node>),
    /// The call has ended, or is about to.
    TooLate,
}

/// What follows from a wake-up, by a waker or by a dependency.
#[must_use]
pub(in crate::task) enum Woken<J: ?Sized> {
    /// The future was suspended: enqueue it. It counts as suspended until this is dropped.
    Resumes(Option<ParkedCall>),
    /// The last dependency has ended: enqueue the call. It counts as waiting until this is dropped.
    HasDependencies(Dependencies<J>),
    /// Nothing.
    GoesOn,
}

/// What follows from closing a call.
#[must_use]
pub(crate) enum Close<J: ?Sized> {
    /// The body never returns: notify these, and what is parked below the node.
    NeverEnds(Trailer<J>, Link),
    /// The body runs on: notify these, and what is parked below the node.
    RunsOn(Trailer<J>, Arc<Node>),
    /// The call had ended.
    TooLate,
}
