//! Reporting a wait that takes long.

use std::fmt::{self, Write};
use std::panic::Location;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::snapshot;
use crate::call::Call;
use crate::config::ReportedWaits;
use crate::os_thread::{Observation, Threads};
use crate::site::UsedAt;
use crate::sync::{lock_leaf, now};
use crate::waits::{Behind, BlockedIn, LongWait};
use crate::{runtime, stacks, stderr};

/// When a report was made last.
static REPORTED: Mutex<Option<Instant>> = Mutex::new(None);

/// The time between two looks at a thread. A thread that computes or polls moves within it.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// What ends a wait, for its report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    Call(Call),
    BlockedIn(BlockedIn),
    /// The end of all calls.
    Idle,
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(call) => call.fmt(f),
            Self::BlockedIn(what) => what.fmt(f),
            Self::Idle => f.write_str("the end of all calls"),
        }
    }
}

/// Reports a wait each time it has lasted long.
#[derive(Clone, Copy)]
pub(crate) struct WaitReporter {
    awaited: WaitsFor,
    site: &'static Location<'static>,
    due: Option<Instant>,
}

impl WaitReporter {
    /// Starts to count the time of a wait.
    pub(crate) fn new(awaited: WaitsFor, site: &'static Location<'static>) -> Self {
        let after = runtime::config().report().after();
        Self { awaited, site, due: after.and_then(|after| now().checked_add(after)) }
    }

    /// When to [look](Self::look) next.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// How long the waiting thread may park.
    pub(crate) fn rest(&self) -> Option<Duration> {
        self.due.map(|due| due.saturating_duration_since(now()))
    }

    /// Reports the wait if that is due.
    pub(crate) fn look(&mut self) {
        if self.due.is_some_and(|due| due <= now()) {
            let again = report_wait(self.awaited, self.site);
            self.due = again.and_then(|after| now().checked_add(after));
        }
    }
}

/// Reports a long wait, unless another wait was reported within the same time. Returns the time until the next report of
/// this wait. `None` if no further report follows.
#[cold]
fn report_wait(awaited: WaitsFor, site: &'static Location<'static>) -> Option<Duration> {
    let report = runtime::config().report();
    let after = report.after()?;
    let is_due = {
        let mut reported = lock_leaf(&REPORTED);
        let is_due = reported.is_none_or(|at| at.elapsed() >= after);
        if is_due {
            *reported = Some(Instant::now());
        }
        is_due
    };
    if report == ReportedWaits::Stuck {
        if is_due {
            stderr::report(move || stuck(after, awaited, site));
        }
        return Some(after);
    }
    let text = move || {
        let site = UsedAt(site);
        Some(format!(
            "pybackground:{site} {awaited} has been waited for longer than {after:?}\n{}",
            snapshot()
        ))
    };
    if is_due && stderr::report(text).is_none() {
        // The report that is being written may be about something else.
        return Some(after);
    }
    None
}

/// The report of a wait that takes longer than `after`, and needs a body that is blocked in a lock or a channel, or may need a
/// call that no thread is left for. It is made once.
fn stuck(after: Duration, awaited: WaitsFor, site: &'static Location<'static>) -> Option<String> {
    static DONE: AtomicBool = AtomicBool::new(false);

    // ORDERING: only one thread at a time makes a report.
    if DONE.load(Ordering::Relaxed) {
        return None;
    }
    let (first, was_starved) = (candidates(after), runtime::is_starved());
    if first.is_empty() && !was_starved {
        return None;
    }
    std::thread::sleep(BETWEEN_LOOKS);
    let second = candidates(after);
    let (awaited, site, why) = match first.into_iter().find(|first| second.contains(first)) {
        Some(Candidate { awaited, site, blocked }) => {
            let thread = &blocked.first()?.thread;
            (
                awaited,
                site,
                format!("needs a body that is blocked in a lock or channel on thread `{thread}`"),
            )
        }
        None if was_starved && runtime::is_starved() => {
            (awaited, site, "no thread is left for the queued calls".to_owned())
        }
        None => return None,
    };
    DONE.store(true, Ordering::Relaxed);
    let site = UsedAt(site);
    let mut text = String::new();
    let _ = write!(
        text,
        "pybackground:{site} {awaited} has been waited for longer than {after:?}, and {why}\n{}\
         Debug builds report this once; the environment variable PYBACKGROUND_REPORT_AFTER=0 switches it off.\n",
        snapshot()
    );
    Some(text)
}

/// A wait that takes long, and the threads without which it cannot end.
#[derive(PartialEq, Eq)]
struct Candidate {
    awaited: WaitsFor,
    site: &'static Location<'static>,
    blocked: Vec<StuckThread>,
}

/// A thread that is blocked in a lock or channel.
#[derive(PartialEq, Eq)]
struct StuckThread {
    thread: String,
    /// Equal in two looks if the thread has not run in between. `None` for a lock and a condition variable of this crate: the wait
    /// has taken long, too, and the thread looks at it now and then.
    observation: Option<Observation>,
}

fn candidates(after: Duration) -> Vec<Candidate> {
    let threads = Threads::read();
    let blocked = |behind: &Behind| {
        let own = behind.locked_out.iter().map(|thread| (*thread, None));
        let observed = behind.threads.iter().filter_map(|thread| {
            let stack = stacks::stack_of(*thread)?;
            let seen = runtime::os_thread(&threads, &stack.thread, stack.base)?.observe()?;
            seen.blocked_in.is_endless_futex().then_some((*thread, Some(seen)))
        });
        let (thread, observation) = own.chain(observed).next()?;
        Some(StuckThread { thread: stacks::stack_of(thread)?.thread, observation })
    };
    let candidate = |LongWait { on, blocked_in, behind }: LongWait| {
        let (awaited, site) = match (on, blocked_in) {
            (Some((call, site)), _) => (WaitsFor::Call(call), site),
            (None, Some((what, site))) => (WaitsFor::BlockedIn(what), site),
            (None, None) => return None,
        };
        let blocked: Option<Vec<StuckThread>> = behind.iter().map(blocked).collect();
        Some(Candidate { awaited, site, blocked: blocked? })
    };
    runtime::waits().long(after).into_iter().filter_map(candidate).collect()
}
