//! Every transition between the states of a call. No other file changes its word, which is in `word`.
//!
//! ```text
//!            admit              claim                end                 publish
//!   HELD ─────────▶ QUEUED ─────────────▶ RUNNING ─────────▶ ENDING ─────────────▶ DONE
//!                    ▲  ▲                 │  │  │                                   ▲
//!                    │  │     poll again  │  │  │    publish, or close: the body    │
//!                    │  └──────── WOKEN ◀─┘  │  └─── runs on, its result is late ───┤
//!                    │            wake       │                                      │
//!                    │ wake                  │ suspend                              │
//!                    └──────── SUSPENDED ◀───┘                                      │
//!                                                                                   │
//!   HELD, QUEUED, CLAIMABLE, SUSPENDED ─────────────── close ───────────────────────┘
//!
//!   CLAIMABLE ── a deadline, share ──▶ QUEUED        CLAIMABLE ── claim ──▶ RUNNING
//! ```
//!
//! WOKEN differs from RUNNING in one respect: a body that suspends is enqueued again at once. CLAIMABLE differs
//! from QUEUED in one respect: a joining thread may run the call. `admit` leads to CLAIMABLE as well, for a call
//! without a permit. A call begins as HELD, QUEUED, CLAIMABLE or, if it has an outcome from the start, DONE.
//!
//! The state is a word that can be read without the lock. It changes only under the lock, together
//! with what the lock protects: see the table in `task/mod.rs`. A transition returns what its caller
//! has to do after it has released the lock: drop a body, drop a result that came too late, wake the
//! waiters. This file knows no clock and no thread.

mod word;

use std::sync::Arc;

use super::body::Body;
use super::job::{Dependencies, Trailer};
use super::parked::ParkedCall;
use super::permit::Permit;
use crate::cancel::{Link, Node};
use crate::error::{Error, Outcome, Progress};
use crate::panic::drop_catching;
use crate::stacks::Frame;
use crate::sync::{Mutex, MutexGuard, lock, lock_brief};
pub(crate) use word::Word;
use word::{CLAIMABLE, DONE, ENDING, HELD, QUEUED, RUNNING, SUSPENDED, TAG, WOKEN};

/// The state of a call, with all that its transitions move.
pub(super) struct State<B: Body> {
    word: Word,
    core: Mutex<Core<B>>,
}

/// What the lock protects.
struct Core<B: Body> {
    cell: Cell<B>,
    trailer: Trailer,
    /// The parent until the body starts, then the body's own node until it ends or is closed. A suspended body
    /// gives up a node that nothing else needs for the parent.
    node: Option<Arc<Node>>,
}

/// What the call has at this time: its body or its outcome.
enum Cell<B: Body> {
    /// A thread has the body, or the outcome was handed over.
    Empty,
    Body(B),
    Outcome(Outcome<B::Output>),
    /// The call was closed before its body returned. The body waits for a thread of the pool to drop it:
    /// its destructors are user code, which the closing thread does not run.
    Closed(Box<Closed<B>>),
}

pub(super) struct Closed<B> {
    _body: Loaded<B>,
    /// `None` once the owner of the `Lazy` has taken it.
    error: Option<Error>,
}

/// A body with the permit of its call, which is released after the body is dropped. While the task has the body, the
/// permit is in the trailer, as few calls have one.
pub(super) struct Loaded<B> {
    pub(super) body: B,
    pub(super) permit: Option<Permit>,
}

/// A claimed body with its node.
type Claimed<B> = (Loaded<B>, Link);

/// The state, locked.
pub(super) struct Locked<'a, B: Body> {
    word: &'a Word,
    core: MutexGuard<'a, Core<B>>,
}

/// What follows from the end of a body.
#[must_use]
pub(super) enum Finish<T> {
    /// The outcome is published: notify these.
    Published(Trailer),
    /// The call had been closed: drop the outcome.
    TooLate(Outcome<T>),
}

