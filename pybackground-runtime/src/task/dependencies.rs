//! The calls that a call waits for before it is enqueued.
//!
//! A call is a dependent of each of its dependencies and counts those that have not ended. Chains of
//! dependencies may be any length, so everything here that follows one uses a list, not recursion.

use std::sync::Arc;

use super::Job;
use super::parked::ParkedCall;
use crate::panic::drop_catching;
use crate::runtime;

/// A call that another waits for before it is enqueued.
#[derive(Clone)]
pub(crate) struct Dependency {
    pub(crate) job: Arc<dyn Job>,
    /// No other call can need its value.
    pub(crate) is_owned: bool,
}

/// The dependencies of a call that have not all ended.
pub(super) struct Dependencies {
    all: Vec<Dependency>,
    /// How many have not ended, and one more until the call is a dependent of all.
    left: usize,
    _parked: ParkedCall,
}

impl Dependencies {
    pub(super) fn new(all: Vec<Dependency>, parked: ParkedCall) -> Self {
        Self { left: all.len() + 1, all, _parked: parked }
    }

    /// One of them has ended. Returns whether it was the last.
    pub(super) fn one_ended(&mut self) -> bool {
        self.left -= 1;
        self.left == 0
    }

    pub(super) fn all(&self) -> Vec<Dependency> {
        self.all.clone()
    }

    /// The call is closed: returns the dependencies that no other call needs.
    pub(super) fn abandon(self) -> Vec<Arc<dyn Job>> {
        self.all.iter().for_each(|dependency| dependency.job.dependent_closed());
        owned(self.all).collect()
    }
}

/// Each dependency once, although several parameters may need it: it notifies a dependent once.
pub(super) fn distinct(mut all: Vec<Dependency>) -> Vec<Dependency> {
    let address = |dependency: &Dependency| Arc::as_ptr(&dependency.job).cast::<()>().addr();
    all.sort_by_key(address);
    all.dedup_by_key(|dependency| address(dependency));
    all
}

fn owned(all: Vec<Dependency>) -> impl Iterator<Item = Arc<dyn Job>> {
    all.into_iter().filter(|dependency| dependency.is_owned).map(|dependency| dependency.job)
}

/// Cancels these calls and the dependencies that only they need, and drops their bodies.
pub(super) fn cancel(jobs: Vec<Arc<dyn Job>>) {
    for job in closed(jobs).into_iter().rev() {
        job.clean_up();
        // This may be its last owner, and a call that had ended has a value.
        drop_catching(job);
    }
}

/// As `cancel`, but leaves the bodies to the workers.
pub(super) fn expire(jobs: Vec<Arc<dyn Job>>) {
    closed(jobs).into_iter().rev().for_each(|job| runtime::reap(job));
}

/// Closes the calls and the dependencies that only they need. Each call is closed before its dependencies, so
/// that it is not enqueued when these end.
fn closed(mut jobs: Vec<Arc<dyn Job>>) -> Vec<Arc<dyn Job>> {
    let mut next = 0;
    while let Some(job) = jobs.get(next).cloned() {
        jobs.extend(job.close_cancelled().unwrap_or_default());
        next += 1;
    }
    jobs
}

/// Detaches the call, and the dependencies that only it needs, from the bodies that made them.
pub(crate) fn detach(job: &dyn Job) {
    for_owned(job, |job| job.detach());
}

/// As `detach`, until nothing holds the call.
pub(crate) fn share(job: &dyn Job) {
    for_owned(job, |job| job.share());
}

fn for_owned(job: &dyn Job, act: fn(&dyn Job)) {
    act(job);
    let mut left: Vec<_> = owned(job.dependencies()).collect();
    while let Some(dependency) = left.pop() {
        act(&*dependency);
        left.extend(owned(dependency.dependencies()));
    }
}
