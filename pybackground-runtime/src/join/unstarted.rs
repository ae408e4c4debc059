//! What a blocked thread does for its wait when no other thread is left to run calls: see `pool::deadlock`.

use std::sync::Arc;

use crate::panic::catch;
use crate::table::Set;
use crate::task::{Job, let_go};

/// Runs a call on this thread that ends the wait or holds back a call that does, or refuses it if `refusal` has a
/// reason why this thread cannot run a call. The argument of `refusal` is whether the call may run on top of other
/// bodies. Returns `false` if all these calls have started, or a limit holds them back.
pub(super) fn run_or_refuse(
    awaited: Vec<Arc<dyn Job>>,
    refusal: &dyn Fn(bool) -> Option<String>,
) -> bool {
    let mut visited = Set::new();
    let mut path = awaited;
    path.reverse();
    let mut has_run = false;
    while let Some(job) = path.pop() {
        if !has_run && !job.is_stale() && visited.insert(Arc::as_ptr(&job).cast::<()>().addr()) {
            let inputs = job.dependencies();
            if inputs.is_empty() {
                start_or_refuse(&job, refusal(!job.has_own_stack()));
                // A call that a limit holds back has not started.
                has_run = job.is_stale();
            }
            path.extend(inputs.into_iter().map(|input| input.job));
        }
        let_go(job);
    }
    has_run
}

fn start_or_refuse(job: &Arc<dyn Job>, refusal: Option<String>) {
    match refusal {
        Some(why) => job.refuse(&why),
        None => {
            // A panic gets here from the destructor of a result that no waiter takes.
            catch(|| job.clone().run());
        }
    }
}
