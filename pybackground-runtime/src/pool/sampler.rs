//! The workers there are, for the monitor to look at.

use std::sync::Arc;

use super::growth::{Share, Survey};
use super::worker_stats::WorkerStats;
use crate::sync::{Mutex, lock};

/// How many threads a sample asks the system about, at most, of each kind: asking takes some
/// microseconds a thread, and a look is to take a small part of the time between two.
const SAMPLE: usize = 16;

#[derive(Default)]
pub(super) struct Sampler {
    /// In the order they came.
    workers: Mutex<Vec<(usize, Arc<WorkerStats>)>>,
}

impl Sampler {
    pub(super) fn join(&self, id: usize, status: Arc<WorkerStats>) {
        lock(&self.workers).push((id, status));
    }

    pub(super) fn leave(&self, id: usize) {
        lock(&self.workers).retain(|(of, _)| *of != id);
    }

    /// How many bodies the present workers have taken from the queues, and the share of running
    /// threads that block: the smaller of what the newest threads say, whose bodies are most like the
    /// ones that wait, and of what a sample over all says, which begins at `cursor`.
    pub(super) fn survey(&self, cursor: usize) -> Survey {
        let workers = lock(&self.workers);
        let all = || workers.iter().map(|(_, status)| status);
        let starts = all().map(|status| status.starts()).sum();
        // Each is asked once: a thread that begins to run meanwhile is not one of which nothing is known.
        let running: Vec<_> = all().filter(|status| status.is_running()).collect();
        let known: Vec<_> = running.iter().filter(|status| status.is_known()).copied().collect();
        if known.is_empty() {
            // Threads that the system tells nothing about are taken to block.
            let blocked = usize::from(!running.is_empty());
            return Survey { starts, blocked: Share { blocked, sampled: 1 } };
        }
        let (older, newest) = known.split_at(known.len().saturating_sub(SAMPLE));
        let newest: Vec<_> = newest.iter().copied().cloned().collect();
        let over_all: Vec<_> = (0..SAMPLE.min(older.len()))
            .map(|step| older[(cursor + step * older.len() / SAMPLE) % older.len()].clone())
            .collect();
        drop(workers);
        let newest = share_of(&newest);
        let blocked = if over_all.is_empty() { newest } else { newest.min(share_of(&over_all)) };
        Survey { starts, blocked }
    }
}

fn share_of(threads: &[Arc<WorkerStats>]) -> Share {
    let blocked = threads.iter().filter(|status| status.is_blocked()).count();
    Share { blocked, sampled: threads.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster_of(threads: usize, bodies: usize) -> Sampler {
        let sampler = Sampler::default();
        for id in 0..threads {
            let status = Arc::new(WorkerStats::new());
            (0..bodies).for_each(|_| status.count_start());
            sampler.join(id, status);
        }
        sampler
    }

    fn assert_blocked(survey: Survey, blocked: bool) {
        let Share { blocked: found, sampled } = survey.blocked;
        assert_eq!(found, if blocked { sampled } else { 0 });
    }

    #[test]
    fn threads_that_run_nothing_do_not_block() {
        assert_blocked(roster_of(3, 0).survey(0), false);
    }

    #[test]
    fn threads_that_nothing_is_known_of_are_taken_to_block() {
        let survey = roster_of(3, 1).survey(0);
        assert_eq!(survey.starts, 3);
        assert_blocked(survey, true);
    }

    /// The system is asked about this thread, which computes, in the name of all of them.
    #[cfg(target_os = "linux")]
    #[test]
    fn with_their_second_body_threads_are_known() {
        for cursor in 0..100 {
            let survey = roster_of(100, 2).survey(cursor);
            assert_eq!(survey.starts, 200);
            assert_eq!(survey.blocked.sampled, SAMPLE);
            assert_blocked(survey, false);
        }
    }
}
