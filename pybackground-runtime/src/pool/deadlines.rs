//! A heap of the deadlines of pending calls, soonest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::deadline::Deadline;
use crate::runnable::Runnable;

/// A smaller heap is not swept.
const FEW: usize = 64;

/// A heap that does not keep calls alive, and that drops the entries of calls that have ended from time to time.
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<DeadlineEntry>>,
    /// At this size the heap is swept. It is twice the size after the last sweep, so a sweep costs a constant time
    /// for each added entry.
    sweep_at: usize,
}

struct DeadlineEntry {
    deadline: Arc<Deadline>,
    job: Weak<dyn Runnable>,
}

impl Deadlines {
    pub(super) fn new() -> Self {
        Self { heap: BinaryHeap::new(), sweep_at: FEW }
    }

    /// Adds a deadline; returns whether it is now the soonest.
    pub(super) fn add(&mut self, deadline: Arc<Deadline>, job: Weak<dyn Runnable>) -> bool {
        if self.heap.len() >= self.sweep_at {
            self.sweep();
        }
        let soonest = self.next().is_none_or(|next| deadline.at() < next);
        self.heap.push(Reverse(DeadlineEntry { deadline, job }));
        soonest
    }

    /// Drops the deadlines of calls that have ended.
    pub(super) fn sweep(&mut self) {
        // Does not upgrade the reference: this thread, the monitor, could then be the one to drop the call.
        self.heap
            .retain(|Reverse(entry)| !entry.deadline.is_over() && entry.job.strong_count() > 0);
        self.sweep_at = FEW.max(2 * self.heap.len());
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.deadline.at())
    }

    /// Takes a call whose deadline is not after `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Arc<dyn Runnable>> {
        while self.next().is_some_and(|next| next <= now) {
            let Reverse(entry) = self.heap.pop()?;
            if entry.deadline.is_over() {
                continue;
            }
            if let Some(job) = entry.job.upgrade() {
                return Some(job);
            }
        }
        None
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.heap.len()
    }
}

impl PartialEq for DeadlineEntry {
    fn eq(&self, other: &Self) -> bool {
        self.deadline.at() == other.deadline.at()
    }
}

impl Eq for DeadlineEntry {}

impl PartialOrd for DeadlineEntry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DeadlineEntry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.deadline.at().cmp(&other.deadline.at())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runnable::NoWork;
    use std::time::Duration;

    fn job() -> Arc<dyn Runnable> {
        Arc::new(NoWork)
    }

    /// A deadline `seconds` from now, give or take the time the test takes.
    fn deadline(seconds: u64) -> Arc<Deadline> {
        Arc::new(Deadline::from_now(Duration::from_secs(seconds)).unwrap())
    }

    #[test]
    fn calls_come_due_in_the_order_of_their_deadlines() {
        let mut deadlines = Deadlines::new();
        let jobs: Vec<_> = (0..3).map(|_| (deadline(0), job())).collect();
        let mut add = |(deadline, job): &(Arc<Deadline>, Arc<dyn Runnable>)| {
            deadlines.add(deadline.clone(), Arc::downgrade(job))
        };
        assert!(add(&jobs[2]));
        assert!(add(&jobs[0]));
        assert!(!add(&jobs[1]));
        for (deadline, job) in &jobs {
            assert_eq!(deadlines.next(), Some(deadline.at()));
            assert!(Arc::ptr_eq(&deadlines.pop_due(deadline.at()).unwrap(), job));
            assert!(deadlines.pop_due(deadline.at()).is_none());
        }
    }

    #[test]
    fn calls_that_ended_are_swept_out() {
        let mut deadlines = Deadlines::new();
        let mut kept = Vec::new();
        for _ in 0..100 * FEW {
            let (job, deadline) = (job(), deadline(3600));
            deadlines.add(deadline.clone(), Arc::downgrade(&job));
            deadline.end();
            kept.push(job);
        }
        assert!(deadlines.len() <= 2 * FEW, "{} entries", deadlines.len());
        deadlines.sweep();
        assert_eq!(deadlines.len(), 0);
    }
}
