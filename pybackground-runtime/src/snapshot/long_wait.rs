//! Reporting a wait that takes long.

use std::fmt::Write;
use std::panic::Location;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Stack, Wait, snapshot};
use crate::call::Call;
use crate::config::Report;
use crate::os_thread::{Observation, Threads};
use crate::runtime;
use crate::site::UsedAt;
use crate::stderr;
use crate::sync::lock_leaf;
use crate::waits::BlockedIn;

/// When a report was made last.
static REPORTED: Mutex<Option<Instant>> = Mutex::new(None);

/// The time between two looks at a thread. A thread that computes or polls moves within it.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Reports that the wait for `call` at `site` takes long, unless a report was made not long ago. Returns
/// after how long the wait is to be reported again, if it is.
#[cold]
pub(crate) fn report_wait(call: Call, site: &'static Location<'static>) -> Option<Duration> {
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
    if report == Report::Stuck {
        if is_due {
            stderr::report(move || stuck(after));
        }
        return Some(after);
    }
    let text = move || {
        let site = UsedAt(site);
        Some(format!(
            "pybackground:{site} {call} has been waited for longer than {after:?}\n{}",
            snapshot()
        ))
    };
    if is_due && stderr::report(text).is_none() {
        // The report that is being written may be about something else.
        return Some(after);
    }
    None
}

/// The report of a call that is awaited for longer than `after`, and whose body is blocked in a lock or a
/// channel. It is made once.
fn stuck(after: Duration) -> Option<String> {
    static DONE: AtomicBool = AtomicBool::new(false);

    // ORDERING: only one thread at a time makes a report.
    if DONE.load(Ordering::Relaxed) {
        return None;
    }
    let first = candidates(after);
    if first.is_empty() {
        return None;
    }
    std::thread::sleep(BETWEEN_LOOKS);
    let second = candidates(after);
    let stuck = first.into_iter().find(|candidate| second.contains(candidate))?;
    DONE.store(true, Ordering::Relaxed);
    let Candidate { wait, thread, .. } = stuck;
    let mut text = String::from("pybackground:");
    if let Some((call, site)) = wait {
        let site = UsedAt(site);
        let _ = write!(text, "{site} {call} has been waited for longer than {after:?}");
    }
    let _ = write!(
        text,
        ", and its body is blocked in a lock or channel on thread `{thread}`\n{}\
         Debug builds report this once; the environment variable PYBACKGROUND_REPORT_AFTER=0 switches it \
         off.\n",
        snapshot()
    );
    Some(text)
}

/// A call that is awaited for long, whose body is blocked in a lock or channel.
#[derive(PartialEq, Eq)]
struct Candidate {
    wait: Option<(Call, &'static Location<'static>)>,
    thread: String,
    /// Equal in two looks if the thread has not run in between. `None` for a lock of this crate, whose waiters look at it
    /// now and then.
    observation: Option<Observation>,
}

fn candidates(after: Duration) -> Vec<Candidate> {
    let threads = Threads::read();
    let stacks = snapshot().stacks;
    let long = |wait: &&Wait| wait.age() >= after && wait.calls() == 1;
    let mut candidates = Vec::new();
    for wait in stacks.iter().filter_map(Stack::wait).filter(long) {
        let Some((call, _)) = wait.on() else { continue };
        for stack in stacks.iter().filter(|stack| stack.calls().last() == Some(&call)) {
            let observation = match stack.wait().map(|wait| (wait.blocked_in(), wait.age())) {
                Some((Some((BlockedIn::Lock, _)), age)) if age >= after => None,
                None | Some((Some((BlockedIn::Notification, _)), _)) => {
                    let seen = threads.observe(stack.thread());
                    match seen.filter(|seen| seen.blocked_in.is_endless_futex()) {
                        None => continue,
                        blocked => blocked,
                    }
                }
                Some(_) => continue,
            };
            candidates.push(Candidate {
                wait: wait.on(),
                thread: stack.thread().to_owned(),
                observation,
            });
        }
    }
    candidates
}
