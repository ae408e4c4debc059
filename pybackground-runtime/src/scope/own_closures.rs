//! Reports of a thread outside the pool that runs closures of its scope for long.
//!
//! At the end of the scope the thread runs closures before it waits. While one of them hangs, no thread waits that could report
//! it. So a timer reports it, unless reports are switched off.

use std::panic::Location;
use std::sync::{Arc, Mutex, Weak};

use super::open_calls::CallsOfScope;
use crate::deadline::Deadline;
use crate::runnable::TimedWork;
use crate::runtime;
use crate::snapshot::{WaitReporter, WaitsFor};
use crate::sync::lock_leaf;
use crate::waits::{BlockedIn, ScopedCalls, Waiting};

/// This thread runs closures of its scope until this is dropped.
pub(super) struct OwnClosures {
    _waiting: Option<Waiting<'static>>,
    _report: Arc<ReportOfScope>,
}

struct ReportOfScope {
    reporter: Mutex<WaitReporter>,
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
    pub(super) fn begin(calls: &CallsOfScope, site: &'static Location<'static>) -> Option<Self> {
        if runtime::is_worker() {
            return None;
        }
        let calls: Arc<dyn ScopedCalls> = calls.0.clone();
        let reporter = WaitReporter::new(WaitsFor::BlockedIn(BlockedIn::ScopeEnd), site);
        let report = Arc::new_cyclic(|own| ReportOfScope {
            reporter: Mutex::new(reporter),
            timer: Mutex::default(),
            own: own.clone(),
        });
        report.set_timer();
        let waiting = runtime::waits().for_own_closures(&calls, site);
        Some(Self { _waiting: waiting, _report: report })
    }
}

impl ReportOfScope {
    fn set_timer(&self) {
        let rest = lock_leaf(&self.reporter).rest();
        if let Some(timer) = rest.and_then(Deadline::from_now).map(Arc::new) {
            *lock_leaf(&self.timer) = Some(timer.clone());
            runtime::keep_deadline(timer, self.own.clone());
        }
    }
}

impl Drop for ReportOfScope {
    fn drop(&mut self) {
        if let Some(timer) = &*lock_leaf(&self.timer) {
            timer.end();
        }
    }
}

impl TimedWork for ReportOfScope {
    fn act(&self) {
        let mut reporter = *lock_leaf(&self.reporter);
        reporter.look();
        *lock_leaf(&self.reporter) = reporter;
        self.set_timer();
    }
}
