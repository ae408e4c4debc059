//! The deadlines of calls that have not ended, soonest first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::task::Job;

/// Below this many entries none are looked for that can be dropped.
const FEW: usize = 64;

/// A heap that does not keep calls alive, nor much of those that are gone before their deadline.
pub(super) struct Deadlines {
    heap: BinaryHeap<Reverse<Entry>>,
    /// At this size the calls that are gone are swept out: the entries since the last time pay for it.
    sweep_at: usize,
}

struct Entry {
    at: Instant,
    job: Weak<dyn Job>,
}

impl Deadlines {
    pub(super) fn new() -> Self {
        Self {
            heap: BinaryHeap::new(),
            sweep_at: FEW,
        }
    }

    /// Adds a deadline; returns whether it is now the soonest.
    pub(super) fn add(&mut self, at: Instant, job: Weak<dyn Job>) -> bool {
        if self.heap.len() >= self.sweep_at {
            // Only looked at: to hold a call here could make this the place where it is dropped.
            self.heap
                .retain(|Reverse(entry)| entry.job.strong_count() > 0);
            self.sweep_at = FEW.max(2 * self.heap.len());
        }
        let soonest = self.next().is_none_or(|next| at < next);
        self.heap.push(Reverse(Entry { at, job }));
        soonest
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse(entry)| entry.at)
    }

    /// Takes a call whose deadline is not after `now`.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<Arc<dyn Job>> {
        while self.next().is_some_and(|next| next <= now) {
            if let Some(job) = self
                .heap
                .pop()
                .and_then(|Reverse(entry)| entry.job.upgrade())
            {
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

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;
    use crate::task::{Closure, Task};
    use std::time::Duration;

    fn job() -> Arc<dyn Job> {
        Task::new(&Options::here(), Closure(|| ()))
    }

    #[test]
    fn calls_come_due_in_the_order_of_their_deadlines() {
        let mut deadlines = Deadlines::new();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let jobs: Vec<_> = (0..3).map(|_| job()).collect();
        assert!(deadlines.add(at(2), Arc::downgrade(&jobs[2])));
        assert!(deadlines.add(at(0), Arc::downgrade(&jobs[0])));
        assert!(!deadlines.add(at(1), Arc::downgrade(&jobs[1])));
        assert_eq!(deadlines.next(), Some(at(0)));
        for (second, job) in (0..).zip(&jobs) {
            assert!(Arc::ptr_eq(&deadlines.pop_due(at(second)).unwrap(), job));
            assert!(deadlines.pop_due(at(second)).is_none());
        }
    }

    #[test]
    fn calls_that_are_gone_are_swept_out() {
        let mut deadlines = Deadlines::new();
        let far = Instant::now() + Duration::from_secs(3600);
        for _ in 0..100 * FEW {
            let job = job();
            deadlines.add(far, Arc::downgrade(&job));
            job.run();
        }
        assert!(deadlines.len() <= 2 * FEW, "{} entries", deadlines.len());
    }
}
