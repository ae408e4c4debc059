//! One call: its body, its state and its outcome, in one allocation.
//!
//! | file | subject |
//! |---|---|
//! | `stage` | the states and every step between them, under the task's lock |
//! | `phase` | the few facts about the state that can be read without the lock |
//! | `origin` | what is known of a call from the start: function, call site, limit |
//! | `body` | what a task runs: closure, applied function, future |
//! | `borrowed` | a body that is kept elsewhere, because it borrows |
//! | `attached` | what few calls have: a deadline, inputs, and who is told when the call ends |
//! | `inputs` | the calls that a call waits for before it is queued |
//! | `dependent` | a body that is given its inputs |
//! | `verdicts` | why some waits for the call ended before it |
//!
//! A task is seen from two sides. The queues and the deadline keeper hold it as [`Job`] and know
//! nothing of its result; the `Lazy` holds it as [`Handle`] of the result's type. Either may be gone
//! before the other.
//!
//! | who | may do what |
//! |---|---|
//! | a worker with a queue entry | `run`: claim the body, run it, finish |
//! | a worker that waits for the call | `run_in_place`, `join_at_once`: the same, keeping the outcome |
//! | the deadline keeper | `expire`, at any time |
//! | the limit of the function | `admit` once |
//! | the scope of the call | `run_borrowed`, in the place of `run` |
//! | an input | `wake` once |
//! | the holder of the `Lazy` | `take` and `detach` once; `register`, `set_awaiter` and `cancel` any number of times |
//!
//! Code of the user (bodies, destructors, wakers) never runs under the lock.

mod attached;
mod body;
mod borrowed;
mod dependent;
mod inputs;
mod origin;
mod phase;
mod stage;
mod verdicts;

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Wake, Waker};
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::cancel::overruns::{self, Stopped, Why};
use crate::deadline::Deadline;
use crate::error::Error;
use crate::options::Options;
use crate::pool;
use crate::quiet::{drop_quietly, quietly};
use crate::running::{self, Frame};
use crate::sync::{Mutex, lock, lock_brief};
use crate::trace::{How, Trace};

use attached::Attached;
pub(crate) use body::{Body, Closure, Step, Suspending};
#[cfg(not(debug_assertions))]
pub(crate) use body::{LARGE, LargeClosure};
pub(crate) use borrowed::{Borrowed, Unseen};
pub(crate) use dependent::Dependent;
use inputs::Inputs;
pub(crate) use inputs::{Input, detach};
use origin::Origin;
use phase::Phase;
pub(crate) use stage::{BodyIs, Outcome};
use stage::{Close, Core, Finish, HandOver, Suspend, Woken};

/// A call, with its body of type `B`.
pub(crate) struct Task<B: Body> {
    phase: Phase,
    core: Mutex<Core<B>>,
    origin: Origin<B>,
}

/// A call as the threads see it.
pub(crate) trait Job: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Runs the body, unless somebody else has claimed it. If the call is closed, drops the body.
    fn run(self: Arc<Self>);
    /// Whether the body waits to be claimed; a hint, as a claim can come at any time.
    fn is_queued(&self) -> bool;
    /// Whether a thread that waits for the call may run it; as much a hint as `is_queued`.
    fn is_claimable(&self) -> bool;
    /// Whether the call has ended.
    fn is_done(&self) -> bool;
    /// Tells a call that waited for a slot that it has one; `false` if it no longer wants it.
    fn admit(&self) -> bool;
    /// Queues a call that has its inputs, or has it wait for a slot.
    fn admit_with_inputs(self: Arc<Self>);
    /// The inputs that a call waits for, asked by a thread that may be unparked meanwhile.
    fn inputs(&self) -> Vec<Input>;
    /// Closes the call if its deadline is not after `now`. What is code of the user is left to `run`.
    fn expire(&self, now: Instant);
    /// Closes the call because nobody wants it any more; `false` if it has ended. What a body that
    /// never started captured is dropped here.
    fn cancel(&self) -> bool;
    /// As `cancel`, but drops nothing, and returns the inputs that nobody wants then.
    fn close_unwanted(&self) -> Vec<Arc<dyn Job>>;
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

/// A call as its `Lazy` sees it.
pub(crate) trait Handle<T>: Job {
    /// The outcome, if the call has ended; whoever gets it is the only one.
    fn take(&self) -> Option<Outcome<T>>;

