//! Lending the permits of a body that blocks.

use super::await_rings::look_behind;
use super::permit::{restore, take_held};
use super::work;
use crate::runtime;

/// Lends the permits of this thread's bodies while `wait` blocks. Code that runs on this thread in `wait` does not
/// have them.
pub(crate) fn lend_permits_while<R>(wait: impl FnOnce() -> R) -> R {
    let held = take_held();
    for limit in &held {
        limit.lend();
    }
    while work::perform_one() {}
    let result = wait();
    for &limit in &held {
        if !limit.try_take_back() {
            let waiting = runtime::waits().for_permit(limit);
            look_behind(waiting.as_ref());
            limit.take_back();
        }
    }
    restore(held);
    result
}
