//! The workers there are, for the monitor to look at.

use std::sync::Arc;

use super::growth::Share;
use super::worker::Status;
use crate::sync::{Mutex, lock};

/// How many threads a sample asks the system about, at most, of each kind. Asking about one takes
/// about ten microseconds of a tick of a thousand.
const SAMPLE: usize = 16;

#[derive(Default)]
pub(super) struct Roster {
    /// In the order they came.
    workers: Mutex<Vec<(usize, Arc<Status>)>>,
}

impl Roster {
    pub(super) fn join(&self, id: usize, status: Arc<Status>) {
        lock(&self.workers).push((id, status));
    }

    pub(super) fn leave(&self, id: usize) {
        lock(&self.workers).retain(|(of, _)| *of != id);
    }

    /// How many bodies the present workers have taken from the queues.
    pub(super) fn starts(&self) -> u64 {
        lock(&self.workers).iter().map(|(_, status)| status.starts()).sum()
    }

    /// The share of running threads that block: the smaller of what the newest threads say, whose
    /// bodies are most like the ones that wait, and of what a sample over all says, which begins at
    /// `cursor`.
    pub(super) fn blocked_share(&self, cursor: usize) -> Share {
        let running: Vec<Arc<Status>> = {
            let workers = lock(&self.workers);
            let running = workers.iter().filter(|(_, status)| status.is_running());
            running.map(|(_, status)| status.clone()).collect()
        };
        let newest = &running[running.len().saturating_sub(SAMPLE)..];
        let share = share_of(newest.iter());
        if running.len() <= SAMPLE {
            return share;
        }
        let older = running.len() - SAMPLE;
        let over_all = (0..SAMPLE).map(|step| &running[(cursor + step * older / SAMPLE) % older]);
        share.min(share_of(over_all))
    }
}

fn share_of<'a>(threads: impl ExactSizeIterator<Item = &'a Arc<Status>>) -> Share {
    let sampled = threads.len();
    Share { blocked: threads.filter(|status| status.is_blocked()).count(), sampled }
}
