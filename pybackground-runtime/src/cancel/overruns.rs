//! Bodies that run on after their call was closed: by its deadline, or by a cancellation.
//!
//! What such a body makes or waits for is in vain too, so this is also the list of those who are to
//! stop. Nobody else pays for it: as long as it is empty, one load tells.
//!
//! A body stops with the one that made its call, which its ancestors tell for as long as they run. One
//! that is to stop and ends leaves word of it here, for as long as anybody may ask; so does one that was
//! polled and will not be polled again. Calls of its that are in a queue never begin. Those that are in
//! none are closed as `orphans`, and those of which the `Lazy` is dropped are cancelled with that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::orphans;
use super::words::Words;
use crate::call::Call;
use crate::error::{Progress, StopReason, Stopped};
use crate::pool::Mark;
use crate::runtime;
use crate::stacks::{self, Frame};
use crate::sync::lock_leaf;

static OVERRUNS: Mutex<Overruns> = Mutex::new(Overruns {
    running: BTreeMap::new(),
    killed: BTreeSet::new(),
    words: Words::new(),
    detached: BTreeSet::new(),
    ever: 0,
    shut_down: false,
});

/// How many are to stop.
static STOPPING: AtomicUsize = AtomicUsize::new(0);

struct Overruns {
    running: BTreeMap<Frame, Stopped>,
    /// Those of them that do not run on: their process is killed, and a thread is about to see it.
    killed: BTreeSet<Frame>,
    /// The words of bodies that were to stop and have ended.
    words: Words,
    /// Bodies that do not stop with the ones that made their calls.
    detached: BTreeSet<Frame>,
    ever: u64,
    /// The runtime is shut down: every body is to stop.
    shut_down: bool,
}

impl Overruns {
    fn publish(&self) {
        // ORDERING: a body that asks sees it in a moment; one that is about to wait is woken, by a lock.
        let stopping = self.running.len() + self.words.len() + usize::from(self.shut_down);
        STOPPING.store(stopping, Ordering::Relaxed);
    }

    /// A body has ended, and those whose calls it made are to stop as it was.
    fn leave_word(&mut self, frame: Frame, stopped: Stopped) {
        if !self.shut_down {
            self.words.leave(frame, stopped);
        }
    }

    /// Why a body with these ancestors is to stop, itself the first of them.
    fn find(&self, ancestors: &[Frame]) -> Option<Stopped> {
        for frame in ancestors {
            let stopped = self.running.get(frame).copied().or_else(|| self.words.of(*frame));
            if stopped.is_some() {
                return stopped;
            }
            if self.detached.contains(frame) {
                return None;
            }
        }
        None
    }
}

/// The body of `frame` was running when its call was closed, and `body` is what it does now.
pub(crate) fn began(frame: Frame, stopped: Stopped, body: Progress) {
    let mut overruns = lock_leaf(&OVERRUNS);
    if body == Progress::Running {
        overruns.ever += 1;
    } else {
        overruns.killed.insert(frame);
    }
    overruns.running.insert(frame, stopped);
    overruns.words.count_use();
    overruns.publish();
}

/// The body of `frame`, which ran on or was detached, has ended.
pub(crate) fn ended(frame: Frame) {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.detached.remove(&frame);
    overruns.running.remove(&frame);
    overruns.killed.remove(&frame);
    overruns.publish();
}

/// The body of `frame`, which ran on, was cut off before its end. Others may have heard of it too late to
/// leave word, if it made calls.
pub(crate) fn cut_off(frame: Frame, made_calls: bool) {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.detached.remove(&frame);
    if let Some(stopped) = overruns.running.remove(&frame)
        && made_calls
    {
        overruns.leave_word(frame, stopped);
    }
    overruns.publish();
}

/// The body of `frame`, which made calls, is to stop and will not run again.
pub(crate) fn leave_word(frame: Frame, stopped: Stopped) {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.leave_word(frame, stopped);
    overruns.words.count_use();
    overruns.publish();
}

