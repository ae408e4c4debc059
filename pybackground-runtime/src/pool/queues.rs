//! The queues of calls. No other file knows crossbeam's channel and deque.
//!
//! - The ring holds calls from outside. It has a fixed size and allocates nothing. In an unbounded channel, a
//!   worker would free what the caller allocated every few dozen calls, and both would contend for the lock
//!   of the allocator.
//! - The overflow is unbounded and holds what does not fit the ring. While it holds something, new calls go
//!   there too, so that the order stays.
//! - Woken futures and terminated calls have channels of their own. Every other search looks at these before the
//!   ring. If they came after the ring, a woken future would wait behind calls that join it and hold a thread
//!   each. If they always came before the ring, a future that wakes itself at each poll would starve the ring.
//! - A worker's own calls go to its deque. The worker takes the newest, thieves take the oldest. A deque is on
//!   the list of thieves only while it may hold something, so a thief has few to look at.

use std::cell::{Cell, OnceCell};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

#[cfg(any(miri, pybackground_loom, pybackground_shuttle))]
use super::crossbeam_model::{
    Receiver, Sender, Steal, Stealer, Worker as Deque, bounded, unbounded,
};
#[cfg(not(any(miri, pybackground_loom, pybackground_shuttle)))]
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
#[cfg(not(any(miri, pybackground_loom, pybackground_shuttle)))]
use crossbeam_deque::{Steal, Stealer, Worker as Deque};

use super::inline;
use super::worker_stats::WorkerStats;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::sync::{RwLock, RwLockReadGuard, chaos, rounds};

type Entry = Arc<dyn Runnable>;

/// How many calls from outside are queued without an allocation.
const RING: usize = rounds(1024);

pub(super) struct Queues {
    ring: Channel,
    overflow: RareChannel,
    woken: Channel,
    /// How many futures were ever woken.
    wakes: AtomicU64,
    terminated: RareChannel,
    listed: RwLock<Vec<ListedWorker>>,
    /// Whether the list has entries. A hint, which the model checkers need not know.
    has_listed: AtomicBool,
}

/// Which of the shared queues a search looks at first.
#[derive(Clone, Copy)]
pub(super) enum First {
    /// Calls from outside: the ring and the overflow.
    Called,
    /// Terminated calls and woken futures.
    Begun,
}

impl First {
    pub(super) fn other(self) -> Self {
        match self {
            Self::Called => Self::Begun,
            Self::Begun => Self::Called,
        }
    }
}

struct Channel {
    send: Sender<Entry>,
    receive: Receiver<Entry>,
}

/// A channel that is empty most of the time, and has a flag that says so.
struct RareChannel {
    channel: Channel,
    /// Set after each push, and cleared by a thread that finds no entry. That thread sets the flag again if it then
    /// finds an entry, so the flag is wrong for a moment at most.
    may_hold: AtomicBool,
}

/// A worker whose deque may hold something.
struct ListedWorker {
    worker: Arc<WorkerStats>,
    stealer: Stealer<Entry>,
}

/// A worker's queue of its own calls.
pub(super) struct OwnQueue {
    worker: Arc<WorkerStats>,
    deque: OnceCell<Deque<Entry>>,
    /// The deque is on the list of thieves.
    listed: Cell<bool>,
}

impl Queues {
    pub(super) fn new() -> Self {
        Self {
            ring: bounded(RING).into(),
            overflow: RareChannel::new(),
            woken: unbounded().into(),
            wakes: AtomicU64::new(0),
            terminated: RareChannel::new(),
            listed: RwLock::default(),
            has_listed: AtomicBool::new(false),
        }
    }

    pub(super) fn push(&self, job: Entry) {
        let job = if self.overflow.may_hold() {
            job
        } else {
            match self.ring.send.try_send(job) {
                Ok(()) => return,
                Err(full) => full.into_inner(),
            }
        };
        self.overflow.push(job);
    }

    /// Enqueues a call whose future was woken.
    pub(super) fn push_woken(&self, job: Entry) {
        // ORDERING: pairs with `wakes`.
        self.wakes.fetch_add(1, Ordering::Release);
        self.woken.push(job);
    }

