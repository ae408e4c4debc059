//! Bodies that run on after their call was closed: by its deadline, or by a cancellation.
//!
//! What such a body makes or waits for is in vain too, so this is also the list of those who are to
//! stop. Nobody else pays for it: as long as it is empty, one load tells.
//!
//! A body stops with the one that made its call for as long as that one runs, which its ancestors
//! tell. When that one ends it hands the stop on to the bodies it made; calls of its that still wait
//! are cancelled by their `Lazy`, when that is dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::call::Call;
use crate::running::{self, Frame};
use crate::sync::lock_leaf;

static OVERRUNS: Mutex<Overruns> = Mutex::new(Overruns {
    running: BTreeMap::new(),
    handed_on: BTreeMap::new(),
    detached: BTreeSet::new(),
    ever: 0,
    shut_down: false,
});

/// How many are to stop.
static STOPPING: AtomicUsize = AtomicUsize::new(0);

struct Overruns {
    running: BTreeMap<Frame, Stopped>,
    /// Bodies that are to stop because the ones that made their calls were, and have ended.
    handed_on: BTreeMap<Frame, Stopped>,
    /// Bodies that do not stop with the ones that made their calls.
    detached: BTreeSet<Frame>,
    ever: u64,
    /// The runtime is shut down: every body is to stop.
    shut_down: bool,
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
    /// The body of `frame` has ended; the ones that it made stop in its stead.
    fn hand_on(&mut self, frame: Frame, stopped: Option<Stopped>) {
        let Some(stopped) = stopped else { return };
        for heir in running::made_by(frame) {
            if !self.detached.contains(&heir) {
                self.handed_on.insert(heir, stopped);
            }
        }
    }

    /// Forgets bodies that were handed a stop and ended, which nobody tells of; the stop goes on to the
    /// ones that they made.
    fn sweep(&mut self) {
        while let Some(ended) = self.handed_on.keys().find(|frame| !running::is_running(**frame)) {
            let ended = *ended;
            let stopped = self.handed_on.remove(&ended);
            self.hand_on(ended, stopped);
        }
        // ORDERING: a body that asks sees it in a moment; one that is about to wait is woken, by a lock.
        let stopping = self.running.len() + self.handed_on.len() + usize::from(self.shut_down);
        STOPPING.store(stopping, Ordering::Relaxed);
    }
}

/// The body of `frame` runs on.
pub(crate) fn began(frame: Frame, stopped: Stopped) {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.ever += 1;
    overruns.running.insert(frame, stopped);
    overruns.sweep();
}

/// The body of `frame`, which ran on or was detached, has ended.
pub(crate) fn ended(frame: Frame) {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.detached.remove(&frame);
    let stopped = overruns.running.remove(&frame);
    overruns.hand_on(frame, stopped);
    overruns.sweep();
}

/// The body of `frame` goes on when the one that made its call is to stop.
pub(crate) fn detach(frame: Frame) {
    lock_leaf(&OVERRUNS).detached.insert(frame);
}

/// The runtime is shut down, so that every body is to stop.
pub(crate) fn stop_all() {
    let mut overruns = lock_leaf(&OVERRUNS);
    overruns.shut_down = true;
    overruns.sweep();
}

/// Whether the runtime is shut down while bodies ran.
pub(crate) fn is_shut_down() -> bool {
    lock_leaf(&OVERRUNS).shut_down
}

/// Whether any body is to stop.
#[inline]
pub(crate) fn is_any() -> bool {
    // ORDERING: see `sweep`.
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
    overruns.sweep();
    if overruns.shut_down {
        return call.map(|call| Stopped { call, why: Why::ShutDown });
    }
    for frame in frames {
        let stopped = overruns.running.get(&frame).or_else(|| overruns.handed_on.get(&frame));
        if stopped.is_some() {
            return stopped.copied();
        }
        if overruns.detached.contains(&frame) {
            return None;
        }
    }
    None
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
