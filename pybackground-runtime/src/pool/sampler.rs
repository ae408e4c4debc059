//! Samples what the workers do, for the monitor.

use std::sync::Arc;

use super::growth::{Share, Survey};
use super::thread_state::{IS_REPORTED, StatusFiles, ThreadState};
use super::worker_stats::WorkerStats;
use crate::sync::{Mutex, lock};

/// The most threads in each of the two samples: to ask about a thread takes some microseconds, and a look
/// should take a small part of the time between two.
const SAMPLE: usize = 16;

/// How many looks in a row sample the same threads of all. A thread stays blocked only if two looks in a row find it so.
const LOOKS_AT_ONE_SAMPLE: usize = 4;

/// How many status files of computing threads stay open for each configured worker.
const FILES_PER_WORKER: usize = 2;

#[derive(Default)]
pub(super) struct Sampler {
    /// In the order of their start.
    workers: Mutex<Vec<(usize, Arc<WorkerStats>)>>,
    files: Mutex<StatusFiles>,
}

impl Sampler {
    pub(super) fn join(&self, id: usize, status: Arc<WorkerStats>) {
        lock(&self.workers).push((id, status));
    }

    pub(super) fn leave(&self, id: usize) {
        let left = {
            let mut workers = lock(&self.workers);
            let at = workers.iter().position(|(of, _)| *of == id);
            at.map(|at| workers.remove(at).1)
        };
        if let Some(status) = left {
            lock(&self.files).close(status.thread_id());
        }
    }

    pub(super) fn unpark_all(&self) {
        for (_, status) in &*lock(&self.workers) {
            status.unpark();
        }
    }

    /// Returns how many bodies the present workers have started, and which shares of the running threads
    /// block. Samples the newest threads and, from `cursor` on, all threads. Returns the smaller share of the two samples.
    /// The newest threads run the bodies that were queued last, so the queued bodies probably behave as these do.
    pub(super) fn survey(&self, cursor: usize, workers_configured: usize) -> Survey {
        let workers = lock(&self.workers);
        let all = || workers.iter().map(|(_, status)| status);
        let starts = all().map(|status| status.starts()).sum();
        // Each flag is read once, as it may change meanwhile.
        let running: Vec<_> = all().filter(|status| status.is_running()).collect();
        let known: Vec<_> = running.iter().filter(|status| status.is_known()).copied().collect();
        if running.is_empty() {
            return Survey { starts, blocked: Some(Share { blocked: 0, stay: 0, sampled: 1 }) };
        }
        if !IS_REPORTED {
            // Every thread that runs a body is assumed to block.
            return Survey { starts, blocked: Some(Share { blocked: 1, stay: 1, sampled: 1 }) };
        }
        let start = cursor / LOOKS_AT_ONE_SAMPLE;
        let (older, newest) = known.split_at(known.len().saturating_sub(SAMPLE));
        let newest: Vec<_> = newest.iter().copied().cloned().collect();
        let over_all: Vec<_> = (0..SAMPLE.min(older.len()))
            .map(|step| older[(start + step * older.len() / SAMPLE) % older.len()].clone())
            .collect();
        drop(workers);
        let most_files = FILES_PER_WORKER * workers_configured;
        let mut files = lock(&self.files);
        let shares = [newest, over_all].map(|threads| share_of(&threads, &mut files, most_files));
        let blocked = shares.into_iter().flatten().reduce(Share::min);
        Survey { starts, blocked }
    }
}

/// Returns the share that blocks of those threads whose state can be read; `None` if no state can.
fn share_of(
    threads: &[Arc<WorkerStats>],
    files: &mut StatusFiles,
    most_files: usize,
) -> Option<Share> {
    let mut share = Share { blocked: 0, stay: 0, sampled: 0 };
    for status in threads {
        let body = status.starts();
        match files.state_of(status.thread_id(), most_files) {
            ThreadState::Computes => {
                share.sampled += 1;
                status.computes();
            }
            ThreadState::Blocked => {
                share.sampled += 1;
                share.blocked += 1;
                share.stay += usize::from(status.stays_blocked_in(body));
            }
            ThreadState::Unknown => {}
        }
    }
    (share.sampled > 0).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler_of(threads: usize, bodies: usize) -> Sampler {
        let sampler = Sampler::default();
        for id in 0..threads {
            let status = Arc::new(WorkerStats::new());
            (0..bodies).for_each(|_| status.count_start());
            sampler.join(id, status);
        }
        sampler
    }

    fn assert_blocked(survey: Survey, blocked: bool) {
        let Share { blocked: found, sampled, .. } = survey.blocked.expect("the system was asked");
        assert_eq!(found, if blocked { sampled } else { 0 });
    }

    #[test]
    fn idle_threads_do_not_block() {
        assert_blocked(sampler_of(3, 0).survey(0, 2), false);
    }

    #[test]
    fn unknown_threads_are_not_taken_to_block_where_the_system_reports_states() {
        let survey = sampler_of(3, 1).survey(0, 2);
        assert_eq!(survey.starts, 3);
        assert_eq!(survey.blocked.is_none(), IS_REPORTED);
    }

    /// The system is asked about this thread, which computes, in the name of all of them.
    #[cfg(target_os = "linux")]
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no /proc")]
    fn threads_are_known_from_their_second_body_on() {
        for cursor in 0..100 {
            let survey = sampler_of(100, 2).survey(cursor, 2);
            assert_eq!(survey.starts, 200);
            assert_eq!(survey.blocked.unwrap().sampled, SAMPLE * SAMPLE, "two samples");
            assert_blocked(survey, false);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no /proc")]
    fn two_looks_at_many_threads_find_which_stay_blocked() {
        use crate::pool::thread_state::StatusFiles;
        use std::sync::mpsc::channel;
        use std::thread;

        let ((send, receive), (release, wait)) = (channel(), channel::<()>());
        let blocked = thread::spawn(move || {
            send.send(sampler_of(100, 2)).unwrap();
            wait.recv().unwrap_or_default();
        });
        let sampler = receive.recv().unwrap();
        let thread = lock(&sampler.workers)[0].1.clone();
        while StatusFiles::default().state_of(thread.thread_id(), 1) != ThreadState::Blocked {
            thread::yield_now();
        }
        let stay = |look| {
            let share = sampler.survey(look, 2).blocked.unwrap();
            assert_eq!(share.blocked, share.sampled);
            share.stay
        };
        assert_eq!(stay(LOOKS_AT_ONE_SAMPLE), 0);
        assert_eq!(stay(LOOKS_AT_ONE_SAMPLE + 1), SAMPLE * SAMPLE, "two samples");
        drop(release);
        blocked.join().unwrap();
    }
}
