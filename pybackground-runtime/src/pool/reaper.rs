//! Drops what user code left: the destructors and wakers of terminated calls.
//!
//! The contract: they run outside every lock and never on the monitor, and a destructor that blocks delays
//! no deadline. Whoever terminates a call and must not run user code leaves the call here, by
//! [`Pool::reap`]. The pool's threads take it as they take calls, so there are more threads if destructors
//! block. If every thread that there may be is taken, the monitor starts one thread for this alone.

use std::sync::Arc;

use super::{MONITOR_STACK_SIZE, Pool};
use crate::panic::{catch, drop_catching};
use crate::runnable::Runnable;
use crate::sync::atomic::Ordering;
use crate::sync::thread;

impl Pool {
    /// Leaves the remains of a terminated call to another thread.
    pub(crate) fn reap(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        self.queues.push_terminated(job);
        self.wake_one();
    }

    /// Starts a thread for the remains if the pool has none. Called by the monitor, again and again while
    /// anything is queued.
    pub(super) fn reap_if_starved(self: &Arc<Self>) {
        if self.queues.has_terminated() && self.is_starved() {
            self.start_reaper(|pool| {
                while let Some(job) = pool.queues.pop_terminated() {
                    catch(|| job.clean_up());
                    drop_catching(job);
                }
            });
        }
    }

    /// Refuses every queued call, on a thread of its own: the monitor found that the system gives no thread
    /// to the pool.
    pub(super) fn refuse_all_elsewhere(self: &Arc<Self>) {
        self.start_reaper(|pool| pool.refuse_all(&pool.no_thread()));
    }

    /// Starts the thread, unless it runs. If the system refuses it, the monitor tries again at its next
    /// look.
    fn start_reaper(self: &Arc<Self>, work: impl FnOnce(&Pool) + Send + 'static) {
        // ORDERING: the flag guards nothing; the queue orders what is taken from it.
        if self.has_reaper.swap(true, Ordering::Relaxed) {
            return;
        }
        let pool = self.clone();
        let started =
            thread::spawn("background-reaper".to_owned(), MONITOR_STACK_SIZE, move || {
                work(&pool);
                pool.has_reaper.store(false, Ordering::Relaxed);
            });
        if started.is_err() {
            self.has_reaper.store(false, Ordering::Relaxed);
        }
    }
}
