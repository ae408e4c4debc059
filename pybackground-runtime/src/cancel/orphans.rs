//! Calls that wait to be woken, or for their inputs, and whose maker is to stop.
//!
//! A body that runs hears of it by itself, and one in a queue never begins. But these are on no thread and
//! in no queue, perhaps for ever; so whoever stops their maker closes them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Arc;

use super::CAN_UNWIND;
use crate::error::{StopReason, Stopped};
use crate::panic::drop_catching;
use crate::runtime;
use crate::stacks::{DEPENDENT, Frame, SUSPENDED};
use crate::sync::thread_local;
use crate::task::Job;

thread_local! {
    /// The makers whose orphans this thread is to close next, while it closes others.
    static MAKERS: RefCell<Option<VecDeque<(Frame, Stopped)>>> = const { RefCell::new(None) };
}

/// Closes the calls that wait and were made by the body of `maker`, which is to stop.
///
/// One of them may have made others. These are closed after it and not on top of it: there may be any
/// number of generations.
pub(crate) fn close_of(maker: Frame, stopped: Stopped) {
    let put_off = MAKERS.try_with(|makers| match &mut *makers.borrow_mut() {
        Some(makers) => {
            makers.push_back((maker, stopped));
            true
        }
        none => {
            *none = Some(VecDeque::new());
            false
        }
    });
    if matches!(put_off, Ok(true)) {
        return;
    }
    let mut next = Some((maker, stopped));
    while let Some((maker, stopped)) = next {
        for orphan in DEPENDENT.made_by(maker).into_iter().chain(SUSPENDED.made_by(maker)) {
            close(orphan, maker, stopped);
        }
        let further =
            |makers: &RefCell<Option<VecDeque<_>>>| makers.borrow_mut().as_mut()?.pop_front();
        next = MAKERS.try_with(further).ok().flatten();
    }
    let _ = MAKERS.try_with(RefCell::take);
}

/// Closes a call if it waits and is still that of `maker`; what it captured is for a worker to drop.
pub(crate) fn close(orphan: Arc<dyn Job>, maker: Frame, stopped: Stopped) {
    // A maker that cannot be unwound may use the value; a shutdown ends what waits by itself.
    let is_orphan = CAN_UNWIND && stopped.reason != StopReason::ShutDown;
    if is_orphan && orphan.stop_with(maker, stopped) {
        runtime::leave_to_worker(orphan);
    } else {
        drop_catching(orphan);
    }
}
