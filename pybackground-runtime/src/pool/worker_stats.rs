//! What other threads see of a worker.

use std::sync::Arc;

use super::thread_state::ThreadId;
use crate::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::sync::thread::{self, Thread};

/// From this number of threads on, only one new thread in `ONE_IN` asks the system for its id at its start, which
/// is enough for a sample. The others ask at their second body: asking takes a tenth of the time that the start of
/// a thread takes.
const CROWD: usize = 64;
const ONE_IN: usize = 8;

/// What other threads see of a worker.
pub(super) struct WorkerStats {
    handle: Thread,
    thread: ThreadId,
    /// The thread runs a body that is not blocked in a join.
    running: AtomicBool,
    starts: AtomicU64,
    /// The number of the body in which the monitor's last look at the thread found it blocked; `NO_BODY` if the
    /// thread computed.
    blocked_in: AtomicU64,
}

const NO_BODY: u64 = 0;

impl WorkerStats {
    pub(super) fn new() -> Self {
        Self {
            handle: thread::current(),
            thread: ThreadId::unknown(),
            running: AtomicBool::new(false),
            starts: AtomicU64::new(0),
            blocked_in: AtomicU64::new(NO_BODY),
        }
    }

    /// Returns the stats of the current thread, the `id`th, which has just started as one of `threads`.
    pub(super) fn of_new_thread(threads: usize, id: usize) -> Arc<Self> {
        let status = Self::new();
        if threads <= CROWD || id.is_multiple_of(ONE_IN) {
            status.thread.learn();
        }
        Arc::new(status)
    }

    pub(super) fn unpark(&self) {
        self.handle.unpark();
    }

    pub(super) fn is_running(&self) -> bool {
        // ORDERING: these three are read for estimates only.
        self.running.load(Ordering::Relaxed)
    }

    pub(super) fn starts(&self) -> u64 {
        self.starts.load(Ordering::Relaxed)
    }

    /// Returns whether the system can be asked about the thread.
    pub(super) fn is_known(&self) -> bool {
        self.thread.is_known()
    }

    pub(super) fn thread_id(&self) -> &ThreadId {
        &self.thread
    }

    pub(super) fn set_running(&self, running: bool) {
        self.running.store(running, Ordering::Relaxed);
    }

    /// A look of the monitor found that the thread computes.
    pub(super) fn computes(&self) {
        // ORDERING: only the monitor reads and writes it.
        self.blocked_in.store(NO_BODY, Ordering::Relaxed);
    }

    /// A look of the monitor found that the thread is blocked. Returns whether the look before found it
    /// blocked in the same body.
    pub(super) fn stays_blocked_in(&self, body: u64) -> bool {
        self.blocked_in.swap(body, Ordering::Relaxed) == body
    }

    /// Counts a body that the thread took from a queue.
    pub(super) fn count_start(&self) {
        if self.starts() == 1 && !self.is_known() {
            self.thread.learn();
        }
        self.count_start_in_place();
        self.set_running(true);
    }

    /// Counts a body that runs on top of another. Only the worker itself writes, so no read-modify-write is needed.
    #[inline]
    pub(super) fn count_start_in_place(&self) {
        self.starts.store(self.starts() + 1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thread_stays_blocked_when_two_looks_in_a_row_find_it_in_one_body() {
        let stats = WorkerStats::new();
        assert!(!stats.stays_blocked_in(1));
        assert!(stats.stays_blocked_in(1));
        assert!(!stats.stays_blocked_in(2), "another body");
        stats.computes();
        assert!(!stats.stays_blocked_in(2), "it computed between the looks");
        assert!(stats.stays_blocked_in(2));
    }
}
