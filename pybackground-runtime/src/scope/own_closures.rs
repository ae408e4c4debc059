//! Reports of a thread outside the pool that runs closures of its scope for long.
//!
//! At the end of the scope the thread runs closures before it waits. If one of them hangs, no thread waits for it that could
//! report it. So the monitor keeps the time, if waits are to be reported at all.

use std::panic::Location;
use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use super::open_calls::Kept;
use crate::deadline::Deadline;
use crate::runnable::Runnable;
use crate::runtime;
use crate::snapshot::{Awaited, LongWait};
use crate::sync::lock_leaf;
use crate::waits::{BlockedIn, ScopedCalls, Waiting};

/// This thread runs closures of its scope until this is dropped.
pub(super) struct OwnClosures {
    _waiting: Option<Waiting<'static>>,
    _watch: Arc<Watch>,
}

struct Watch {
    report: Mutex<LongWait>,
    timer: Mutex<Option<Arc<Deadline>>>,
    own: Weak<Self>,
}

impl OwnClosures {
    /// Whether waits are reported.
    #[inline]
    pub(super) fn are_reported() -> bool {
        runtime::config().report().after().is_some()
    }

    /// This thread is about to run closures. `None` for a worker: whatever waits for its body reports it.
    pub(super) fn begin(calls: &Kept, site: &'static Location<'static>) -> Option<Self> {
        if runtime::is_worker() {
            return None;
        }
        let calls: Arc<dyn ScopedCalls> = calls.0.clone();
        let report = LongWait::new(Awaited::BlockedIn(BlockedIn::ScopeEnd), site);
        let watch = Arc::new_cyclic(|own| Watch {
            report: Mutex::new(report),
            timer: Mutex::default(),
            own: own.clone(),
        });
        watch.set_timer();
        let waiting = runtime::waits().for_own_closures(&calls, site);
        Some(Self { _waiting: waiting, _watch: watch })
    }
}

impl Watch {
    fn set_timer(&self) {
        let rest = lock_leaf(&self.report).rest();
        if let Some(timer) = rest.and_then(Deadline::from_now).map(Arc::new) {
            *lock_leaf(&self.timer) = Some(timer.clone());
            runtime::keep_deadline(timer, self.own.clone());
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(timer) = &*lock_leaf(&self.timer) {
            timer.end();
        }
    }
}

impl Runnable for Watch {
    fn run(self: Arc<Self>) {
        self.clean_up();
    }

    fn refuse(&self, _: &str) {}

    fn is_stale(&self) -> bool {
        false
    }

    /// Leaves the look to a thread of the pool.
    fn expire(&self, _: Instant) {}

    fn clean_up(&self) {
        let mut report = *lock_leaf(&self.report);
        report.look();
        *lock_leaf(&self.report) = report;
        self.set_timer();
    }
}
