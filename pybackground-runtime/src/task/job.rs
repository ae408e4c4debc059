//! A call as the threads see it, who know nothing of its result.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};
use std::time::Instant;

use super::Task;
use super::body::{Body, Step};
use super::dependencies::{self, Input};
use super::state::{Close, Core};
use crate::call::Call;
use crate::cancel::overruns;
use crate::deadline::Deadline;
use crate::error::{Error, StopReason, Stopped};
use crate::panic::{catch, drop_catching};
use crate::pool;
use crate::stacks::{self, Frame};
use crate::sync::{lock, lock_brief, now};
use crate::trace::How;
#[cfg(feature = "tracing")]
use crate::trace::Trace;

/// A call as the threads see it.
pub(crate) trait Job: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Runs the body, unless somebody else has claimed it. If the call is closed, drops the body.
    fn run(self: Arc<Self>);
    /// Whether the body waits to be claimed; a hint, as a claim can come at any time.
    fn is_queued(&self) -> bool;
    /// Whether a thread that waits for the call may run it; as much a hint as `is_queued`.
    fn is_claimable(&self) -> bool;
    /// Whether the body waits to be woken, asked by a thread that may be unparked meanwhile.
    fn is_suspended(&self) -> bool;
    /// Whether the call has ended.
    fn is_done(&self) -> bool;
    /// Tells a call that waited for a slot that it has one; `false` if it no longer wants it.
    fn admit(&self) -> bool;
    /// Queues a call that has its inputs, or has it wait for a slot.
    fn admit_with_inputs(self: Arc<Self>);
    /// Has `call`, of which this is an input, told of the end; `false` if the call has ended.
    fn add_follower(&self, call: Arc<dyn Job>) -> bool;
    /// A call of which this is an input was closed, and need not be told any more.
    fn follower_closed(&self);
    /// One of the inputs of the call has ended.
    fn input_ended(self: Arc<Self>);
    /// The inputs that a call waits for, asked by a thread that may be unparked meanwhile.
    fn inputs(&self) -> Vec<Input>;
    /// Closes the call if its deadline is not after `now`. What is code of the user is left to `run`.
    fn expire(&self, now: Instant);
    /// Closes the call because nobody wants it any more; `false` if it has ended. What a body that
    /// never started captured is dropped here.
    fn cancel(&self) -> bool;
    /// As `cancel`, but drops nothing, and returns the inputs that nobody wants then.
    fn close_unwanted(&self) -> Vec<Arc<dyn Job>>;
    /// Closes a call that waits, because `maker`, which made it, is to stop; `false` if it runs, has ended
    /// or was detached. Drops nothing.
    fn stop_with(&self, maker: Frame, stopped: Stopped) -> bool;
    /// Does what is left to do for a call that was closed before it ended, and is code of the user:
    /// tells of it, wakes whoever awaits the end, drops the body.
    fn tidy_up(&self);
    /// Frees the call from the one whose body made it: it goes on when that one is to stop.
    fn detach(&self);
    /// The body that made the call, with which this one stops; none if it was detached.
    fn maker(&self) -> Frame;
    /// The run of the body that has not ended; none if nobody runs it.
    fn runner(&self) -> Frame;
    /// Keeps why a wait ended before the call did, for as long as the call is kept.
    fn keep_verdict(&self, error: Error) -> &Error;
    /// Closes the call because it cannot be run, or cannot go on, unless somebody runs it. Its body is
    /// dropped here.
    fn refuse(&self, why: &str);
    fn call(&self) -> Call;
    /// What is told of the call.
    #[cfg(feature = "tracing")]
    fn trace(&self) -> &Trace;
    fn deadline(&self) -> Option<Arc<Deadline>>;
    /// Whether the call has a deadline, asked by a thread that may be unparked meanwhile.
    fn has_deadline(&self) -> bool;
    /// Sets the deadline; `false` if there is a sooner one or the call has ended.
    fn bring_forward(&self, deadline: Arc<Deadline>) -> bool;
    /// Has `waker` woken when the call ends; `false` if it has ended.
    fn register(&self, waker: &Waker) -> bool;
    /// As `register`, for a waker that did not before: nobody looks through all the others.
    fn register_new(&self, waker: &Waker) -> bool;
    /// Has `waker`, and no earlier one that was set here, woken when the call ends; `false` if it has
    /// ended. Unlike those that register, it may be foreign code.
    fn set_awaiter(&self, waker: &Waker) -> bool;
    /// Has nobody woken that was set by `set_awaiter`.
    fn clear_awaiter(&self);
}

/// Whether any call of the process was ever awaited: as long as none was, this spares a lock.
static AWAITED: AtomicBool = AtomicBool::new(false);

/// See [`AWAITED`].
#[inline]
pub(crate) fn any_was_awaited() -> bool {
    // ORDERING: whoever has a `Lazy` that was polled got it from the thread that polled it.
    AWAITED.load(Ordering::Relaxed)
}

impl<B: Body> Job for Task<B> {
    fn run(self: Arc<Self>) {
        let mut task = self;
        loop {
            // The monitor may not have come to it yet.
            if !task.phase.is_claimable() && task.has_deadline() {
                task.expire(now());
            }
            let Some((body, frame)) = task.start_step() else {
                return task.tidy_up();
            };
            let ran = task.header.run(body, frame, How::Thread, || Waker::from(task.clone()));
            frame.inspect(|frame| stacks::poll_is_over(*frame));
            match ran {
                Ok(Step::Suspended(body)) => match task.suspend(body, frame) {
                    Some(again) => task = again,
                    None => return,
                },
                Ok(Step::Finished(value)) => return task.finish(Ok(value)),
                Ok(Step::Failed(error)) | Err(error) => return task.finish(Err(error)),
            }
        }
    }