/// What follows from a future that is pending.
#[must_use]
pub(super) enum Suspend<B> {
    /// It is stored until it is woken: keep the node that it gave up for another body.
    Stored(Option<Arc<Node>>),
    /// It has been woken: enqueue it again.
    Requeue,
    /// The call had been closed: drop the body, and end its node.
    TooLate(Loaded<B>, Link),
}

/// What follows from a wake-up, by a waker or by a dependency.
#[must_use]
pub(super) enum Woken {
    /// The future was suspended: enqueue it. It counts as suspended until this is dropped.
    Resumes(Option<ParkedCall>),
    /// The last dependency has ended: enqueue the call. It counts as waiting until this is dropped.
    HasDependencies(Dependencies),
    /// Nothing.
    GoesOn,
}

/// What follows from closing a call.
#[must_use]
pub(super) enum Close {
    /// The body never returns: notify these, and what is parked below the node.
    NeverEnds(Trailer, Link),
    /// The body runs on: notify these, and what is parked below the node.
    RunsOn(Trailer, Arc<Node>),
    /// The call had ended.
    TooLate,
}

impl<B: Body> State<B> {
    #[inline]
    fn new(state: u64, cell: Cell<B>, parent: Option<Arc<Node>>) -> Self {
        let core = Core { cell, trailer: Trailer::NOTHING, node: parent };
        Self { word: Word::new(state), core: Mutex::new(core) }
    }

    #[inline]
    pub(super) fn queued(body: B, parent: Option<Arc<Node>>) -> Self {
        let state = if B::IS_SYNC { CLAIMABLE } else { QUEUED };
        Self::new(state, Cell::Body(body), parent)
    }

    #[inline]
    pub(super) fn held(body: B, parent: Option<Arc<Node>>) -> Self {
        Self::new(HELD, Cell::Body(body), parent)
    }

    pub(super) fn done(outcome: Outcome<B::Output>) -> Self {
        Self::new(DONE, Cell::Outcome(outcome), None)
    }

    #[inline]
    pub(super) fn word(&self) -> &Word {
        &self.word
    }

    #[inline]
    pub(super) fn lock(&self) -> Locked<'_, B> {
        Locked { word: &self.word, core: lock(&self.core) }
    }

    /// As `lock`, on a thread that may be unparked meanwhile.
    pub(super) fn lock_brief(&self) -> Locked<'_, B> {
        Locked { word: &self.word, core: lock_brief(&self.core) }
    }

    /// Takes the state apart: the body of a call that is claimable, or else the outcome.
    #[inline]
    pub(super) fn into_parts(self) -> Result<(B, Link, Trailer), Outcome<B::Output>> {
        let core = self.core.into_inner().expect("no code under the lock panics");
        match core.cell {
            Cell::Body(body) => Ok((body, Link::to_parent(core.node), core.trailer)),
            Cell::Outcome(outcome) => Err(outcome),
            Cell::Closed(mut closed) => {
                let error = closed.error.take().expect("its only owner takes the error");
                drop_catching(closed);
                Err(Err(error))
            }
            Cell::Empty => unreachable!("a thread that runs or resumes the body owns the task too"),
        }
    }
}