    /// Runs the body on this thread if nobody has started it, and returns the outcome without
    /// storing it. Others who wait hear of it by `announce`, so that the outcome can first be put
    /// where they will look.
    fn run_in_place(&self) -> Option<Outcome<T>>;

    fn announce(&self);

    /// The outcome for the only holder of the `Lazy`, unless it takes blocking: that of a call which
    /// has ended, or which this thread may run and now does. When no queue has the task either, no
    /// lock is taken.
    fn join_at_once(self: Arc<Self>) -> Result<Outcome<T>, Arc<dyn Handle<T>>>;

    /// Whether this thread may run the call: see [`pool::may_run_in_place`].
    fn may_run_in_place(&self) -> bool;

    /// The call as the threads see it.
    fn job(self: Arc<Self>) -> Arc<dyn Job>;
}

impl<B: Body> Task<B> {
    #[inline]
    pub(crate) fn new(options: &Options, body: B) -> Arc<Self> {
        let limited = options.slots().is_some();
        // First what may unwind: the rest is then put together at once, not built apart and moved.
        let trace = Trace::of_call(|| options.call_or(B::function));
        let origin = Origin::new(options, trace);
        Arc::new(Self {
            phase: Phase::new(B::RUNS_TO_END && !limited),
            core: Mutex::new(if limited { Core::held(body) } else { Core::queued(body) }),
            origin,
        })
    }

    /// A call that waits for inputs: see `await_inputs`.
    pub(crate) fn held(options: &Options, body: B) -> Arc<Self> {
        let trace = Trace::of_call(|| options.call_or(B::function));
        let (phase, core) = (Phase::new(false), Mutex::new(Core::held(body)));
        Arc::new(Self { phase, core, origin: Origin::new(options, trace) })
    }

    /// Has a call that is held be queued when its inputs have ended, or end at its timeout before.
    pub(crate) fn await_inputs(self: &Arc<Self>, inputs: Vec<Input>, timeout: Option<Duration>) {
        let inputs = inputs::distinct(inputs);
        let job: Arc<dyn Job> = self.clone();
        lock(&self.core).hold_for(Inputs::new(inputs.clone(), Arc::downgrade(&job)));
        if let Some(timeout) = timeout {
            pool::keep_deadline(&job, timeout);
        }
        // A shutdown looks for calls that wait after it has let no more in: this one it has found, or
        // it is found here.
        if !pool::lets_in() {
            job.refuse(pool::SHUT_DOWN);
        }
        let waker = Waker::from(self.clone());
        for Input { job, .. } in inputs {
            if !job.register(&waker) {
                waker.wake_by_ref();
            }
        }
        waker.wake();
    }

    /// A call that had ended before anybody could wait for it, and of which was told.
    pub(crate) fn ended(options: &Options, outcome: Outcome<B::Output>) -> Arc<Self> {
        let phase = Phase::new(false);
        phase.done();
        let core = Mutex::new(Core::ended(outcome));
        Arc::new(Self { phase, core, origin: Origin::new(options, Trace::UNTOLD) })
    }

    fn identity(&self) -> Call {
        self.origin.call()
    }

    /// Claims the body and says so.
    #[inline]
    fn start<X>(&self, claim: impl FnOnce(&mut Core<B>) -> Option<X>) -> Option<X> {
        let mut core = lock(&self.core);
        let claimed = claim(&mut core)?;
        self.phase.start(running::upcoming());
        Some(claimed)
    }

    /// The outcome of a call, claimable or ended, that nobody else has any more.
    #[inline]
    fn into_outcome(self) -> Outcome<B::Output> {
        let Self { core, origin, .. } = self;
        match core.into_inner().expect("nothing under the lock panics").into_body() {
            Ok((body, attached)) => origin.run_for(body, attached),
            Err(outcome) => outcome,
        }
    }

    /// Tells of the body's end before anybody can know of it: whoever has the value finds all told.
    #[inline]
    fn tell_end(&self, outcome: &Outcome<B::Output>) {
        let trace = self.origin.trace();
        if !trace.is_kept() {
            return;
        }
        let in_time = lock(&self.core).end();
        if in_time {
            trace.ended(outcome);
        } else {
            trace.stopped_at_last();
        }
    }

    /// Stores the outcome, or drops it if it came too late.
    fn finish(&self, outcome: Outcome<B::Output>) {
        self.tell_end(&outcome);
        let end = {
            let mut core = lock(&self.core);
            tell_of_end(&mut core);
            let end = core.finish(outcome);
            self.phase.done();
            end
        };
        self.origin.leave_slot();
        match end {
            Finish::Published(attached) => attached.wake(),
            Finish::TooLate(outcome) => drop_quietly(outcome),
        }
    }