/// The body on top of this thread's stack is about to leave it. Bodies whose calls it made could not tell
/// any more that it was to stop.
#[inline]
pub(crate) fn body_leaves() {
    if is_any() {
        leave(stacks::current());
    }
}

#[cold]
fn leave(frame: Frame) {
    if !stacks::may_have_made_calls(frame) {
        return;
    }
    let ancestors: Vec<Frame> = stacks::ancestors(frame).collect();
    let mut overruns = lock_leaf(&OVERRUNS);
    let Some(stopped) = overruns.find(&ancestors) else { return };
    overruns.leave_word(frame, stopped);
    overruns.publish();
    drop(overruns);
    orphans::close_of(frame, stopped);
}

/// Forgets words that nobody needs.
fn forget_now_and_then() {
    if !lock_leaf(&OVERRUNS).words.is_due(0) {
        return;
    }
    let things = stacks::most_threads() + runtime::calls_held_back();
    let mark = {
        let words = &mut lock_leaf(&OVERRUNS).words;
        if words.is_due(things) { words.take_mark() } else { None }
    };
    let Some(mut mark) = mark else { return };
    if mark.has_passed() {
        let mut needed = stacks::makers();
        needed.extend(runtime::makers_of_held_calls());
        let mut overruns = lock_leaf(&OVERRUNS);
        overruns.words.round_is_over(&needed);
        overruns.publish();
        drop(overruns);
        // Whatever was left before counts from now on, and what its calls are in now is in the mark.
        mark = Mark::of_now();
    }
    lock_leaf(&OVERRUNS).words.put(mark);
}

/// The body of `frame` goes on when the one that made its call is to stop.
pub(crate) fn detach(frame: Frame) {
    lock_leaf(&OVERRUNS).detached.insert(frame);
}

/// The runtime is shut down, so that every body is to stop.
pub(crate) fn stop_all() {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.shut_down = true;
    overruns.publish();
}

/// Each execution of a model has a runtime that was not shut down.
#[cfg(all(test, any(pybackground_loom, pybackground_shuttle)))]
pub(crate) fn forget_shutdown() {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.shut_down = false;
    overruns.publish();
}

/// Whether the runtime is shut down.
pub(crate) fn is_shut_down() -> bool {
    lock_leaf(&OVERRUNS).shut_down
}

/// Whether any body is to stop.
#[inline]
pub(crate) fn is_any() -> bool {
    // ORDERING: see `publish`.
    STOPPING.load(Ordering::Relaxed) != 0
}

/// Why the body of `frame` is to stop, if it is: because its own call was closed, or that of the body
/// that made the call, and so on.
#[inline]
pub(crate) fn stopped(frame: Frame) -> Option<Stopped> {
    if is_any() { look(frame) } else { None }
}

#[cold]
fn look(frame: Frame) -> Option<Stopped> {
    let frames: Vec<Frame> = stacks::ancestors(frame).collect();
    let call = stacks::call_of(frame);
    forget_now_and_then();
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.words.count_use();
    let shut_down = overruns.shut_down;
    // What ended the call before the shutdown did is the reason.
    overruns.find(&frames).or_else(|| {
        call.filter(|_| shut_down).map(|call| Stopped { call, reason: StopReason::ShutDown })
    })
}

/// Which run on now, with how many bodies each, and how many ever did.
pub(crate) fn read() -> (Vec<(Call, usize)>, u64) {
    let overruns = lock_leaf(&OVERRUNS);
    let mut bodies = BTreeMap::new();
    let runs_on = |frame: &Frame| !overruns.killed.contains(frame);
    for (_, stopped) in overruns.running.iter().filter(|(frame, _)| runs_on(frame)) {
        *bodies.entry(stopped.call).or_insert(0) += 1;
    }
    (bodies.into_iter().collect(), overruns.ever)
}
