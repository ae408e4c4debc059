//! What a call waits for before it is queued: other calls, its inputs.
//!
//! A call is a follower of each of its inputs and counts those that have ended. Dependencies may have inputs of
//! their own, and so on for a hundred thousand: whatever passes from a call to its inputs, or from an
//! input to the call, does so by a list and not by recursion.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use super::Job;
use super::parked::ParkedCall;
use crate::panic::{catch, drop_catching};
use crate::runtime;
use crate::stacks::{self, Frame};
use crate::sync::thread_local;

/// A call that another waits for before it is queued.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) job: Arc<dyn Job>,
    /// Nobody else can want its value.
    pub(crate) is_owned: bool,
}

/// The inputs of a call that has not all of them.
pub(super) struct Dependencies {
    all: Vec<Input>,
    /// How many have not ended, and one more until the call is told that it knows all.
    left: usize,
    _parked: ParkedCall,
}

impl Dependencies {
    pub(super) fn new(all: Vec<Input>, parked: ParkedCall) -> Self {
        Self { left: all.len() + 1, all, _parked: parked }
    }

    /// Returns whether it was the last.
    pub(super) fn one_ended(&mut self) -> bool {
        self.left -= 1;
        self.left == 0
    }

    pub(super) fn all(&self) -> Vec<Input> {
        self.all.clone()
    }

    /// The call is closed: returns the inputs that nobody wants any more.
    pub(super) fn in_vain(self) -> Vec<Arc<dyn Job>> {
        self.all.iter().for_each(|input| input.job.dependent_closed());
        owned(self.all).collect()
    }
}

/// Each input once, although it may be there for several parameters: a follower is told once.
pub(super) fn distinct(mut inputs: Vec<Input>) -> Vec<Input> {
    let address = |input: &Input| Arc::as_ptr(&input.job).cast::<()>().addr();
    inputs.sort_by_key(address);
    inputs.dedup_by_key(|input| address(input));
    inputs
}

fn owned(inputs: Vec<Input>) -> impl Iterator<Item = Arc<dyn Job>> {
    inputs.into_iter().filter(|input| input.is_owned).map(|input| input.job)
}

/// Closes these calls and the inputs that only they want, and drops their bodies.
pub(super) fn cancel(jobs: Vec<Arc<dyn Job>>) {
    for job in closed(jobs).into_iter().rev() {
        job.clean_up();
        // It may have a value, if it had ended, and this may be the last that knows of it.
        drop_catching(job);
    }
}

/// As `cancel`, but what is left of the calls is for others to drop.
pub(super) fn expire(jobs: Vec<Arc<dyn Job>>) {
    closed(jobs).into_iter().rev().for_each(|job| runtime::reap(job));
}

/// The calls and the inputs that only they want, closed: each before its inputs, so that none of them
/// is queued when these end.
fn closed(mut jobs: Vec<Arc<dyn Job>>) -> Vec<Arc<dyn Job>> {
    let mut next = 0;
    while let Some(job) = jobs.get(next).cloned() {
        jobs.extend(job.close_cancelled().unwrap_or_default());
        next += 1;
    }
    jobs
}

/// Detaches the call, and the inputs that only it wants, from the bodies that made them.
pub(crate) fn detach(job: &dyn Job) {
    for_owned(job, |job| job.detach());
}

/// As `detach`, until nothing holds the call.
pub(crate) fn share(job: &dyn Job) {
    for_owned(job, |job| job.share());
}

fn for_owned(job: &dyn Job, act: fn(&dyn Job)) {
    act(job);
    let mut inputs: Vec<_> = owned(job.dependencies()).collect();
    while let Some(input) = inputs.pop() {
        act(&*input);
        inputs.extend(owned(input.dependencies()));
    }
}

type Jobs = VecDeque<Arc<dyn Job>>;

thread_local! {
    /// The calls that this thread is to queue, by the body on top of it when it began to.
    static READY: RefCell<Vec<(Frame, Jobs)>> = const { RefCell::new(Vec::new()) };
}

/// Queues a call whose inputs have ended.
///
/// To be queued may be its end, as after a shutdown, or its run, where calls are run in sequence. Then
/// the next call of a chain is queued by way of this one: not on top of it, but after it.
pub(super) fn queue(job: Arc<dyn Job>) {
    let body = stacks::current();
    let mut job = Some(job);
    let is_after = READY.try_with(|ready| {
        let mut ready = ready.borrow_mut();
        match ready.last_mut().filter(|(top, _)| *top == body) {
            Some((_, jobs)) => jobs.extend(job.take()),
            None => ready.push((body, Jobs::new())),
        }
    });
    while let Some(next) = job {
        catch(|| next.admit_with_dependencies());
        let more = READY.try_with(|ready| ready.borrow_mut().last_mut()?.1.pop_front());
        job = more.ok().flatten();
        if job.is_none() && is_after.is_ok() {
            let _ = READY.try_with(|ready| ready.borrow_mut().pop());
        }
    }
}
