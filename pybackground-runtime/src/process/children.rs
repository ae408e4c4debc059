//! The pool of children: those that are idle, and how many there may be.
//!
//! A call takes the child that was idle for the shortest time, or a permit for a new one. A `limit` on calls holds back
//! most of those for which there is no permit before they get a thread. The others, whose functions have a limit of
//! their own, wait here on their thread.

use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use super::access::Access;
use super::child::Child;
use super::settings::{self, ProcessSettings};
use super::spawn_error::is_shortage;
use crate::cancel;
use crate::error::Crash;
use crate::runtime;
use crate::sync::lock_leaf;
use crate::sync::thread::{self, Thread};
use crate::task::Limit;

static CHILDREN: Mutex<Children> = Mutex::new(Children {
    idle: VecDeque::new(),
    leaving: Vec::new(),
    permits: 0,
    launches: 0,
    waiting: Vec::new(),
    has_keeper: false,
    closed: false,
});

/// Notified when children become idle, are to leave or are gone.
static CHANGED: Condvar = Condvar::new();

/// How long a child may take to exit. It kills itself earlier.
const EXIT_LIMIT: Duration = Duration::from_secs(4);

/// How long the shutdown waits for children to end.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

struct Children {
    /// The one that has been idle for longest first.
    idle: VecDeque<IdleChild>,
    /// The children that the keeper is to retire.
    leaving: Vec<Leased>,
    /// The number of children: busy, idle, starting and ending.
    permits: usize,
    /// The number of attempts to start a child.
    launches: u64,
    /// Threads that try again when something changes.
    waiting: Vec<Thread>,
    has_keeper: bool,
    /// The runtime is shut down.
    closed: bool,
}

struct IdleChild {
    leased: Leased,
    since: Instant,
}

/// A child and its permit, which is released when the process is gone.
pub(super) struct Leased {
    pub(super) child: Child,
    permit: ChildPermit,
}

impl Leased {
    /// See [`Child::exit_reason`].
    pub(super) fn exit_reason(self, error: &io::Error, memory: Option<u64>) -> Crash {
        self.child.exit_reason(error, memory)
    }
}

/// The right to have a child.
pub(super) struct ChildPermit {
    launch: Launch,
}

impl ChildPermit {
    pub(super) fn launch(&self) -> Launch {
        self.launch
    }

    pub(super) fn lease(self, child: Child) -> Leased {
        Leased { child, permit: self }
    }
}

/// An attempt to start a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Launch {
    number: u64,
    /// There were other children.
    is_beside_others: bool,
}

/// What a call gets.
pub(super) enum TakenChild {
    Warm(Leased),
    /// No child is idle, but there may be one more.
    Permit(ChildPermit),
    /// The body is to stop.
    Stopped,
}

impl Children {
    /// Takes a child, or a permit if there are fewer than `most`. Children that are of no use go into `gone`.
    fn try_take(
        &mut self,
        access: &Access,
        most: usize,
        gone: &mut Vec<Leased>,
    ) -> Option<TakenChild> {
        let serves = |idle: &IdleChild| idle.leased.child.serves(access);
        while let Some(at) = self.idle.iter().rposition(serves) {
            let IdleChild { mut leased, .. } = self.idle.remove(at)?;
            if leased.child.seems_alive() {
                return Some(TakenChild::Warm(leased));
            }
            gone.push(leased);
        }
        // Those in `gone` keep their permits for a moment.
        if self.permits - gone.len() >= most {
            // A child with another access makes room.
            gone.push(self.idle.pop_front()?.leased);
        }
        let launch = Launch { number: self.launches, is_beside_others: self.permits > gone.len() };
        self.permits += 1;
        self.launches += 1;
        Some(TakenChild::Permit(ChildPermit { launch }))
    }

    fn wake_waiting(&mut self) {
        for thread in self.waiting.drain(..) {
            thread.unpark();
        }
    }

    /// Takes the children that are to leave and those that have been idle for too long; returns when the next will
    /// have been.
    fn take_gone(&mut self, settings: &ProcessSettings, gone: &mut Vec<Leased>) -> Option<Instant> {
        gone.append(&mut self.leaving);
        let now = Instant::now();
        while self.idle.len() > settings.min_idle {
            let expires = self.idle.front()?.since.checked_add(settings.keep_alive)?;
            if now < expires {
                return Some(expires);
            }
            gone.extend(self.idle.pop_front().map(|idle| idle.leased));
        }
        None
    }
}

/// The limit of all functions that have none of their own.
pub(super) fn limit() -> &'static Limit {
    static LIMIT: OnceLock<Limit> = OnceLock::new();
    LIMIT.get_or_init(|| Limit::new(settings::most_children()))
}

/// Takes a child that is idle, or a permit for a new one.
///
/// # Blocking
///
/// While there are as many children as there may be, or until the body is to stop.
pub(super) fn take(access: &Access) -> TakenChild {
    let most = settings::most_children();
    attempt(access, most).unwrap_or_else(|| wait_for(|| attempt(access, most)))
}