    fn suspend(self: Arc<Self>, body: B) {
        let next = {
            let mut core = lock(&self.core);
            tell_of_end(&mut core);
            let next = core.suspend(body, || Arc::downgrade(&self) as Weak<dyn Job>);
            if !matches!(next, Suspend::TooLate(_)) {
                self.phase.reserve();
            }
            next
        };
        match next {
            Suspend::Stored => {
                // A shutdown looks for futures after it has closed the runtime; this one may have
                // come too late for that.
                if pool::is_closed() {
                    self.refuse(pool::SHUT_DOWN);
                }
            }
            Suspend::Requeue => pool::resume(self),
            Suspend::TooLate(body) => {
                self.origin.trace().stopped_at_last();
                self.origin.leave_slot();
                drop_quietly(body);
            }
        }
    }

    /// Ends the call before its body has ended; returns the inputs that nobody wants then, or `None` if
    /// it had ended.
    fn close(&self, why: Why, error: impl FnOnce(BodyIs) -> Error) -> Option<Vec<Arc<dyn Job>>> {
        let (runner, close) = {
            let mut core = lock(&self.core);
            let runner = self.runner();
            let close = core.close(|body| self.noted(error(body), body));
            if let Close::RunsOn(_) = close {
                overruns::began(runner, Stopped { call: self.identity(), why });
                core.attached().make_known(runner);
            }
            if !matches!(close, Close::TooLate) {
                self.phase.done();
            }
            (runner, close)
        };
        match close {
            Close::NeverEnds { mut attached, held } => {
                let inputs = attached.take_inputs();
                self.never_ends(attached, held);
                Some(inputs.map(Inputs::in_vain).unwrap_or_default())
            }
            Close::RunsOn(attached) => {
                pool::waits().wake_stopped(runner);
                attached.wake();
                Some(Vec::new())
            }
            Close::TooLate => None,
        }
    }

    /// Notes for those who are told of the call that it is closed with `error`.
    fn noted(&self, error: Error, body: BodyIs) -> Error {
        self.origin.trace().closed(&error, body);
        error
    }

    /// Tells of a call that was closed while nobody ran its body.
    fn never_ends(&self, attached: Attached, held: bool) {
        attached.wake();
        if !held {
            self.origin.leave_slot();
        }
    }

    fn close_cancelled(&self) -> Option<Vec<Arc<dyn Job>>> {
        self.close(Why::Cancelled, |body| Error::cancelled(self.identity(), body))
    }

    /// Puts `awaiter` in the place of the last one; `false` if the call has ended.
    fn exchange_awaiter(&self, awaiter: Option<Waker>) -> bool {
        let (pending, unused) = {
            let mut core = lock(&self.core);
            // As in `register`: nobody is put where nobody will look.
            if self.is_done() {
                (false, awaiter)
            } else {
                (true, core.attached().replace_awaiter(awaiter))
            }
        };
        drop_quietly(unused);
        pending
    }
}

/// The body has left its thread, which concerns those who know of it.
#[inline]
fn tell_of_end<B: Body>(core: &mut Core<B>) {
    if let Some(frame) = core.attached().take_known() {
        overruns::ended(frame);
    }
}

impl<B: Body> Job for Task<B> {
    fn run(self: Arc<Self>) {
        let Some(body) = self.start(Core::claim) else {
            return self.tidy_up();
        };
        match self.origin.run(body, How::Thread, || Waker::from(self.clone())) {
            Ok(Step::Suspended(body)) => self.suspend(body),
            Ok(Step::Finished(value)) => self.finish(Ok(value)),
            Ok(Step::Failed(error)) | Err(error) => self.finish(Err(error)),
        }
    }

    fn is_queued(&self) -> bool {
        self.phase.is_queued()
    }

    #[inline]
    fn is_claimable(&self) -> bool {
        self.phase.is_claimable()
    }

    #[inline]
    fn is_done(&self) -> bool {
        self.phase.is_done()
    }

    fn admit(&self) -> bool {
        lock(&self.core).admit()
    }

