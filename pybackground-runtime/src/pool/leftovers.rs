//! What is left of calls that the monitor ended: wakers and destructors, which are code of the user's.
//!
//! The monitor runs none of it, and queues the calls for the threads of the pool. When there can be no
//! more of those and each is taken, nobody would hear of a deadline until one is free; then a thread
//! besides, which leaves when it is done, sees to what is left.

use std::sync::{Arc, Weak};

use super::{MONITOR_STACK_SIZE, Pool};
use crate::panic::catch;
use crate::runnable::Runnable;
use crate::sync::thread;

/// Calls that were ended and may still be in the queues.
#[derive(Default)]
pub(super) struct Leftovers {
    calls: Vec<Weak<dyn Runnable>>,
    /// At this number, those that are gone are forgotten.
    sweep_at: usize,
}

/// So few are not worth a sweep.
const FEW: usize = 64;

impl Leftovers {
    /// Queues a call that was ended.
    pub(super) fn queue(&mut self, job: Arc<dyn Runnable>, pool: &Arc<Pool>) {
        if self.calls.len() >= self.sweep_at {
            self.calls.retain(|call| call.strong_count() > 0);
            self.sweep_at = FEW.max(2 * self.calls.len());
        }
        self.calls.push(Arc::downgrade(&job));
        pool.excess.may_help();
        pool.queues.push_begun(job);
        pool.wake_one();
    }

    /// Has a thread besides see to what is left, if there is something and the pool has nobody for it.
    pub(super) fn look_after(&mut self, pool: &Pool) {
        if self.calls.is_empty() {
            return;
        }
        if pool.queues.is_empty() {
            return self.calls.clear();
        }
        if !pool.is_starved() {
            return;
        }
        let calls = std::mem::take(&mut self.calls);
        // Should the system give no thread for it, the queue has them all the same.
        let _ = thread::spawn("background-besides".to_owned(), MONITOR_STACK_SIZE, move || {
            for call in calls {
                catch(move || {
                    if let Some(call) = call.upgrade() {
                        call.clean_up();
                    }
                });
            }
        });
    }
}
