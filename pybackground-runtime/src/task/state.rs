//! The states of a call and every step between them.
//!
//! ```text
//!                  claim            finish                     take
//!   Queued(body) ────────▶ Running ──────────▶ Done(outcome) ────────▶ Taken
//!    │  ▲                  │     │                   ▲
//!    │  │ wake     suspend │     └───────────────────┘
//!    │  │                  ▼       close: the body goes on, its result will be late
//!    │  └────────── Suspended(body)
//!    │                     │
//!    └──────────┬──────────┘
//!         close ▼
//!        Closed { body, error }    take: the error;  leftover: the body, to be dropped
//! ```
//!
//! A call that waits for inputs, or for a slot of its function's limit, or for first the one and then the
//! other, begins as Held(body) and is admitted to Queued, or closed before.
//!
//! A step returns what its maker has to do next, with no lock held: drop a body, drop a result that
//! came too late, wake those who wait. This file knows no clock and no thread.

use std::sync::Arc;

use super::body::Body;
use super::dependencies::Dependencies;
use super::trailer::Trailer;
use crate::deadline::Deadline;
use crate::error::{Error, Outcome, Progress};
use crate::panic::drop_catching;
use crate::stacks::Listed;

pub(super) enum Stage<B: Body> {
    /// The call waits for its inputs, or for a slot of its function's limit; nobody may claim it.
    Held(B),
    /// Nobody runs the body; whoever claims it first does.
    Queued(B),
    /// A thread has the body. If it was woken meanwhile, it must not be left suspended.
    Running { woken: bool },
    /// The body has ended in time, and its outcome is about to be stored. Only calls that are told of
    /// pass this: nothing closes them any more, so that what is told is what stays.
    Ending,
    /// The body, a future, waits to be woken.
    Suspended(B, Listed),
    /// The outcome waits for the `Lazy`.
    Done(Outcome<B::Output>),
    /// The call was closed before its body ran to its end. The error waits for the `Lazy`, the body
    /// for a worker to drop it: its destructors are the user's, and whoever closes calls has no time
    /// for them.
    Closed { leftover: Option<B>, error: Option<Error> },
    /// The outcome has been handed over.
    Taken,
}

/// The part of a task that its lock protects.
pub(super) struct Core<B: Body> {
    stage: Stage<B>,
    attached: Trailer,
}

/// What follows from a body's end.
#[must_use]
pub(super) enum Finish<T> {
    /// The outcome stands; these want to know.
    Published(Trailer),
    /// The call had been closed before; nobody wants this any more.
    TooLate(Outcome<T>),
}

/// What follows from a body's end on the thread that waits for it.
#[must_use]
pub(super) enum HandOver<T> {
    /// The thread keeps the outcome.
    Direct(Outcome<T>),
    /// The call had been closed before: drop this. Why it was closed waits for whoever takes it.
    TooLate(Outcome<T>),
}

/// What follows from a body that waits.
#[must_use]
pub(super) enum Suspend<B> {
    /// It is stored until it is woken.
    Stored,
    /// It was woken meanwhile: queue it again.
    Requeue,
    /// The call had been closed before: drop the body.
    TooLate(B),
}

/// What follows from the news that something has happened that the call waits for.
#[must_use]
pub(super) enum Woken {
    /// The body was suspended: queue it. It counts as suspended until this is dropped.
    Resumes(Listed),
    /// The last input has ended: queue the call. It counts as waiting until this is dropped.
    HasInputs(Dependencies),
    /// Nothing.
    GoesOn,
}

/// What follows from closing a call before its body's end.
#[must_use]
pub(super) enum Close {
    /// The body had not ended and now never will; tell these. One that never started gives back its slot, if
    /// it was given one: until a body that started is dropped, it has what it took, and the slot.
    NeverEnds { attached: Trailer, frees_slot: bool },
    /// The body runs on; tell these.
    RunsOn(Trailer),
    /// The call had ended before.
    TooLate,
}

impl<B: Body> Core<B> {
    #[inline]
    pub(super) fn queued(body: B) -> Self {
        Self { stage: Stage::Queued(body), attached: Trailer::NOTHING }
    }

    pub(super) fn held(body: B) -> Self {
        Self { stage: Stage::Held(body), attached: Trailer::NOTHING }
    }

    pub(super) fn ended(outcome: Outcome<B::Output>) -> Self {
        Self { stage: Stage::Done(outcome), attached: Trailer::NOTHING }
    }

    #[inline]
    pub(super) fn claim(&mut self) -> Option<B> {
        if !matches!(self.stage, Stage::Queued(_)) {
            return None;
        }
        match std::mem::replace(&mut self.stage, Stage::Running { woken: false }) {
            Stage::Queued(body) => Some(body),
            _ => unreachable!("the stage was checked under the same lock"),
        }
    }

    /// As `claim`, by a thread that waits for the call. It could not leave the body at a deadline,
    /// so a call that has one is for others to run; nor would it gain by a body that may suspend.
    #[inline]
    pub(super) fn claim_in_place(&mut self) -> Option<B> {
        if B::RUNS_TO_END && self.attached.deadline().is_none() { self.claim() } else { None }
    }

    /// As `claim_in_place`, by a thread that alone can know of the end: it keeps the outcome, wakes
    /// the waiters itself, and does not come back here.
    #[inline]
    pub(super) fn claim_and_keep(&mut self) -> Option<(B, Trailer)> {
        let body = self.claim_in_place()?;
        Some((body, std::mem::take(&mut self.attached)))
    }

