//! How a call ends before its body returns: its deadline passes, something cancels it, the body that made it stops, or no
//! thread will run it.
//!
//! Nothing here depends on the type of the body, so it is compiled once, and not for each function.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Instant;

use super::job::{Close, Core, Job};
use super::{chains, work};
use crate::cancel::{self, Overrun};
use crate::deadline::Deadline;
use crate::error::{Error, Progress, StopReason, Stopped};
use crate::panic::drop_catching;
use crate::runtime;

impl dyn Job + '_ {
    /// Cancels the call. Drops nothing; returns the dependencies that no other call needs, or `None` if
    /// the call had ended.
    pub(super) fn close_cancelled(&self) -> Option<Vec<Arc<dyn Job>>> {
        self.close(StopReason::Cancelled, |body| Error::cancelled(self.call(), body))
    }

    /// Closes the call if its deadline is not after `now`.
    pub(super) fn close_expired(&self, now: &dyn Fn() -> Instant) {
        if let Some(deadline) = self.deadline()
            && deadline.at() <= now()
        {
            let error = |progress| Error::timeout(self.call(), &deadline, progress);
            chains::expire(self.close(StopReason::TimedOut, error).unwrap_or_default());
        }
    }

    /// Closes the call because no thread will run it, unless one does.
    pub(super) fn close_refused(&self, why: &str) {
        let mut is_pending = |_: &Core| !self.word().is_running();
        let close = self.close_if(&mut is_pending, &mut |progress, _| {
            self.noted(Error::not_run(self.call(), why, progress), progress)
        });
        match close {
            None => return,
            Some(Close::NeverEnds(trailer, _)) => trailer.notify(),
            Some(Close::RunsOn(..) | Close::TooLate) => {}
        }
        self.clean_up();
    }

    /// Closes the call; returns the dependencies that no other call needs, or `None` if it had ended.
    fn close(
        &self,
        reason: StopReason,
        error: impl Fn(Progress) -> Error,
    ) -> Option<Vec<Arc<dyn Job>>> {
        let stopped = Stopped { call: self.call(), reason };
        self.close_stopped(&|_| Some(stopped), &|progress, _| error(progress))
    }

    /// As `close`, if `reason` finds one. The calls that the body made stop for that reason as well.
    fn close_stopped(
        &self,
        reason: &dyn Fn(&Core) -> Option<Stopped>,
        error: &dyn Fn(Progress, Stopped) -> Error,
    ) -> Option<Vec<Arc<dyn Job>>> {
        let found = Cell::new(None);
        let mut may_close = |core: &Core| {
            found.set(reason(core));
            found.get().is_some()
        };
        let close = self.close_if(&mut may_close, &mut |progress, node| {
            let stopped = found.get().expect("it is closed for a reason");
            if let Some(node) = node {
                let runs_on = progress == Progress::Running;
                node.stop(stopped, runs_on.then(|| Overrun::new(stopped.call)));
            }
            self.noted(error(progress, stopped), progress)
        });
        match close? {
            Close::NeverEnds(mut trailer, link) => {
                link.own().inspect(|node| node.notify());
                let dependencies = trailer.take_dependencies();
                trailer.notify();
                Some(dependencies.map(chains::abandon).unwrap_or_default())
            }
            Close::RunsOn(trailer, node) => {
                node.notify();
                trailer.notify();
                Some(Vec::new())
            }
            Close::TooLate => None,
        }
    }

    /// Notes for reports that the call is closed with `error`.
    fn noted(&self, error: Error, progress: Progress) -> Error {
        self.events().stopped(&error, progress);
        error
    }

    /// Runs the user code that closing the call has left.
    pub(super) fn drop_closed_body(&self) {
        self.events().report_stop();
        let mut awaiter = None;
        let body = self.take_closed_body(&mut |core| {
            if self.is_done() {
                awaiter = core.trailer().replace_awaiter(None);
            }
        });
        if let Some(awaiter) = awaiter {
            work::wake(awaiter);
        }
        if let Some(body) = body {
            work::drop_body(body);
        }
        if let Some(limit) = self.header().limit() {
            limit.call_closed();
        }
    }

    /// The deadline of a body that starts now, if there is a timeout of the run.
    pub(super) fn deadline_of_run(&self) -> Option<Deadline> {
        let mut timeout = None;
        self.with_core(&mut |core, _| timeout = core.trailer().take_run_timeout());
        timeout.and_then(Deadline::from_start)
    }
}

/// Closes a call because its parent has stopped, unless a thread runs the body.
pub(super) fn close_orphan(job: Arc<dyn Job>) {
    // A parent that cannot unwind may continue and use the value.
    let is_parked = || cancel::CAN_UNWIND && !job.word().is_running();
    let reason = |core: &Core| if is_parked() { core.node()?.stopped() } else { None };
    let error = |_, stopped| Error::cancelled_with(job.call(), stopped);
    let closed = job.close_stopped(&reason, &error);
    let was_open = closed.is_some();
    chains::expire(closed.unwrap_or_default());
    if was_open {
        runtime::reap(job);
    } else {
        drop_catching(job);
    }
}
