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

mod untyped;
mod word;

use std::any::Any;
use std::sync::Arc;

use super::body::Body;
use super::job::{self, Trailer};
use super::parked::ParkedCall;
use super::permit::Permit;
use crate::cancel::{Link, Node};
use crate::error::{CallResult, Error, Progress};
use crate::panic::drop_catching;
use crate::stacks::Frame;
use crate::sync::{Mutex, MutexGuard, lock, lock_brief};
use untyped::BodyClosing;
pub(super) use untyped::Woken;
pub(crate) use untyped::{Close, Core};
pub(crate) use word::Word;
use word::{CLAIMABLE, DONE, HELD, QUEUED, RUNNING, SUSPENDED, TAG, WOKEN};

/// The state of a call, with all that its transitions move.
pub(super) struct State<B: Body> {
    word: Word,
    contents: Mutex<Contents<B>>,
}

/// What the lock protects.
struct Contents<B: Body> {
    cell: Cell<B>,
    core: job::Core,
}

/// What the call has at this time: its body or its outcome.
enum Cell<B: Body> {
    /// A thread has the body, or the outcome was handed over.
    Empty,
    Body(B),
    Outcome(CallResult<B::Output>),
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
pub(super) struct LockedState<'a, B: Body> {
    word: &'a Word,
    contents: MutexGuard<'a, Contents<B>>,
}

/// What follows from the end of a body.
#[must_use]
pub(super) enum Finish<T> {
    /// The outcome is published: notify these.
    Published(Trailer),
    /// The call had been closed: drop the outcome.
    TooLate(CallResult<T>),
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

impl<B: Body> State<B> {
    #[inline]
    fn new(state: u64, cell: Cell<B>, parent: Option<Arc<Node>>) -> Self {
        let contents = Contents { cell, core: Core::new(parent) };
        Self { word: Word::new(state), contents: Mutex::new(contents) }
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

    pub(super) fn done(outcome: CallResult<B::Output>) -> Self {
        Self::new(DONE, Cell::Outcome(outcome), None)
    }

    #[inline]
    pub(super) fn word(&self) -> &Word {
        &self.word
    }

    #[inline]
    pub(super) fn lock(&self) -> LockedState<'_, B> {
        LockedState { word: &self.word, contents: lock(&self.contents) }
    }

    /// As `lock`, on a thread that may be unparked meanwhile.
    pub(super) fn lock_brief(&self) -> LockedState<'_, B> {
        LockedState { word: &self.word, contents: lock_brief(&self.contents) }
    }

    /// Takes the state apart: the body of a call that is claimable, or else the outcome.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "moved once more, the body would cost as much")]
    pub(super) fn into_parts(self) -> Result<(B, Link, Trailer), CallResult<B::Output>> {
        let Contents { cell, core } =
            self.contents.into_inner().expect("no code under the lock panics");
        let (trailer, parent) = core.into_parts();
        match cell {
            Cell::Body(body) => Ok((body, Link::to_parent(parent), trailer)),
            ended => Err(ended.into_outcome()),
        }
    }

    /// Takes the outcome of a call that has ended.
    #[inline]
    pub(super) fn into_outcome(self) -> CallResult<B::Output> {
        let Contents { cell, core } =
            self.contents.into_inner().expect("no code under the lock panics");
        // Both are none, after the end of a call. So the compiler need not call a destructor.
        let (trailer, node) = core.into_parts();
        trailer.notify();
        drop(node);
        match cell {
            Cell::Outcome(outcome) => outcome,
            Cell::Closed(closed) => Cell::Closed(closed).into_outcome(),
            Cell::Body(_) | Cell::Empty => unreachable!("a call that has ended has an outcome"),
        }
    }
}

impl<B: Body> Cell<B> {
    #[cold]
    fn into_outcome(self) -> CallResult<B::Output> {
        match self {
            Self::Outcome(outcome) => outcome,
            Self::Closed(mut closed) => {
                let error = closed.error.take().expect("its only owner takes the error");
                let rest: Box<dyn Any + Send> = closed;
                drop_catching(rest);
                Err(error)
            }
            Self::Body(_) | Self::Empty => {
                unreachable!("a thread that runs or resumes the body owns the task too")
            }
        }
    }
}