    fn is_queued(&self) -> bool {
        self.phase.is_queued()
    }

    #[inline]
    fn is_claimable(&self) -> bool {
        self.phase.is_claimable()
    }

    fn is_suspended(&self) -> bool {
        lock_brief(&self.core).is_suspended()
    }

    #[inline]
    fn is_done(&self) -> bool {
        self.phase.is_done()
    }

    fn admit(&self) -> bool {
        lock(&self.core).admit()
    }

    fn admit_with_inputs(self: Arc<Self>) {
        if let Some(limit) = self.header.limit() {
            return limit.submit_again(self);
        }
        let admitted = {
            let mut core = lock(&self.core);
            let admitted = core.admit();
            if admitted && B::RUNS_TO_END && core.deadline().is_none() {
                self.phase.offer();
            }
            admitted
        };
        if admitted {
            pool::resume(self);
        }
    }

    fn add_follower(&self, call: Arc<dyn Job>) -> bool {
        self.add_waiter(|attached| attached.add_follower(call))
    }

    fn follower_closed(&self) {
        let closed = lock(&self.core).attached().follower_closed();
        closed.into_iter().for_each(drop_catching);
    }

    fn input_ended(self: Arc<Self>) {
        self.wake();
    }

    fn inputs(&self) -> Vec<Input> {
        lock_brief(&self.core).inputs()
    }

    fn expire(&self, now: Instant) {
        if let Some(deadline) = self.deadline().filter(|deadline| deadline.at() <= now) {
            let error = |body| Error::timeout(self.identity(), deadline.after(), body);
            dependencies::expire(self.close(StopReason::TimedOut, error).unwrap_or_default());
        }
    }

    fn cancel(&self) -> bool {
        let closed = self.close_cancelled();
        let had_not_ended = closed.is_some();
        dependencies::cancel(closed.unwrap_or_default());
        self.tidy_up();
        had_not_ended
    }

    fn close_unwanted(&self) -> Vec<Arc<dyn Job>> {
        self.close_cancelled().unwrap_or_default()
    }

    fn stop_with(&self, maker: Frame, stopped: Stopped) -> bool {
        let waits = |core: &Core<B>| !core.is_running() && self.maker() == maker;
        let error = |_| Error::cancelled_with(self.identity(), stopped);
        let inputs = self.close_if(waits, stopped, error);
        let closed = inputs.is_some();
        dependencies::expire(inputs.unwrap_or_default());
        closed
    }

    fn tidy_up(&self) {
        self.header.trace().tell_closed();
        let (awaiter, leftover) = {
            let mut core = lock(&self.core);
            let awaiter = self.is_done().then(|| core.attached().replace_awaiter(None)).flatten();
            (awaiter, core.leftover())
        };
        if let Some(awaiter) = awaiter {
            catch(|| awaiter.wake());
        }
        drop_catching(leftover);
    }

    fn detach(&self) {
        let mut core = lock(&self.core);
        if !self.header.detach() {
            return;
        }
        if let Some(polled) = core.attached().polled() {
            polled.disown();
        }
        if core.is_running() {
            overruns::detach(self.runner());
            core.attached().make_known(self.runner());
        }
    }

    fn maker(&self) -> Frame {
        self.header.maker()
    }

    fn runner(&self) -> Frame {
        self.phase.runner()
    }

    fn keep_verdict(&self, error: Error) -> &Error {
        self.header.keep_verdict(error)
    }

    fn refuse(&self, why: &str) {
        let close = {
            let mut core = lock(&self.core);
            if core.is_running() {
                return;
            }
            let error = |body| Error::not_run(self.identity(), why, body);
            let close = core.close(|body| self.noted(error(body), body));
            if !matches!(close, Close::TooLate) {
                self.phase.done();
            }
            close
        };
        if let Close::NeverEnds { attached, frees_slot } = close {
            self.never_ends(attached, frees_slot);
        }
        self.tidy_up();
    }

    fn call(&self) -> Call {
        self.identity()
    }

    #[cfg(feature = "tracing")]
    fn trace(&self) -> &Trace {
        self.header.trace()
    }

    fn deadline(&self) -> Option<Arc<Deadline>> {
        lock(&self.core).deadline().cloned()
    }

    fn has_deadline(&self) -> bool {
        lock_brief(&self.core).deadline().is_some()
    }

    fn bring_forward(&self, deadline: Arc<Deadline>) -> bool {
        let mut core = lock(&self.core);
        if self.phase.is_claimable() {
            self.phase.reserve();
        }
        core.bring_forward(deadline)
    }

    fn register(&self, waker: &Waker) -> bool {
        self.add_waiter(|attached| attached.add_waiter(waker))
    }

    fn register_new(&self, waker: &Waker) -> bool {
        self.add_waiter(|attached| attached.add_new_waiter(waker))
    }

    fn set_awaiter(&self, waker: &Waker) -> bool {
        let known = {
            let mut core = lock(&self.core);
            if self.is_done() {
                return false;
            }
            core.attached().is_awaited_by(waker)
        };
        if known {
            return true;
        }
        // ORDERING: see `any_was_awaited`.
        AWAITED.store(true, Ordering::Relaxed);
        self.exchange_awaiter(Some(waker.clone()))
    }

    fn clear_awaiter(&self) {
        self.exchange_awaiter(None);
    }
}
