//! A body that runs in steps: it is taken up, put away, woken, and taken up again, perhaps by another thread.
//!
//! To the calls that it makes it is one body. So once it has made any, its call keeps the frame that they
//! know it by, from the first such step to its end.

use std::sync::{Arc, Weak};
use std::task::Wake;

use super::Task;
use super::body::Body;
use super::dependencies;
use super::job::Job;
use super::state::{Core, Suspend, Woken};
use crate::cancel::orphans;
use crate::cancel::overruns;
use crate::error::Stopped;
use crate::limit::Slot;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::runtime;
use crate::stacks::{self, Frame, Polled, SUSPENDED};
use crate::sync::lock;

impl<B: Body> Task<B> {
    /// Claims the body, or its next step, for a thread that comes to it; with the frame of the call, if
    /// the body is polled.
    #[inline]
    pub(super) fn start_step(&self) -> Option<(B, Option<Frame>)> {
        if B::RUNS_TO_END {
            return Some((self.start(Core::claim)?, None));
        }
        let mut core = lock(&self.core);
        let mut body = core.claim()?;
        body.leave_slot_to_call();
        let polled = core.attached().polled();
        let frame = polled.map_or_else(|| stacks::upcoming().of_call(), Polled::comes_here);
        self.phase.start(frame);
        Some((body, Some(frame)))
    }

    /// Puts a body away that waits to be woken; gives the call back if it is to be run again at once.
    pub(super) fn suspend(self: Arc<Self>, mut body: B, frame: Option<Frame>) -> Option<Arc<Self>> {
        if let Some(limit) = self.header.limit() {
            body.keep_slot(Slot::taken(limit));
        }
        let frame = frame.filter(|frame| stacks::may_have_made_calls(*frame));
        let next = {
            let mut core = lock(&self.core);
            let next = core.suspend(body, || {
                SUSPENDED.list(Arc::downgrade(&self) as Weak<dyn Job>, self.header.maker())
            });
            let ended = core.attached().take_known();
            if matches!(next, Suspend::TooLate(_)) {
                // It may have been closed after it left its thread.
                ended.inspect(|known| overruns::cut_off(*known, frame.is_some()));
                drop(core.attached().take_polled());
            } else {
                ended.inspect(|known| overruns::ended(*known));
                if let Some(frame) = frame {
                    core.attached().keep_polled(|| Polled::new(frame, self.header.maker()));
                }
                self.phase.reserve();
            }
            next
        };
        match next {
            Suspend::Stored => {
                self.header.events().suspended();
                // A shutdown looks for futures after it has closed the runtime; this one may have
                // come too late for that.
                if runtime::is_closed() {
                    self.refuse(runtime::SHUT_DOWN);
                    return None;
                }
                // As well for those who close orphans.
                let maker = self.header.maker();
                if let Some(stopped) = overruns::stopped(maker) {
                    orphans::close(self, maker, stopped);
                }
            }
            // One on top of the other, they would need a stack as deep as there are steps.
            Suspend::Requeue if runtime::is_sequential() => return Some(self),
            Suspend::Requeue => runtime::requeue(self),
            Suspend::TooLate(body) => {
                self.header.events().ended_late();
                drop_catching(body);
            }
        }
        None
    }
}

impl<B: Body> Core<B> {
    /// Leaves word to the calls that a body made which will be polled no more; returns its frame, which
    /// is none if it made no calls.
    pub(super) fn cut_off(&mut self, stopped: Stopped) -> Frame {
        self.attached().take_polled().map_or(Frame::NONE, |polled| {
            overruns::leave_word(polled.frame(), stopped);
            polled.frame()
        })
    }
}

/// The waker that a task gives to a future of its own, which puts it back into the queue, as the last of
/// its inputs does.
impl<B: Body> Wake for Task<B> {
    fn wake(self: Arc<Self>) {
        let woken = {
            let mut core = lock(&self.core);
            let woken = core.wake();
            if let Woken::Resumes(_) = woken {
                self.phase.reserve();
            }
            woken
        };
        // The call is queued before it no longer counts as waiting: a wait until all is idle may look.
        match woken {
            Woken::Resumes(listed) => {
                runtime::requeue(self);
                drop(listed);
            }
            Woken::HasInputs(inputs) => {
                dependencies::queue(self);
                drop(inputs);
            }
            Woken::GoesOn => {}
        }
    }
}
