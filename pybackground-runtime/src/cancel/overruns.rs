//! Bodies that run on after their call was closed: by its deadline, or by a cancellation.
//!
//! What such a body makes or waits for is in vain too, so this is also the list of those who are to
//! stop. Nobody else pays for it: as long as it is empty, one load tells.
//!
//! A body stops with the one that made its call, which its ancestors tell for as long as they run. One
//! that is to stop and ends leaves word of it here, which is kept for as long as bodies run whose calls
//! it made; so does one that was polled and will not be polled again. Calls of its that still wait are
//! closed as `orphans`, or cancelled by their `Lazy`, when that is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::orphans;
use crate::call::Call;
use crate::running::{self, Frame};
use crate::sync::lock_leaf;

static OVERRUNS: Mutex<Overruns> = Mutex::new(Overruns {
    running: BTreeMap::new(),
    ended: BTreeMap::new(),
    uses: 0,
    detached: BTreeSet::new(),
    ever: 0,
    shut_down: false,
});

/// How many are to stop.
static STOPPING: AtomicUsize = AtomicUsize::new(0);

/// To look for words that nobody needs pays only after more uses than this.
const FEW: usize = 64;

struct Overruns {
    running: BTreeMap<Frame, Stopped>,
    /// The words of bodies that were to stop and have ended.
    ended: BTreeMap<Frame, Word>,
    /// How often this list was used since it was last swept.
    uses: usize,
    /// Bodies that do not stop with the ones that made their calls.
    detached: BTreeSet<Frame>,
    ever: u64,
    /// The runtime is shut down: every body is to stop.
    shut_down: bool,
}

struct Word {
    stopped: Stopped,
    /// Nobody was found to need it. A body that had just begun may not have been seen, so it goes only
    /// when that was so twice.
    is_old: bool,
}

/// A call that was closed while its body ran, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stopped {
    pub(crate) call: Call,
    pub(crate) why: Why,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Cancelled,
    TimedOut,
    ShutDown,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { call, why } = self;
        match why {
            Why::Cancelled => write!(f, "{call} was cancelled"),
            Why::TimedOut => write!(f, "{call} timed out"),
            Why::ShutDown => write!(f, "{call} ran on when the runtime was shut down"),
        }
    }
}

impl Overruns {
    fn publish(&self) {
        // ORDERING: a body that asks sees it in a moment; one that is about to wait is woken, by a lock.
        let stopping = self.running.len() + self.ended.len() + usize::from(self.shut_down);
        STOPPING.store(stopping, Ordering::Relaxed);
    }

    /// A body has ended, and those whose calls it made are to stop as it was.
    fn leave_word(&mut self, frame: Frame, stopped: Stopped) {
        if !self.shut_down {
            self.ended.insert(frame, Word { stopped, is_old: false });
        }
    }

    /// Forgets words that nobody needs, now and then.
    fn count_use(&mut self) {
        if !self.ended.is_empty() && self.is_due(running::most_threads()) {
            let makers = running::makers();
            self.ended.retain(|frame, word| {
                let is_needed = makers.contains(frame);
                let was_old = std::mem::replace(&mut word.is_old, !is_needed);
                is_needed || !was_old
            });
            self.publish();
        }
    }

    /// Whether there were uses enough to pay for a look at so many threads and all words.
    fn is_due(&mut self, threads: usize) -> bool {
        self.uses += 1;
        let is_due = self.uses > FEW + threads + self.ended.len();
        if is_due {
            self.uses = 0;
        }
        is_due
    }

    /// Why a body with these ancestors is to stop, itself the first of them.
    fn find(&self, ancestors: &[Frame]) -> Option<Stopped> {
        for frame in ancestors {
            let word = || self.ended.get(frame).map(|word| &word.stopped);
            let stopped = self.running.get(frame).or_else(word);
            if stopped.is_some() {
                return stopped.copied();
            }
            if self.detached.contains(frame) {
                return None;
            }
        }
        None
    }
}

/// The body of `frame` runs on.
pub(crate) fn began(frame: Frame, stopped: Stopped) {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.ever += 1;
    overruns.running.insert(frame, stopped);
    overruns.count_use();
    overruns.publish();
}

/// The body of `frame`, which ran on or was detached, has ended.
pub(crate) fn ended(frame: Frame) {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.detached.remove(&frame);
    overruns.running.remove(&frame);
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
    overruns.count_use();
    overruns.publish();
}

/// The body on top of this thread's stack is about to leave it. Bodies whose calls it made could not tell
/// any more that it was to stop.
#[inline]
pub(crate) fn body_leaves() {
    if is_any() {
        leave(running::current());
    }
}

#[cold]
fn leave(frame: Frame) {
    if !running::may_have_made_calls(frame) {
        return;
    }
    let ancestors: Vec<Frame> = running::ancestors(frame).collect();
    let mut overruns = lock_leaf(&OVERRUNS);
    let Some(stopped) = overruns.find(&ancestors) else { return };
    overruns.leave_word(frame, stopped);
    overruns.publish();
    drop(overruns);
    orphans::close_of(frame, stopped);
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
    let frames: Vec<Frame> = running::ancestors(frame).collect();
    let call = running::call_of(frame);
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.count_use();
    let shut_down = overruns.shut_down;
    // What ended the call before the shutdown did is the reason.
    overruns
        .find(&frames)
        .or_else(|| call.filter(|_| shut_down).map(|call| Stopped { call, why: Why::ShutDown }))
}

/// Which run on now, with how many bodies each, and how many ever did.
pub(crate) fn read() -> (Vec<(Call, usize)>, u64) {
    let overruns = lock_leaf(&OVERRUNS);
    let mut bodies = BTreeMap::new();
    for stopped in overruns.running.values() {
        *bodies.entry(stopped.call).or_insert(0) += 1;
    }
    (bodies.into_iter().collect(), overruns.ever)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counted work, as speed is not for tests.
    #[test]
    fn to_forget_words_costs_no_more_than_the_uses() {
        const USES: usize = 1_000_000;
        let here = std::panic::Location::caller();
        let stopped = Stopped { call: Call::new("f", here), why: Why::Cancelled };
        let mut overruns = Overruns {
            running: BTreeMap::new(),
            ended: BTreeMap::new(),
            uses: 0,
            detached: BTreeSet::new(),
            ever: 0,
            shut_down: false,
        };
        let mut work = 0;
        for n in 0..USES {
            let (threads, frame) = (n / 100, Frame::new(0, n as u64));
            overruns.ended.insert(frame, Word { stopped, is_old: false });
            if overruns.is_due(threads) {
                work += threads + overruns.ended.len();
                overruns.ended.clear();
            }
        }
        assert!(work <= USES, "{work} steps");
    }
}
