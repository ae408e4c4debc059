//! What is done to a call and to the dependencies that only it needs, and to theirs.
//!
//! Such a chain may be any length, so it is followed with a list, not by recursion.

use std::sync::Arc;

use super::dependencies::owned;
use super::job::{Dependencies, Dependency, Job};
use crate::cancel::is_shut_down;
use crate::panic::drop_catching;
use crate::runtime;

impl dyn Job + '_ {
    /// Cancels the call, and the dependencies that only it needs; `false` if it has ended. Drops the
    /// body of a call that no thread runs.
    pub(crate) fn cancel(&self) -> bool {
        let closed = self.close_cancelled();
        let had_not_ended = closed.is_some();
        cancel(closed.unwrap_or_default());
        self.clean_up();
        had_not_ended
    }
}

/// Cancels these calls and the dependencies that only they need, and drops their bodies.
fn cancel(jobs: Vec<Arc<dyn Job>>) {
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

/// A call that waited for these is closed. Returns those that no other call needs.
pub(super) fn abandon(dependencies: Dependencies) -> Vec<Arc<dyn Job>> {
    let all = dependencies.into_all();
    for dependency in &all {
        dependency.job.dependent_closed();
    }
    owned(all).collect()
}

/// Detaches the call, and the dependencies that only it needs, from the bodies that made them.
pub(crate) fn detach(job: &dyn Job) {
    // Where a chain was detached before, it is not followed again: each link may have been detached when it was made.
    for_owned(job, |job| job.detach(), |job| job.dependencies_to_detach());
}

/// As `detach`, until nothing holds the call.
pub(crate) fn share(job: &dyn Job) {
    for_owned(job, |job| job.share(), |job| job.dependencies());
}

/// Undoes [`share`], because nothing holds the call.
fn unshare(job: &dyn Job) {
    for_owned(job, |job| job.unshare(), |job| job.dependencies());
}

/// The `Lazy` of the call goes: nothing awaits the call, and it stops with the body that made it.
#[cold]
pub(crate) fn disown(job: &dyn Job) {
    if !job.is_done() {
        job.clear_awaiter();
        unshare(job);
        // A shutdown stops every call. To look for another stop takes a walk up the chain of its makers.
        if !is_shut_down() && job.has_to_stop() {
            job.cancel();
        }
    }
}

fn for_owned(job: &dyn Job, act: fn(&dyn Job), dependencies: fn(&dyn Job) -> Vec<Dependency>) {
    act(job);
    let mut left: Vec<_> = owned(dependencies(job)).collect();
    while let Some(dependency) = left.pop() {
        act(&*dependency);
        left.extend(owned(dependencies(&*dependency)));
    }
}