impl<B: Body> LockedState<'_, B> {
    /// Claims the body for a worker that has taken the call from a queue. Returns it with the link to its
    /// node.
    #[inline]
    pub(super) fn claim(&mut self, frame: fn() -> Frame) -> Option<Claimed<B>> {
        if matches!(self.word.read(), QUEUED | CLAIMABLE) { Some(self.run(frame)) } else { None }
    }

    /// Claims the body for a thread that joins the call.
    #[inline]
    pub(super) fn claim_in_place(&mut self, frame: fn() -> Frame) -> Option<Claimed<B>> {
        if self.word.is_claimable() { Some(self.run(frame)) } else { None }
    }

    #[inline]
    fn run(&mut self, frame: fn() -> Frame) -> Claimed<B> {
        let loaded = self.take_body();
        let link = self.contents.core.run(self.word, loaded.body.owns_node(), frame());
        (loaded, link)
    }

    #[inline]
    fn take_body(&mut self) -> Loaded<B> {
        match std::mem::replace(&mut self.contents.cell, Cell::Empty) {
            Cell::Body(body) => Loaded { body, permit: self.trailer().take_permit() },
            _ => unreachable!("a call that no thread runs and that has not ended has its body"),
        }
    }

    fn store(&mut self, Loaded { body, permit }: Loaded<B>) {
        self.trailer().set_permit(permit);
        self.contents.cell = Cell::Body(body);
    }

    /// Admits a held call to the queues, with its permit if it needs one; gives that back if the call has
    /// been closed. A call with a permit is left to the workers.
    pub(super) fn admit(&mut self, permit: Option<Permit>) -> Result<(), Option<Permit>> {
        let Contents { cell, core } = &mut *self.contents;
        match cell {
            Cell::Body(_) if self.word.read() == HELD => {
                let is_reserved = !B::IS_SYNC || permit.is_some() || core.is_for_workers();
                core.trailer().set_permit(permit);
                self.word.set(if is_reserved { QUEUED } else { CLAIMABLE });
                Ok(())
            }
            _ => Err(permit),
        }
    }

    /// See [`Core::end`].
    #[must_use]
    pub(super) fn end(&mut self) -> (bool, Option<Arc<Node>>) {
        self.contents.core.end(self.word)
    }

    /// Publishes the outcome.
    pub(super) fn publish(&mut self, outcome: CallResult<B::Output>) -> Finish<B::Output> {
        if self.word.is_done() {
            return Finish::TooLate(outcome);
        }
        self.contents.cell = Cell::Outcome(outcome);
        Finish::Published(self.contents.core.set_done(self.word))
    }

    /// Ends a call whose outcome its thread has handed over. Returns what to notify.
    #[must_use]
    pub(super) fn publish_handed_over(&mut self) -> Trailer {
        self.contents.core.set_done(self.word)
    }

    /// Puts away the future after a poll that left it pending.
    pub(super) fn suspend(
        &mut self,
        mut body: Loaded<B>,
        running: Link,
        park: impl FnOnce(Option<&Arc<Node>>) -> ParkedCall,
    ) -> Suspend<B> {
        let core = &mut self.contents.core;
        match self.word.read() & TAG {
            RUNNING => {
                drop(running);
                let mut link = Link::new(core.node.take(), true);
                let spare = link.vacate();
                body.body.set_owns_node(spare.is_none());
                core.node = link.into_node();
                let parked = park(core.node.as_ref());
                core.trailer().set_parked(parked);
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

    /// Closes the call with the error of `stop`, which is called before another thread can see that it
    /// is done, with the node of a body that has started.
    pub(super) fn close(
        &mut self,
        stop: &mut dyn FnMut(Progress, Option<&Arc<Node>>) -> Error,
    ) -> job::Close {
        match self.contents.core.closing(self.word) {
            BodyClosing::TooLate => Close::TooLate,
            BodyClosing::RunsOn(node) => {
                let error = stop(B::WHEN_CLOSED, Some(&node));
                self.contents.cell = Cell::Outcome(Err(error));
                Close::RunsOn(self.contents.core.set_closed(self.word), node)
            }
            BodyClosing::NeverEnds => {
                let loaded = self.take_body();
                let has_started = loaded.body.has_started();
                let progress = if has_started { B::WHEN_SUSPENDED } else { Progress::NotStarted };
                let link = Link::new(self.take_node(), loaded.body.owns_node());
                let error = stop(progress, link.own());
                self.contents.cell =
                    Cell::Closed(Box::new(Closed { _body: loaded, error: Some(error) }));
                Close::NeverEnds(self.contents.core.set_closed(self.word), link)
            }
        }
    }

    /// Takes the body of a closed call, to be dropped.
    pub(super) fn take_closed_body(&mut self) -> Option<Box<dyn Any + Send>> {
        let cell = &mut self.contents.cell;
        if !matches!(cell, Cell::Closed(_)) {
            return None;
        }
        match std::mem::replace(cell, Cell::Empty) {
            Cell::Closed(mut closed) => {
                if let Some(error) = closed.error.take() {
                    *cell = Cell::Outcome(Err(error));
                }
                Some(closed)
            }
            _ => unreachable!("the cell was checked under the same lock"),
        }
    }

    pub(super) fn take_outcome(&mut self) -> Option<CallResult<B::Output>> {
        let cell = &mut self.contents.cell;
        match cell {
            Cell::Closed(closed) => closed.error.take().map(Err),
            Cell::Outcome(_) => match std::mem::replace(cell, Cell::Empty) {
                Cell::Outcome(outcome) => Some(outcome),
                _ => unreachable!("the cell was checked under the same lock"),
            },
            Cell::Body(_) | Cell::Empty => None,
        }
    }

    /// Why there is no value, until that is taken.
    pub(super) fn error(&self) -> Option<&Error> {
        match &self.contents.cell {
            Cell::Outcome(outcome) => outcome.as_ref().err(),
            Cell::Closed(closed) => closed.error.as_ref(),
            _ => None,
        }
    }

    /// Whether the node is the body's own, and not the parent's.
    pub(super) fn owns_node(&self) -> bool {
        !matches!(&self.contents.cell, Cell::Body(body) if !body.owns_node())
    }

    /// Takes the node out, to be dropped without the lock.
    #[must_use]
    pub(super) fn take_node(&mut self) -> Option<Arc<Node>> {
        self.contents.core.take_node()
    }

    pub(super) fn core(&mut self) -> &mut job::Core {
        &mut self.contents.core
    }

    pub(super) fn trailer(&mut self) -> &mut Trailer {
        self.contents.core.trailer()
    }
}
