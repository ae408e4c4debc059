//! A warning when the use of a `Lazy` blocks a thread that tokio schedules tasks on.
//!
//! Such a thread shows two properties. The task that runs on it has a budget of steps, after which tokio
//! asks it to yield. The closures of `spawn_blocking` and `block_in_place`, which may block, have none. And
//! a step beyond the budget wakes its task only when the thread's scheduler runs again. Without a scheduler,
//! as in a `block_on` beside a multi-threaded runtime, it wakes the task at once.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use ::tokio::task::coop;

use super::report;
use crate::call::Call;
use crate::site::UsedAt;
use crate::stderr::OneReport;

/// More steps than tokio gives a task at once. If tokio gives more one day, there is no warning.
const MANY: usize = 512;

static WARNING: OneReport = OneReport::new();

/// Warns the first time in this process that a thread which tokio schedules tasks on is about to block.
pub(super) fn warn_once(call: impl FnOnce() -> Call, site: &'static Location<'static>) {
    if !WARNING.is_given() && schedules_tasks() {
        let call = call();
        report::give(&WARNING, move || warning(call, site));
    }
}

fn warning(call: Call, site: &'static Location<'static>) -> String {
    let at = UsedAt(site);
    format!(
        "pybackground: warning: the use of a `Lazy`{at} blocks a thread that tokio runs tasks on until {call} ends. \
         In async code write `x.await`, or `Lazy::outcome(x).await` for a `Result`. (Debug builds \
         say so once.)\n"
    )
}

/// Whether tokio polls a task on this thread, and other tasks wait for the thread.
fn schedules_tasks() -> bool {
    let woken = Arc::new(WokenFlag::default());
    let waker = Waker::from(woken.clone());
    exceeds_budget(&mut Context::from_waker(&waker), MANY) && !woken.0.load(Ordering::Relaxed)
}

/// Whether there is a budget. Each step is given back after the steps that followed it, so the task keeps
/// its budget.
fn exceeds_budget(context: &mut Context<'_>, steps: usize) -> bool {
    match coop::poll_proceed(context) {
        Poll::Pending => true,
        Poll::Ready(_given_back) => steps > 0 && exceeds_budget(context, steps - 1),
    }
}

#[derive(Default)]
struct WokenFlag(AtomicBool);

impl Wake for WokenFlag {
    fn wake(self: Arc<Self>) {
        // ORDERING: read on the same thread.
        self.0.store(true, Ordering::Relaxed);
    }
}
