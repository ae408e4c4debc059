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
use super::state::{Suspend, Woken};
use crate::cancel::orphans;
use crate::cancel::overruns;
use crate::limit::Slot;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::runtime;
use crate::stacks::{self, Frame, Polled, SUSPENDED};

impl<B: Body> Task<B> {
    /// Claims the body, or its next step, for a thread that comes to it; with the frame of the call, if
    /// the body is polled.
    #[inline]
    pub(super) fn start_step(&self) -> Option<(B, Option<Frame>)> {
        if B::RUNS_TO_END {
            return Some((self.state.lock().claim(|_| stacks::upcoming())?, None));
        }
        let mut frame = None;
        let mut body = self.state.lock().claim(|trailer| {
            let polled = trailer.polled();
            let of_call = polled.map_or_else(|| stacks::upcoming().of_call(), Polled::comes_here);
            *frame.insert(of_call)
        })?;
        body.leave_slot_to_call();
        Some((body, frame))
    }

    /// Puts a body away that waits to be woken; gives the call back if it is to be run again at once.
    pub(super) fn suspend(self: Arc<Self>, mut body: B, frame: Option<Frame>) -> Option<Arc<Self>> {
        if let Some(limit) = self.header.limit() {
            body.keep_slot(Slot::taken(limit));
        }
        let frame = frame.filter(|frame| stacks::may_have_made_calls(*frame));
        let next = {
            let mut state = self.state.lock();
            let next = state.suspend(body, || {
                SUSPENDED.list(Arc::downgrade(&self) as Weak<dyn Job>, self.header.maker())
            });
            let ended = state.trailer().take_known();
            if matches!(next, Suspend::TooLate(_)) {
                // It may have been closed after it left its thread.
                ended.inspect(|known| overruns::cut_off(*known, frame.is_some()));
                drop(state.trailer().take_polled());
            } else {
                ended.inspect(|known| overruns::ended(*known));
                if let Some(frame) = frame {
                    state.trailer().keep_polled(|| Polled::new(frame, self.header.maker()));
                }
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

/// The waker that a task gives to a future of its own, which puts it back into the queue, as the last of
/// its inputs does.
impl<B: Body> Wake for Task<B> {
    fn wake(self: Arc<Self>) {
        let woken = self.state.lock().wake();
        // The call is queued before it no longer counts as waiting: a wait until all is idle may look.
        match woken {
            Woken::Resumes(listed) => {
                runtime::requeue(self);
                drop(listed);
            }
            Woken::HasDependencies(listed) => {
                dependencies::queue(self);
                drop(listed);
            }
            Woken::GoesOn => {}
        }
    }
}