    /// Returns how many futures were ever woken. If a future is found suspended after this was read, the
    /// wake-up that resumes it is not counted here yet.
    pub(super) fn wakes(&self) -> u64 {
        // ORDERING: pairs with `push_woken`: the futures that are counted are seen as woken afterwards.
        self.wakes.load(Ordering::Acquire)
    }

    /// Enqueues a terminated call that has user code left to run: destructors and wakers.
    pub(super) fn push_terminated(&self, job: Entry) {
        self.terminated.push(job);
    }

    pub(super) fn has_terminated(&self) -> bool {
        !self.terminated.is_empty()
    }

    pub(super) fn pop_terminated(&self) -> Option<Entry> {
        self.terminated.pop()
    }

    /// Takes the oldest call from outside, or the oldest terminated or woken one.
    pub(super) fn pop(&self, first: First) -> Option<Entry> {
        let called = || {
            // While calls are in the overflow, no call is added to the ring.
            let ring =
                if self.overflow.may_hold() { self.ring.pop_rare() } else { self.ring.pop() };
            ring.or_else(|| self.overflow.pop())
        };
        // Terminated calls first: futures that wake themselves at each poll would starve them.
        let begun = || self.terminated.pop().or_else(|| self.woken.pop_rare());
        match first {
            First::Called => called().or_else(begun),
            First::Begun => begun().or_else(called),
        }
    }

    pub(super) fn pop_woken(&self) -> Option<Entry> {
        self.woken.pop()
    }

    /// Enqueues a woken future that `pop_woken` has returned, without counting it again.
    pub(super) fn put_back_woken(&self, job: Entry) {
        self.woken.push(job);
    }

    /// Takes the calls from outside. Those that come meanwhile may stay.
    pub(super) fn take_called(&self) -> Vec<Entry> {
        let queued = self.ring.receive.len() + self.overflow.channel.receive.len();
        let pop = || self.ring.pop().or_else(|| self.overflow.pop());
        std::iter::from_fn(pop).take(queued).collect()
    }

    /// Steals the oldest call of a worker that runs no body or is blocked in a join. The join may be for that call.
    pub(super) fn steal_from_waiting(&self, start: usize) -> Option<Entry> {
        self.steal_from(start, |worker| !worker.is_running())
    }

    /// Steals another worker's oldest call, starting with the worker at `start`.
    pub(super) fn steal(&self, start: usize) -> Option<Entry> {
        self.steal_from(start, |_| true)
    }

    fn steal_from(&self, start: usize, is_victim: impl Fn(&WorkerStats) -> bool) -> Option<Entry> {
        // ORDERING: a thread that sees it late looks again before it sleeps: see `is_empty`.
        if !self.has_listed.load(Ordering::Relaxed) {
            return None;
        }
        let listed = self.listed();
        let (before, after) = listed.split_at(start.checked_rem(listed.len()).unwrap_or(0));
        after.iter().chain(before).filter(|listed| is_victim(&listed.worker)).find_map(|listed| {
            // Looking is much cheaper than a failed attempt.
            while !listed.stealer.is_empty() {
                if let Steal::Success(job) = listed.stealer.steal() {
                    if listed.stealer.len() < inline::ENOUGH {
                        inline::tell_of_theft();
                    }
                    return Some(job);
                }
            }
            None
        })
    }

    /// Returns whether no call is queued. Stale entries count until they are taken.
    pub(super) fn is_empty(&self) -> bool {
        self.ring.receive.is_empty()
            && self.overflow.is_empty()
            && self.woken.receive.is_empty()
            && self.terminated.is_empty()
            && self.listed().iter().all(|worker| worker.stealer.is_empty())
    }

    /// Returns how many calls are queued, counted as `is_empty` does.
    pub(super) fn len(&self) -> usize {
        let own: usize = self.listed().iter().map(|worker| worker.stealer.len()).sum();
        let (overflow, terminated) = (&self.overflow.channel, &self.terminated.channel);
        let channels = [&self.ring, overflow, &self.woken, terminated];
        own + channels.iter().map(|channel| channel.receive.len()).sum::<usize>()
    }

