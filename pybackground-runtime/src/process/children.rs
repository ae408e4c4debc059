//! The children that are warm, and how many there may be.
//!
//! A call takes the child that was idle for the shortest time, or a place for a new one. How many calls
//! run at once is limited before they get a thread, so that there is a place for nearly all that come
//! here; the others, of functions with a limit of their own, wait for one on their thread.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::child::Child;
use super::failure::is_shortage;
use super::settings::{self, Settings};
use super::surroundings::Surroundings;
use crate::cancel::overruns::stopped;
use crate::limit::Limit;
use crate::runtime;
use crate::stacks;
use crate::sync::lock_leaf;
use crate::sync::thread::{self, Thread};

static CHILDREN: Mutex<Children> = Mutex::new(Children {
    idle: VecDeque::new(),
    leaving: Vec::new(),
    places: 0,
    launches: 0,
    waiting: Vec::new(),
    has_keeper: false,
    closed: false,
});

/// Told when children become idle or are gone.
static CHANGED: Condvar = Condvar::new();

/// How long the end of the runtime waits for children that are being killed.
const LONGEST_END: Duration = Duration::from_secs(5);

struct Children {
    /// The one that has been idle for longest first.
    idle: VecDeque<Idle>,
    /// Those that the keeper is to end.
    leaving: Vec<Child>,
    /// How many there are, busy ones and those that start or end included.
    places: usize,
    /// How many were to be started.
    launches: u64,
    /// Threads that look again when something changes.
    waiting: Vec<Thread>,
    has_keeper: bool,
    /// The runtime is shut down.
    closed: bool,
}

struct Idle {
    child: Child,
    since: Instant,
}

/// The right to have a child.
pub(super) struct Place {
    launch: Launch,
}

impl Place {
    pub(super) fn launch(&self) -> Launch {
        self.launch
    }
}

/// What a start is beside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Launch {
    number: u64,
    /// There were other children.
    is_beside_others: bool,
}

/// What a call gets.
pub(super) enum Taken {
    Warm(Child),
    /// Nobody is idle, but there may be one more.
    Place(Place),
    /// The body is to stop.
    Stopped,
}

impl Children {
    /// A child or a place, if there is one among `most` in all; children that are no use are put into
    /// `gone`.
    fn try_take(
        &mut self,
        surroundings: &Arc<Surroundings>,
        most: usize,
        gone: &mut Vec<Child>,
    ) -> Option<Taken> {
        let fits = |idle: &Idle| idle.child.was_started_in(surroundings);
        while let Some(at) = self.idle.iter().rposition(fits) {
            let Idle { mut child, .. } = self.idle.remove(at)?;
            if child.seems_alive() {
                return Some(Taken::Warm(child));
            }
            gone.push(child);
        }
        // Those that are gone in a moment keep their places until then.
        if self.places - gone.len() >= most {
            // One of other surroundings makes room.
            gone.push(self.idle.pop_front()?.child);
        }
        let launch = Launch { number: self.launches, is_beside_others: self.places > gone.len() };
        self.places += 1;
        self.launches += 1;
        Some(Taken::Place(Place { launch }))
    }

    /// Has the threads look again that wait for a child or a place.
    fn tell_waiting(&mut self) {
        for thread in self.waiting.drain(..) {
            thread.unpark();
        }
    }

    /// Takes the children that are to leave and those that have been idle for too long; returns when the
    /// next will have been.
    fn take_gone(&mut self, settings: &Settings, gone: &mut Vec<Child>) -> Option<Instant> {
        gone.append(&mut self.leaving);
        let now = Instant::now();
        while self.idle.len() > settings.min_idle {
            let expires = self.idle.front()?.since.checked_add(settings.keep_alive)?;
            if now < expires {
                return Some(expires);
            }
            gone.extend(self.idle.pop_front().map(|idle| idle.child));
        }
        None
    }
}

/// The limit of all functions that have none of their own.
pub(super) fn limit() -> &'static Limit {
    static LIMIT: OnceLock<Limit> = OnceLock::new();
    LIMIT.get_or_init(|| Limit::new(settings::effective().max))
}

/// A child that is idle, or a place for one.
///
/// # Blocking
///
/// While there are as many children as there may be, or until the body is to stop.
pub(super) fn take(surroundings: &Arc<Surroundings>) -> Taken {
    let most = settings::effective().max;
    attempt(surroundings, most).unwrap_or_else(|| wait_for(|| attempt(surroundings, most)))
}

