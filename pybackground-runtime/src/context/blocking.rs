//! A warning for who waits, by a use of a `Lazy`, where tokio's tasks wait for the thread to go on.
//!
//! Such a thread has two marks. What runs on it has a budget of steps, after which tokio asks it to let
//! others have their turn; the closures of `spawn_blocking` and `block_in_place`, which may block, have
//! none. And a step beyond the budget does not wake its task at once, but when the thread's scheduler
//! has its turn; where there is no scheduler, as in a `block_on` beside a multi-threaded runtime, it does.

use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use ::tokio::task::coop;

use crate::call::{Call, UsedAt};

/// More steps than tokio gives a task at once. Should it come to give more, nobody is warned.
const MANY: usize = 512;

static WARNED: AtomicBool = AtomicBool::new(false);

/// Warns the first time in this process that a thread which tokio schedules tasks on is about to block.
pub(super) fn warn_once(call: impl FnOnce() -> Call, site: &'static Location<'static>) {
    // ORDERING: nothing else is read on the strength of it.
    if !WARNED.load(Ordering::Relaxed) && schedules_tasks() && !WARNED.swap(true, Ordering::Relaxed)
    {
        eprintln!(
            "warning: the use of a `Lazy`{} blocks a thread that tokio runs tasks on until {} \
             ends. In async code write `x.await`, or `Lazy::outcome(x).await` for a `Result`. \
             (Debug builds say so once.)",
            UsedAt(site),
            call()
        );
    }
}

/// Whether tokio polls a task on this thread, which others wait for.
fn schedules_tasks() -> bool {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    exceeds_budget(&mut Context::from_waker(&waker), MANY) && !woken.0.load(Ordering::Relaxed)
}

/// Whether there is a budget. Each step is given back when it was followed by the others, the first one
/// last, so that the task has as much as before.
fn exceeds_budget(context: &mut Context<'_>, steps: usize) -> bool {
    match coop::poll_proceed(context) {
        Poll::Pending => true,
        Poll::Ready(_given_back) => steps > 0 && exceeds_budget(context, steps - 1),
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        // ORDERING: read on the same thread.
        self.0.store(true, Ordering::Relaxed);
    }
}