    /// As `claim_and_keep`, by somebody who has the whole task; else the outcome.
    #[inline]
    pub(super) fn into_body(self) -> Result<(B, Trailer), Outcome<B::Output>> {
        match self.stage {
            Stage::Queued(body) => Ok((body, self.attached)),
            Stage::Done(outcome) => Err(outcome),
            Stage::Closed { leftover, error } => {
                drop_catching(leftover);
                Err(Err(error.expect("its only owner takes the error")))
            }
            _ => unreachable!("who runs a body, or may resume or close it, has the task too"),
        }
    }

    /// Lets go of a call that waited for its inputs or for a slot; `false` if it was closed meanwhile.
    pub(super) fn admit(&mut self) -> bool {
        match std::mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Held(body) => {
                self.stage = Stage::Queued(body);
                true
            }
            closed => {
                self.stage = closed;
                false
            }
        }
    }

    pub(super) fn deadline(&self) -> Option<&Arc<Deadline>> {
        self.attached.deadline()
    }

    /// Keeps the call from being closed, now that its body has ended; `false` if it was before.
    pub(super) fn end(&mut self) -> bool {
        let in_time = matches!(self.stage, Stage::Running { .. });
        if in_time {
            self.stage = Stage::Ending;
        }
        in_time
    }

    pub(super) fn finish(&mut self, outcome: Outcome<B::Output>) -> Finish<B::Output> {
        if matches!(self.stage, Stage::Running { .. } | Stage::Ending) {
            self.stage = Stage::Done(outcome);
            self.attached.end_deadline();
            Finish::Published(std::mem::take(&mut self.attached))
        } else {
            Finish::TooLate(outcome)
        }
    }

    pub(super) fn hand_over(&mut self, outcome: Outcome<B::Output>) -> HandOver<B::Output> {
        if matches!(self.stage, Stage::Running { .. } | Stage::Ending) {
            self.stage = Stage::Taken;
            HandOver::Direct(outcome)
        } else {
            HandOver::TooLate(outcome)
        }
    }

    pub(super) fn suspend(&mut self, body: B, list: impl FnOnce() -> Listed) -> Suspend<B> {
        let Stage::Running { woken } = self.stage else {
            return Suspend::TooLate(body);
        };
        if woken {
            self.stage = Stage::Queued(body);
            Suspend::Requeue
        } else {
            self.stage = Stage::Suspended(body, list());
            Suspend::Stored
        }
    }

    /// Something that the call waits for has happened.
    pub(super) fn wake(&mut self) -> Woken {
        match std::mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Suspended(body, suspended) => {
                self.stage = Stage::Queued(body);
                Woken::Resumes(suspended)
            }
            Stage::Running { .. } => {
                self.stage = Stage::Running { woken: true };
                Woken::GoesOn
            }
            Stage::Held(body) => {
                self.stage = Stage::Held(body);
                self.attached.input_ended().map_or(Woken::GoesOn, Woken::HasInputs)
            }
            queued_or_ended => {
                self.stage = queued_or_ended;
                Woken::GoesOn
            }
        }
    }

    pub(super) fn close(&mut self, why: impl FnOnce(Progress) -> Error) -> Close {
        let held = matches!(self.stage, Stage::Held(_));
        let body = match std::mem::replace(&mut self.stage, Stage::Taken) {
            Stage::Held(body) | Stage::Queued(body) | Stage::Suspended(body, _) => body,
            Stage::Running { .. } => {
                self.stage = Stage::Done(Err(why(B::WHEN_CLOSED)));
                return Close::RunsOn(self.attached.take_for_close());
            }
            ended @ (Stage::Ending | Stage::Done(_) | Stage::Closed { .. } | Stage::Taken) => {
                self.stage = ended;
                return Close::TooLate;
            }
        };
        let has_started = body.has_started();
        let error = why(if has_started { Progress::Suspended } else { Progress::NotStarted });
        self.stage = Stage::Closed { leftover: Some(body), error: Some(error) };
        let attached = self.attached.take_for_close();
        Close::NeverEnds { attached, frees_slot: !held && !has_started }
    }

    /// Has a call that was held from the start wait for inputs.
    pub(super) fn hold_for(&mut self, inputs: Dependencies) {
        self.attached.set_inputs(inputs);
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running { .. })
    }

    pub(super) fn is_suspended(&self) -> bool {
        matches!(self.stage, Stage::Suspended(..))
    }

    /// The body of a closed call, to be dropped.
    pub(super) fn leftover(&mut self) -> Option<B> {
        match &mut self.stage {
            Stage::Closed { leftover, .. } => leftover.take(),
            _ => None,
        }
    }

    pub(super) fn take(&mut self) -> Option<Outcome<B::Output>> {
        match &mut self.stage {
            Stage::Closed { error, .. } => error.take().map(Err),
            Stage::Done(_) => match std::mem::replace(&mut self.stage, Stage::Taken) {
                Stage::Done(outcome) => Some(outcome),
                _ => unreachable!("the stage was checked under the same lock"),
            },
            _ => None,
        }
    }

    /// Why there is no value, as long as nobody has taken that.
    pub(super) fn error(&self) -> Option<&Error> {
        match &self.stage {
            Stage::Done(outcome) => outcome.as_ref().err(),
            Stage::Closed { error, .. } => error.as_ref(),
            _ => None,
        }
    }

    /// What is attached to a call that has not ended.
    pub(super) fn attached(&mut self) -> &mut Trailer {
        &mut self.attached
    }
}
