//! Where calls wait: the only file that knows crossbeam's channel and deque.
//!
//! Calls from outside go through one channel, first in, first out. A worker's own calls go to its
//! deque: the worker takes the newest, others steal the oldest. A worker gets its deque with its
//! first call, so that thieves have few to look at however many threads sleep in bodies.

use std::cell::OnceCell;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use crossbeam_channel::{Receiver, Sender, unbounded};
use crossbeam_deque::{Steal, Stealer, Worker as Deque};

use crate::task::Job;

type Entry = Arc<dyn Job>;

pub(super) struct Queues {
    send: Sender<Entry>,
    receive: Receiver<Entry>,
    /// By the id of the worker whose deque it is.
    stealers: RwLock<Vec<(usize, Stealer<Entry>)>>,
}

/// The queue of one worker's own calls.
pub(super) struct OwnQueue {
    deque: OnceCell<Deque<Entry>>,
}

impl Queues {
    pub(super) fn new() -> Self {
        let (send, receive) = unbounded();
        Self {
            send,
            receive,
            stealers: RwLock::default(),
        }
    }

    pub(super) fn push(&self, job: Entry) {
        self.send
            .send(job)
            .expect("the receiver is in the same struct");
    }

    /// Takes the oldest call from outside.
    pub(super) fn pop(&self) -> Option<Entry> {
        self.receive.try_recv().ok()
    }

    /// Steals another worker's oldest call, starting with the worker at `start`.
    pub(super) fn steal(&self, start: usize) -> Option<Entry> {
        let stealers = self.stealers();
        let (before, after) = stealers.split_at(start.checked_rem(stealers.len()).unwrap_or(0));
        after.iter().chain(before).find_map(|(_, stealer)| {
            loop {
                match stealer.steal() {
                    Steal::Success(job) => return Some(job),
                    Steal::Empty => return None,
                    Steal::Retry => std::hint::spin_loop(),
                }
            }
        })
    }

    /// Whether nothing waits. Entries of calls that have been run elsewhere count until they surface.
    pub(super) fn is_empty(&self) -> bool {
        self.receive.is_empty()
            && self
                .stealers()
                .iter()
                .all(|(_, stealer)| stealer.is_empty())
    }

    /// How many calls wait, counted as `is_empty` does.
    pub(super) fn len(&self) -> usize {
        let own: usize = self
            .stealers()
            .iter()
            .map(|(_, stealer)| stealer.len())
            .sum();
        self.receive.len() + own
    }

    /// Forgets the deque of a worker that leaves. It is empty: the worker took what was in it.
    pub(super) fn forget(&self, id: usize) {
        self.stealers
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|(of, _)| *of != id);
    }

    fn stealers(&self) -> RwLockReadGuard<'_, Vec<(usize, Stealer<Entry>)>> {
        self.stealers.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OwnQueue {
    pub(super) const fn new() -> Self {
        Self {
            deque: OnceCell::new(),
        }
    }

    #[inline]
    pub(super) fn push(&self, job: Entry, id: usize, shared: &Queues) {
        let deque = self.deque.get_or_init(|| {
            let deque = Deque::new_lifo();
            let mut stealers = shared
                .stealers
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            stealers.push((id, deque.stealer()));
            deque
        });
        deque.push(job);
    }

    /// Takes the newest call.
    #[inline]
    pub(super) fn pop(&self) -> Option<Entry> {
        self.deque.get()?.pop()
    }

    /// How many calls wait here.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.deque.get().map_or(0, Deque::len)
    }

    /// Takes the entry of a call that its own worker is about to run, if it is the newest, and drops
    /// the entries above it of calls that were run elsewhere.
    #[inline]
    pub(super) fn withdraw(&self, is_it: impl Fn(&Entry) -> bool) {
        let Some(deque) = self.deque.get() else {
            return;
        };
        while let Some(newest) = deque.pop() {
            if is_it(&newest) {
                return;
            }
            if newest.is_queued() {
                deque.push(newest);
                return;
            }
        }
    }
}