    fn change_list(&self, change: impl FnOnce(&mut Vec<ListedWorker>)) {
        let mut listed = self.listed.write().unwrap_or_else(PoisonError::into_inner);
        change(&mut listed);
        // ORDERING: see `steal`.
        self.has_listed.store(!listed.is_empty(), Ordering::Relaxed);
    }

    fn listed(&self) -> RwLockReadGuard<'_, Vec<ListedWorker>> {
        self.listed.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<(Sender<Entry>, Receiver<Entry>)> for Channel {
    fn from((send, receive): (Sender<Entry>, Receiver<Entry>)) -> Self {
        Self { send, receive }
    }
}

impl Channel {
    fn push(&self, job: Entry) {
        self.send.send(job).expect("the receiver is in the same struct");
    }

    #[inline]
    fn pop(&self) -> Option<Entry> {
        self.receive.try_recv().ok()
    }

    /// As `pop`, of a channel that is empty most of the time: an attempt has a fence even if it finds nothing. An entry
    /// that is seen late is found before the thread sleeps: see `is_empty`.
    #[inline]
    fn pop_rare(&self) -> Option<Entry> {
        if self.receive.is_empty() { None } else { self.pop() }
    }
}

impl RareChannel {
    fn new() -> Self {
        Self { channel: unbounded().into(), may_hold: AtomicBool::new(false) }
    }

    #[inline]
    fn may_hold(&self) -> bool {
        // ORDERING: a thread that sees it late looks again before it sleeps: see `is_empty`.
        self.may_hold.load(Ordering::Relaxed)
    }

    #[cold]
    fn push(&self, job: Entry) {
        self.channel.push(job);
        // ORDERING: pairs with `pop_or_clear`.
        self.may_hold.store(true, Ordering::Release);
    }

    #[inline]
    fn pop(&self) -> Option<Entry> {
        if self.may_hold() { self.pop_or_clear() } else { None }
    }

    #[cold]
    fn pop_or_clear(&self) -> Option<Entry> {
        let job = self.channel.pop();
        // ORDERING: a thread pushes before it sets the flag, so its entry is seen after the swap clears the flag.
        if job.is_none() && self.may_hold.swap(false, Ordering::AcqRel) && !self.is_empty() {
            self.may_hold.store(true, Ordering::Release);
        }
        job
    }

    fn is_empty(&self) -> bool {
        self.channel.receive.is_empty()
    }
}

impl OwnQueue {
    pub(super) const fn new(worker: Arc<WorkerStats>) -> Self {
        Self { worker, deque: OnceCell::new(), listed: Cell::new(false) }
    }

    #[inline]
    pub(super) fn push(&self, job: Entry, shared: &Queues) {
        let deque = self.deque.get_or_init(Deque::new_lifo);
        if !self.listed.replace(true) {
            let listed = ListedWorker { worker: self.worker.clone(), stealer: deque.stealer() };
            shared.change_list(|list| list.push(listed));
        }
        deque.push(job);
    }

    /// Takes an empty deque off the list of thieves until the next push.
    pub(super) fn rest(&self, shared: &Queues) {
        if self.listed.get() && self.len() == 0 {
            self.listed.set(false);
            shared.change_list(|list| {
                list.retain(|listed| !Arc::ptr_eq(&listed.worker, &self.worker));
            });
        }
    }

    /// Takes the newest call.
    #[inline]
    pub(super) fn pop(&self) -> Option<Entry> {
        self.deque.get()?.pop()
    }

    /// Returns how many calls are queued here.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.deque.get().map_or(0, Deque::len)
    }

    /// Takes the entry of a call that this worker is about to run, if no live entry is above it. Drops the stale
    /// entries above it.
    #[inline]
    pub(super) fn withdraw(&self, is_it: impl Fn(&Entry) -> bool) {
        let Some(deque) = self.deque.get() else {
            return;
        };
        while let Some(newest) = deque.pop() {
            if is_it(&newest) {
                return;
            }
            chaos();
            if !newest.is_stale() {
                deque.push(newest);
                return;
            }
            // A destructor that panics must not reach this body.
            drop_catching(newest);
        }
    }
}
