//! What a blocked thread does for its wait when no other thread is left to run calls: see `pool::deadlock`.

use std::sync::{Arc, Weak};

use crate::panic::{catch, drop_catching};
use crate::runnable::Runnable;
use crate::runtime::{self, Outlook};
use crate::table::Set;
use crate::task::{Job, let_go};

/// Runs a call on this thread that ends the wait or holds back a call that does: a dependency, what a suspended future awaits, a
/// call with the permit that is needed. Refuses it if `refusal` has a reason why this thread cannot run a call. The argument of `refusal` is whether the call may run on top of other
/// bodies. Returns what the thread may expect if all these calls have started, or a limit holds them back.
pub(super) fn run_or_refuse(
    awaited: Vec<Arc<dyn Job>>,
    refusal: &dyn Fn(bool) -> Option<String>,
) -> Option<Outlook> {
    let mut outlook = Outlook::CallsOnly;
    let mut limits = Vec::new();
    let mut visited = Set::new();
    // Weak: a body that runs here may wait, and a search for rings counts the owners of a call.
    let mut path = Vec::new();
    push(&mut path, awaited);
    while let Some(job) = path.pop() {
        let Some(job) = job.upgrade() else { continue };
        if job.is_done() || !visited.insert(Arc::as_ptr(&job).cast::<()>().addr()) {
            // There is nothing to do for it.
        } else if let Some(awaited) = job.awaited_calls() {
            outlook = Outlook::Wake;
            push(&mut path, awaited);
        } else if !job.is_stale() {
            let inputs = job.dependencies();
            if inputs.is_empty() && start_or_refuse(&job, refusal(!job.has_own_stack())) {
                if job.is_future() && !job.is_done() {
                    drop_catching(runtime::sift(&|_| false));
                }
                let_go(job);
                return None;
            }
            if inputs.is_empty()
                && let Some(needed) = job.needed_permit()
            {
                outlook = if needed.may_be_released { Outlook::Wake } else { outlook };
                limits.push(needed.limit);
            }
            push(&mut path, inputs.into_iter().map(|input| input.job).collect());
        }
        let_go(job);
    }
    let has_permit = |job: &dyn Runnable| job.limit().is_some_and(|limit| limits.contains(&limit));
    if !limits.is_empty()
        && let Some(holder) = runtime::sift(&has_permit)
    {
        match refusal(true) {
            Some(why) => holder.refuse(&why),
            None => catch(|| holder.clone().run()),
        }
        drop_catching(holder);
        return None;
    }
    Some(outlook)
}

/// Pushes the calls so that the first of them is popped first.
fn push(path: &mut Vec<Weak<dyn Job>>, jobs: Vec<Arc<dyn Job>>) {
    for job in jobs.into_iter().rev() {
        path.push(Arc::downgrade(&job));
        let_go(job);
    }
}

/// Returns `false` if a limit holds the call back.
fn start_or_refuse(job: &Arc<dyn Job>, refusal: Option<String>) -> bool {
    match refusal {
        Some(why) => job.refuse(&why),
        None if job.is_parked() => return false,
        None => {
            // A panic gets here from the destructor of a result that no waiter takes.
            catch(|| job.clone().run());
        }
    }
    // A future that ran may be queued again: it was suspended and woken.
    true
}
