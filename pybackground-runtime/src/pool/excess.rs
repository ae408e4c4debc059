//! Threads beyond `max_threads`, when all that there may be wait for calls.
//!
//! If one of them waits for a call that has no thread, only one more can end the waiting, and it is started at
//! once. If each waits for calls that run, which wait in turn, or for futures that wait to be woken, the calls in
//! the queues may be as many more who wait: nobody is started for them. But one of them may be what a future waits
//! for, of which nothing is known here. So if nothing moves for a while, one more is risked, and again.

use std::time::{Duration, Instant};

use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How long nothing moves before one more is risked.
const PATIENCE: Duration = Duration::from_millis(100);

/// How many threads there may be beyond the limit, and whether it is known that one more is no help.
pub(super) struct Excess {
    risked: AtomicUsize,
    is_no_help: AtomicBool,
}

impl Excess {
    pub(super) fn new() -> Self {
        Self { risked: AtomicUsize::new(0), is_no_help: AtomicBool::new(false) }
    }

    /// How many more there may be although they are no help as far as is known.
    pub(super) fn risked(&self) -> usize {
        // ORDERING: a number that guards nothing.
        self.risked.load(Ordering::Relaxed)
    }

    /// Somebody waits for another call than before, or what somebody waits for is in a queue now.
    pub(super) fn may_help(&self) {
        self.is_no_help.store(false, Ordering::SeqCst);
    }

    /// Whether somebody said that one more may help, and nobody has found out since.
    pub(super) fn may_be_help(&self) -> bool {
        !self.is_no_help.load(Ordering::SeqCst)
    }

    /// Whether one more helps, found out by `find_out` unless it is known; said before that, so that who says
    /// meanwhile that it may is not overheard.
    pub(super) fn helps(&self, find_out: impl FnOnce() -> bool) -> bool {
        if self.is_no_help.swap(true, Ordering::SeqCst) {
            return false;
        }
        let helps = find_out();
        if helps {
            self.may_help();
        }
        helps
    }
}

/// The monitor's memory of it.
#[derive(Default)]
pub(super) struct HeldUp {
    since: Option<Instant>,
}

impl HeldUp {
    /// All that there may be wait for calls, and others are in the queues, if `is_so`.
    pub(super) fn look(&mut self, is_so: bool, excess: &Excess, now: Instant) {
        if !is_so {
            self.since = None;
        } else if now.duration_since(*self.since.get_or_insert(now)) >= PATIENCE {
            self.since = None;
            // ORDERING: see `risked`.
            excess.risked.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// No calls are in the queues.
    pub(super) fn calm(&mut self, excess: &Excess) {
        self.since = None;
        // ORDERING: see `risked`.
        excess.risked.store(0, Ordering::Relaxed);
    }
}