impl<B: Body> Locked<'_, B> {
    /// Claims the body for a worker that has taken the call from a queue. Returns it with the link to its
    /// node.
    #[inline]
    pub(super) fn claim(&mut self, frame: impl FnOnce() -> Frame) -> Option<Claimed<B>> {
        if matches!(self.word.read(), QUEUED | CLAIMABLE) { Some(self.run(frame)) } else { None }
    }

    /// Claims the body for a thread that joins the call.
    #[inline]
    pub(super) fn claim_in_place(&mut self, frame: impl FnOnce() -> Frame) -> Option<Claimed<B>> {
        if self.word.is_claimable() { Some(self.run(frame)) } else { None }
    }

    #[inline]
    fn run(&mut self, frame: impl FnOnce() -> Frame) -> Claimed<B> {
        let body = self.take_body();
        self.word.set_running(RUNNING, frame());
        let mut link = Link::new(self.core.node.take(), body.body.owns_node());
        let running = link.start();
        self.core.node = link.into_node();
        (body, running)
    }

    #[inline]
    fn take_body(&mut self) -> Loaded<B> {
        match std::mem::replace(&mut self.core.cell, Cell::Empty) {
            Cell::Body(body) => Loaded { body, permit: self.core.trailer.take_permit() },
            _ => unreachable!("a call that no thread runs and that has not ended has its body"),
        }
    }

    fn store(&mut self, Loaded { body, permit }: Loaded<B>) {
        self.core.trailer.set_permit(permit);
        self.core.cell = Cell::Body(body);
    }

    /// Admits a held call to the queues, with its permit if it needs one; gives that back if the call has
    /// been closed. A call with a permit is left to the workers.
    pub(super) fn admit(&mut self, permit: Option<Permit>) -> Result<(), Option<Permit>> {
        let is_for_workers = self.is_for_workers();
        match &self.core.cell {
            Cell::Body(_) if self.word.read() == HELD => {
                let is_reserved = !B::IS_SYNC || permit.is_some() || is_for_workers;
                self.core.trailer.set_permit(permit);
                self.word.set(if is_reserved { QUEUED } else { CLAIMABLE });
                Ok(())
            }
            _ => Err(permit),
        }
    }

    /// Whether a joining thread must not claim the body: it could not leave the body at a deadline, and
    /// while it ran a shared call it could not drop its own clone.
    fn is_for_workers(&self) -> bool {
        self.core.trailer.has_time_limit()
            || self.core.node.as_ref().is_some_and(|parent| parent.is_barrier())
    }

    /// Keeps the call from being closed, now that its body has returned; `false` if it has been closed.
    #[must_use]
    pub(super) fn end(&mut self) -> bool {
        let in_time = self.word.is_running();
        if in_time {
            self.word.set_running(ENDING, self.word.runner());
        }
        in_time
    }

    /// Publishes the outcome.
    pub(super) fn publish(&mut self, outcome: Outcome<B::Output>) -> Finish<B::Output> {
        if self.word.is_done() {
            return Finish::TooLate(outcome);
        }
        self.core.cell = Cell::Outcome(outcome);
        Finish::Published(self.set_done())
    }

    /// Ends a call whose outcome its thread has handed over. Returns what to notify.
    #[must_use]
    pub(super) fn publish_handed_over(&mut self) -> Trailer {
        self.set_done()
    }

    fn set_done(&mut self) -> Trailer {
        let trailer = std::mem::take(&mut self.core.trailer);
        trailer.end_deadline();
        self.word.set_done();
        trailer
    }

    /// Puts away the future after a poll that left it pending.
    pub(super) fn suspend(
        &mut self,
        mut body: Loaded<B>,
        running: Link,
        park: impl FnOnce(Option<&Arc<Node>>) -> ParkedCall,
    ) -> Suspend<B> {
        match self.word.read() & TAG {
            RUNNING => {
                drop(running);
                let mut link = Link::new(self.core.node.take(), true);
                let spare = link.vacate();
                body.body.set_owns_node(spare.is_none());
                self.core.node = link.into_node();
                let parked = park(self.core.node.as_ref());
                self.core.trailer.set_parked(parked);
                self.store(body);
                self.word.set(SUSPENDED);
                Suspend::Stored(spare)
            }
            WOKEN => {
                body.body.set_owns_node(true);
                self.store(body);
                self.word.set(QUEUED);
                Suspend::Requeue
            }
            _ => Suspend::TooLate(body, running),
        }
    }

    /// Takes note of a wake-up: by the future's waker or, while the call is held, by a dependency.
    pub(super) fn wake(&mut self) -> Woken {
        match self.word.read() {
            HELD => {
                self.core.trailer.dependency_ended().map_or(Woken::GoesOn, Woken::HasDependencies)
            }
            SUSPENDED => {
                self.word.set(QUEUED);
                Woken::Resumes(self.core.trailer.take_parked())
            }
            running if running & TAG == RUNNING => {
                self.word.set_running(WOKEN, self.word.runner());
                Woken::GoesOn
            }
            _ => Woken::GoesOn,
        }
    }

    /// Closes the call with the error of `stop`, which is called before another thread can see that it
    /// is done, with the node of a body that has started.
    pub(super) fn close(
        &mut self,
        stop: impl FnOnce(Progress, Option<&Arc<Node>>) -> Error,
    ) -> Close {
        let state = self.word.read();
        if state == DONE || state & TAG == ENDING {
            return Close::TooLate;
        }
        if state & TAG != 0 {
            let node = self.core.node.clone().expect("a running body has a node");
            let error = stop(B::WHEN_CLOSED, Some(&node));
            self.core.cell = Cell::Outcome(Err(error));
            self.word.set_done();
            return Close::RunsOn(self.core.trailer.take_for_close(), node);
        }
        let body = self.take_body();
        let has_started = body.body.has_started();
        let progress = if has_started { B::WHEN_SUSPENDED } else { Progress::NotStarted };
        let link = Link::new(self.core.node.take(), body.body.owns_node());
        let error = stop(progress, link.own());
        self.core.cell = Cell::Closed(Box::new(Closed { _body: body, error: Some(error) }));
        self.word.set_done();
        Close::NeverEnds(self.core.trailer.take_for_close(), link)
    }

    /// Returns whether a thread runs the body.
    pub(super) fn is_running(&self) -> bool {
        self.word.is_running()
    }

    /// Takes the body of a closed call, to be dropped.
    pub(super) fn take_closed_body(&mut self) -> Option<Box<Closed<B>>> {
        if !matches!(self.core.cell, Cell::Closed(_)) {
            return None;
        }
        match std::mem::replace(&mut self.core.cell, Cell::Empty) {
            Cell::Closed(mut closed) => {
                if let Some(error) = closed.error.take() {
                    self.core.cell = Cell::Outcome(Err(error));
                }
                Some(closed)
            }
            _ => unreachable!("the cell was checked under the same lock"),
        }
    }

    pub(super) fn take_outcome(&mut self) -> Option<Outcome<B::Output>> {
        match &mut self.core.cell {
            Cell::Closed(closed) => closed.error.take().map(Err),
            Cell::Outcome(_) => match std::mem::replace(&mut self.core.cell, Cell::Empty) {
                Cell::Outcome(outcome) => Some(outcome),
                _ => unreachable!("the cell was checked under the same lock"),
            },
            Cell::Body(_) | Cell::Empty => None,
        }
    }

    /// Why there is no value, until that is taken.
    pub(super) fn error(&self) -> Option<&Error> {
        match &self.core.cell {
            Cell::Outcome(outcome) => outcome.as_ref().err(),
            Cell::Closed(closed) => closed.error.as_ref(),
            _ => None,
        }
    }

    /// Calls `act` with the trailer. A call that gets a deadline is left to the workers: a joining thread
    /// could not leave its body at the deadline.
    pub(super) fn with_trailer(&mut self, act: impl FnOnce(&mut Trailer)) {
        act(&mut self.core.trailer);
        self.reserve();
    }

    /// Calls `act` with the place of the call in the cancellation tree.
    pub(super) fn with_link(&mut self, act: impl FnOnce(&mut Link)) {
        let is_parent = matches!(&self.core.cell, Cell::Body(body) if !body.owns_node());
        let mut link = Link::new(self.core.node.take(), !is_parent);
        act(&mut link);
        self.core.node = link.into_node();
        self.reserve();
    }

    fn reserve(&mut self) {
        if self.word.is_claimable() && self.is_for_workers() {
            self.word.set(QUEUED);
        }
    }

    /// Returns the node of the body or, until that starts, of the parent.
    pub(super) fn node(&self) -> Option<&Arc<Node>> {
        self.core.node.as_ref()
    }

    /// Takes the node out, to be dropped without the lock.
    #[must_use]
    pub(super) fn take_node(&mut self) -> Option<Arc<Node>> {
        self.core.node.take()
    }

    pub(super) fn trailer(&mut self) -> &mut Trailer {
        &mut self.core.trailer
    }
}