/// As [`take`], for a call whose child could not be started: waits for the children of other calls, or for a permit
/// after one of these has ended.
///
/// # Errors
///
/// The error of the start, if no other child took the resources, or if waiting is of no use.
///
/// # Blocking
///
/// Until a child becomes idle or is gone, or until the body is to stop.
pub(super) fn take_later(
    access: &Access,
    error: io::Error,
    launch: Launch,
) -> Result<TakenChild, io::Error> {
    let (others, was_alone) = {
        let children = lock_leaf(&CHILDREN);
        (children.permits, !launch.is_beside_others && children.launches == launch.number + 1)
    };
    if !is_shortage(&error) || (others == 0 && was_alone) {
        return Err(error);
    }
    // Calls for which only others' attempts took the resources try one after the other.
    let most = others.max(1);
    Ok(wait_for(|| attempt(access, most)))
}

/// Takes a child or a permit, if there is one now; otherwise registers this thread to try again.
fn attempt(access: &Access, most: usize) -> Option<TakenChild> {
    let mut gone = Vec::new();
    let mut children = lock_leaf(&CHILDREN);
    let taken = children.try_take(access, most, &mut gone);
    if taken.is_none() {
        children.waiting.push(thread::current());
    }
    drop(children);
    end_all(gone);
    taken
}

fn wait_for(mut attempt: impl FnMut() -> Option<TakenChild>) -> TakenChild {
    let _waiting = runtime::waits().for_time();
    loop {
        if cancel::stopped().is_some() {
            return TakenChild::Stopped;
        }
        if let Some(taken) = attempt() {
            return taken;
        }
        thread::park();
    }
}

/// Keeps a child for the next call.
pub(super) fn give_back(leased: Leased) {
    let settings = settings::effective();
    if settings.keep_alive.is_zero() && settings.min_idle == 0 {
        return retire(leased);
    }
    let mut children = lock_leaf(&CHILDREN);
    if children.closed {
        children.leaving.push(leased);
        return wake_keeper(children);
    }
    children.idle.push_back(IdleChild { leased, since: Instant::now() });
    // The keeper needs no wake-up: it waits for a child that has been idle for longer.
    children.wake_waiting();
    let needs_keeper = !children.has_keeper
        && children.idle.len() > settings.min_idle
        && settings.keep_alive != Duration::MAX;
    children.has_keeper |= needs_keeper;
    drop(children);
    if needs_keeper {
        start_keeper();
    }
}

/// Has a child exit on another thread, so that the call that used it need not wait.
pub(super) fn retire(leased: Leased) {
    let mut children = lock_leaf(&CHILDREN);
    children.leaving.push(leased);
    wake_keeper(children);
}

fn wake_keeper(mut children: MutexGuard<'_, Children>) {
    let had_keeper = std::mem::replace(&mut children.has_keeper, true);
    drop(children);
    if had_keeper {
        CHANGED.notify_all();
    } else {
        start_keeper();
    }
}

/// Starts the thread that retires children. It ends when there is no child that it could retire.
fn start_keeper() {
    const STACK: usize = 64 * 1024;
    let started = crate::sync::thread::spawn("background-children".to_owned(), STACK, keep);
    if started.is_err() {
        let mut children = lock_leaf(&CHILDREN);
        // The next child that becomes idle tries again.
        children.has_keeper = false;
        let leaving = std::mem::take(&mut children.leaving);
        drop(children);
        end_all(leaving);
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
            end_all(gone);
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

/// Has children exit, all at once, and kills those that do not in time.
///
/// # Blocking
///
/// For as long as their exit handlers take, up to [`EXIT_LIMIT`].
fn end_all(gone: Vec<Leased>) {
    let end = Instant::now() + EXIT_LIMIT;
    for leased in &gone {
        leased.child.request_exit();
    }
    for Leased { child, permit } in gone {
        child.wait_for_exit(end);
        drop(permit);
    }
}

/// What acts before the children end.
#[cfg(feature = "remote")]
static AT_CLOSE: OnceLock<fn(Instant)> = OnceLock::new();

/// Has `act` called at shutdown, before the children end, with the time when it has to return.
#[cfg(feature = "remote")]
pub(crate) fn at_close(act: fn(Instant)) {
    let _ = AT_CLOSE.set(act);
}

/// Ends all children at shutdown: the keeper retires the idle ones, and the threads that wait for the others, which
/// were told to stop, kill them.
///
/// # Blocking
///
/// Until all are reaped, up to [`CLOSE_LIMIT`].
pub(crate) fn close() {
    #[cfg(feature = "remote")]
    if let Some(act) = AT_CLOSE.get() {
        act(Instant::now() + CLOSE_LIMIT);
    }
    let mut children = lock_leaf(&CHILDREN);
    children.closed = true;
    children.wake_waiting();
    let idle = std::mem::take(&mut children.idle);
    children.leaving.extend(idle.into_iter().map(|idle| idle.leased));
    if children.leaving.is_empty() {
        drop(children);
    } else {
        wake_keeper(children);
    }
    let end = Instant::now() + CLOSE_LIMIT;
    let mut children = lock_leaf(&CHILDREN);
    while children.permits > 0 {
        let rest = end.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return;
        }
        children = CHANGED.wait_timeout(children, rest).unwrap_or_else(PoisonError::into_inner).0;
    }
}

impl Drop for ChildPermit {
    fn drop(&mut self) {
        let mut children = lock_leaf(&CHILDREN);
        children.permits -= 1;
        children.wake_waiting();
        CHANGED.notify_all();
    }
}