/// As [`take`], for a call for which no child could be started: it waits for those of others, or starts one when
/// it has what they had.
///
/// # Errors
///
/// The error of the start, if nobody was in its way, or if waiting is no use.
///
/// # Blocking
///
/// Until a child becomes idle or is gone, or until the body is to stop.
pub(super) fn take_later(
    surroundings: &Arc<Surroundings>,
    error: io::Error,
    launch: Launch,
) -> Result<Taken, io::Error> {
    let (others, was_alone) = {
        let children = lock_leaf(&CHILDREN);
        (children.places, !launch.is_beside_others && children.launches == launch.number + 1)
    };
    if !is_shortage(&error) || (others == 0 && was_alone) {
        return Err(error);
    }
    // Nobody is there any more to be in its way: this is done by one after the other.
    let most = others.max(1);
    Ok(wait_for(|| attempt(surroundings, most)))
}

/// A child or a place, if there is one now among `most`; else this thread is to look again when
/// something has changed.
fn attempt(surroundings: &Arc<Surroundings>, most: usize) -> Option<Taken> {
    // Dropped last, with the lock free.
    let mut gone = Vec::new();
    let mut children = lock_leaf(&CHILDREN);
    let taken = children.try_take(surroundings, most, &mut gone);
    if taken.is_none() {
        children.waiting.push(thread::current());
    }
    taken
}

fn wait_for(mut attempt: impl FnMut() -> Option<Taken>) -> Taken {
    let body = stacks::current();
    let _waiting = runtime::waits().for_time();
    loop {
        if stopped(body).is_some() {
            return Taken::Stopped;
        }
        if let Some(taken) = attempt() {
            return taken;
        }
        thread::park();
    }
}

/// Keeps a child for the next call.
pub(super) fn give_back(child: Child) {
    let settings = settings::effective();
    if settings.keep_alive.is_zero() && settings.min_idle == 0 {
        return retire(child);
    }
    let mut children = lock_leaf(&CHILDREN);
    if children.closed {
        drop(children);
        return drop(child);
    }
    children.idle.push_back(Idle { child, since: Instant::now() });
    // The keeper waits for one that has been idle for longer.
    children.tell_waiting();
    let needs_keeper = !children.has_keeper
        && children.idle.len() > settings.min_idle
        && settings.keep_alive != Duration::MAX;
    children.has_keeper |= needs_keeper;
    drop(children);
    if needs_keeper {
        start_keeper();
    }
}

/// Ends a child that is no use any more, on another thread: who has its answer need not wait for that.
pub(super) fn retire(child: Child) {
    let mut children = lock_leaf(&CHILDREN);
    children.leaving.push(child);
    have_ended(children);
}

/// Has the keeper end those that are to leave.
fn have_ended(mut children: MutexGuard<'_, Children>) {
    let had_keeper = std::mem::replace(&mut children.has_keeper, true);
    drop(children);
    if had_keeper {
        CHANGED.notify_all();
    } else {
        start_keeper();
    }
}

/// Ends children that are to leave or have been idle for long, and then itself: no thread is left when no
/// child is.
fn start_keeper() {
    const STACK: usize = 64 * 1024;
    let started = crate::sync::thread::spawn("background-children".to_owned(), STACK, keep);
    if started.is_err() {
        let mut children = lock_leaf(&CHILDREN);
        // The next child that becomes idle tries again.
        children.has_keeper = false;
        let leaving = std::mem::take(&mut children.leaving);
        drop(children);
        drop(leaving);
    }
}

fn keep() {
    let settings = settings::effective();
    let mut children = lock_leaf(&CHILDREN);
    loop {
        let mut gone = Vec::new();
        let next = children.take_gone(settings, &mut gone);
        if !gone.is_empty() {
            drop(children);
            drop(gone);
            children = lock_leaf(&CHILDREN);
            continue;
        }
        let Some(next) = next else {
            children.has_keeper = false;
            return;
        };
        let rest = next.saturating_duration_since(Instant::now());
        children = CHANGED.wait_timeout(children, rest).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Ends all children, for the runtime is shut down: the idle ones by the keeper, the others by the threads that
/// wait for them, which were told to stop.
///
/// # Blocking
///
/// Until all are reaped, which takes milliseconds, or until it is clear that one does not end.
pub(crate) fn close() {
    let mut children = lock_leaf(&CHILDREN);
    children.closed = true;
    children.tell_waiting();
    let idle = std::mem::take(&mut children.idle);
    children.leaving.extend(idle.into_iter().map(|idle| idle.child));
    if children.leaving.is_empty() {
        drop(children);
    } else {
        have_ended(children);
    }
    let end = Instant::now() + LONGEST_END;
    let mut children = lock_leaf(&CHILDREN);
    while children.places > 0 {
        let rest = end.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return;
        }
        children = CHANGED.wait_timeout(children, rest).unwrap_or_else(PoisonError::into_inner).0;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut children = lock_leaf(&CHILDREN);
        children.places -= 1;
        children.tell_waiting();
        CHANGED.notify_all();
    }
}