    fn admit_with_inputs(self: Arc<Self>) {
        if let Some(limit) = self.origin.limit() {
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

    fn inputs(&self) -> Vec<Input> {
        lock_brief(&self.core).inputs()
    }

    fn expire(&self, now: Instant) {
        if let Some(deadline) = self.deadline().filter(|deadline| deadline.at() <= now) {
            let error = |body| Error::timeout(self.identity(), deadline.after(), body);
            inputs::expire(self.close(Why::TimedOut, error).unwrap_or_default());
        }
    }

    fn cancel(&self) -> bool {
        let closed = self.close_cancelled();
        let had_not_ended = closed.is_some();
        inputs::cancel(closed.unwrap_or_default());
        self.tidy_up();
        had_not_ended
    }

    fn close_unwanted(&self) -> Vec<Arc<dyn Job>> {
        self.close_cancelled().unwrap_or_default()
    }

    fn tidy_up(&self) {
        self.origin.trace().tell_closed();
        let (awaiter, leftover) = {
            let mut core = lock(&self.core);
            let awaiter = self.is_done().then(|| core.attached().replace_awaiter(None)).flatten();
            (awaiter, core.leftover())
        };
        if let Some(awaiter) = awaiter {
            quietly(|| awaiter.wake());
        }
        drop_quietly(leftover);
    }

    fn detach(&self) {
        let mut core = lock(&self.core);
        if self.origin.detach() && core.is_running() {
            overruns::detach(self.runner());
            core.attached().make_known(self.runner());
        }
    }

    fn maker(&self) -> Frame {
        self.origin.maker()
    }

    fn runner(&self) -> Frame {
        self.phase.runner()
    }

    fn keep_verdict(&self, error: Error) -> &Error {
        self.origin.keep_verdict(error)
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
        if let Close::NeverEnds { attached, held } = close {
            self.never_ends(attached, held);
        }
        self.tidy_up();
    }

    fn call(&self) -> Call {
        self.identity()
    }

    #[cfg(feature = "tracing")]
    fn trace(&self) -> &Trace {
        self.origin.trace()
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
        let mut core = lock(&self.core);
        // The phase turns to done under this lock, together with taking the waiters: nobody is
        // added to a list that nobody will read.
        if self.is_done() {
            return false;
        }
        core.attached().add_waiter(waker);
        true
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

impl<B: Body> Handle<B::Output> for Task<B> {
    fn take(&self) -> Option<Outcome<B::Output>> {
        lock(&self.core).take()
    }

    fn run_in_place(&self) -> Option<Outcome<B::Output>> {
        let body = self.start(Core::claim_in_place)?;
        let outcome = self.origin.run_to_end(body);
        self.origin.leave_slot();
        self.tell_end(&outcome);
        let mut core = lock(&self.core);
        tell_of_end(&mut core);
        match core.hand_over(outcome) {
            HandOver::Direct(outcome) => Some(outcome),
            HandOver::TooLate(late) => {
                drop(core);
                drop_quietly(late);
                None
            }
        }
    }

    fn announce(&self) {
        let attached = {
            let mut core = lock(&self.core);
            self.phase.done();
            std::mem::take(core.attached())
        };
        attached.wake();
    }

    fn join_at_once(self: Arc<Self>) -> Result<Outcome<B::Output>, Arc<dyn Handle<B::Output>>> {
        let done = self.phase.is_done();
        let here = || self.phase.is_claimable() && pool::may_run_in_place(&*self);
        if !(done || here()) {
            return Err(self);
        }
        match Arc::try_unwrap(self) {
            Ok(task) => {
                if !done && task.phase.is_done() {
                    pool::look_after_own_calls();
                }
                Ok(task.into_outcome())
            }
            Err(shared) => {
                if done {
                    return Ok(shared.take().expect("its only owner takes the outcome"));
                }
                let Some((body, attached)) = shared.start(Core::claim_and_keep) else {
                    return Err(shared);
                };
                Ok(shared.origin.run_for(body, attached))
            }
        }
    }

    fn may_run_in_place(&self) -> bool {
        pool::may_run_in_place(self)
    }

    fn job(self: Arc<Self>) -> Arc<dyn Job> {
        self
    }
}

/// The waker that a task gives to a future of its own, which puts it back into the queue, and to its
/// inputs, of which the last does.
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
                pool::resume(self);
                drop(listed);
            }
            Woken::HasInputs(inputs) => {
                inputs::queue(self);
                drop(inputs);
            }
            Woken::GoesOn => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_small() {
        let task = Task::new(&Options::here(), Closure(|| ()));
        let overhead = size_of_val(&*task);
        assert!(overhead <= 80, "{overhead} bytes besides the closure");
    }
}
