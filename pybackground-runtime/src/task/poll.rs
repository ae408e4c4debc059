//! A body that is polled: claimed, suspended, woken, and claimed again, perhaps by another thread.
//!
//! To the calls that it makes it is one body: it keeps its node from poll to poll.

use std::sync::Arc;
use std::task::Wake;

use super::Task;
use super::body::Body;
use super::dependencies;
use super::parked::SUSPENDED;
use super::state::{Suspend, Woken};
use crate::cancel::{self, Link, Orphan};
use crate::limit::Slot;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::runtime;
use crate::stacks;

impl<B: Body> Task<B> {
    /// Claims the body, or its next step, for a thread that comes to it.
    #[inline]
    pub(super) fn start_step(&self) -> Option<(B, Link)> {
        let (mut body, link) = self.state.lock().claim(stacks::upcoming)?;
        body.leave_slot_to_call();
        Some((body, link))
    }

    /// Suspends a body that waits to be woken; gives the call back if it is to be run again at once.
    pub(super) fn suspend(self: Arc<Self>, mut body: B, link: Link) -> Option<Arc<Self>> {
        if let Some(limit) = self.header.limit() {
            body.keep_slot(Slot::taken(limit));
        }
        let (next, node) = {
            let mut state = self.state.lock();
            let next = state.suspend(body, || SUSPENDED.park(&self, link.own()));
            let is_over = matches!(next, Suspend::TooLate(_));
            (next, if is_over { state.take_node() } else { None })
        };
        match next {
            Suspend::Stored => {
                self.header.events().suspended();
                // A shutdown looks for suspended calls after it has closed the runtime. This call may have
                // come too late for that.
                if runtime::is_closed() {
                    self.refuse(runtime::SHUT_DOWN);
                    return None;
                }
                // The same holds for a stop of a body above.
                if link.stopped().is_some() {
                    self.close_orphan();
                }
            }
            // One on top of the other, they would need a stack as deep as there are steps.
            Suspend::Requeue if runtime::is_sequential() => return Some(self),
            Suspend::Requeue => runtime::requeue(self),
            Suspend::TooLate(body) => {
                self.header.events().ended_late();
                drop_catching(body);
                drop(node);
                cancel::end(link);
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
            Woken::Resumes(parked) => {
                runtime::requeue(self);
                drop(parked);
            }
            Woken::HasDependencies(listed) => {
                dependencies::queue(self);
                drop(listed);
            }
            Woken::GoesOn => {}
        }
    }
}
