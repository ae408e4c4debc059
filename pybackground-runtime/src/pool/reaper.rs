//! Runs the user code that terminated calls leave: the destructors of their bodies, and wakers.
//!
//! This code runs outside every lock and never on the monitor, so a destructor that blocks delays no deadline. A
//! thread that terminates a call and must not run user code passes the call to [`Pool::reap`]. The pool's threads
//! take it from a queue like a call to run, so the pool grows if destructors block. If the bounds allow no other
//! thread and all are busy, the monitor starts one thread for this alone, the *reaper*.

use std::sync::Arc;

use super::{MONITOR_STACK_SIZE, Pool};
use crate::panic::{catch, drop_catching};
use crate::runnable::Runnable;
use crate::sync::atomic::Ordering;

impl Pool {
    /// Enqueues a terminated call, so that a thread of the pool runs the user code that is left.
    pub(crate) fn reap(self: &Arc<Self>, job: Arc<dyn Runnable>) {
        self.queues.push_terminated(job);
        self.wake_one();
    }

    /// Starts the reaper if terminated calls are queued and the pool has no thread for them. The monitor calls this
    /// at each look.
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

    /// Refuses every queued call, on a thread of its own: the monitor, which runs no user code, found that the
    /// system gives the pool no thread.
    pub(super) fn refuse_all_elsewhere(self: &Arc<Self>) {
        self.start_reaper(|pool| pool.refuse_all(&pool.no_thread()));
    }

    /// Starts the thread, unless it exists. If the system refuses it, the monitor tries again at its next
    /// look.
    fn start_reaper(self: &Arc<Self>, work: impl FnOnce(&Pool) + Send + 'static) {
        // ORDERING: the flag guards nothing; the queue orders what is taken from it.
        if self.has_reaper.swap(true, Ordering::Relaxed) {
            return;
        }
        let pool = self.clone();
        let name = "background-reaper".to_owned();
        let started = self.exits.spawn(name, MONITOR_STACK_SIZE, move |key| {
            work(&pool);
            pool.has_reaper.store(false, Ordering::Relaxed);
            pool.exits.ends(key);
        });
        if started.is_err() {
            self.has_reaper.store(false, Ordering::Relaxed);
        }
    }
}
