//! The rounds of `deadlock`: the number of the current one, and how many threads have answered in it.

use crate::sync::atomic::{AtomicU64, Ordering};
use crate::sync::{Mutex, lock};

pub(super) struct Rounds {
    /// A copy of `Round::number` that is read without the lock.
    current: AtomicU64,
    round: Mutex<Round>,
    /// What was queued when the last round was opened or ended, as `Pool::queued` says; `UNKNOWN` if a thread has blocked
    /// since that has not looked.
    pub(super) left: AtomicU64,
}

struct Round {
    number: u64,
    /// How many threads have answered.
    answers: usize,
    found: RoundFindings,
}

/// What a blocked thread that has found nothing to run may still expect.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Only calls that are queued or run can end its wait.
    CallsOnly,
    /// Its wait leads to a future that something outside the pool may wake.
    Wake,
}

/// What the threads have found that looked in a round.
#[derive(Clone, Copy)]
pub(super) struct RoundFindings {
    /// How many futures had been woken before the first thread looked.
    pub(super) wakes: u64,
    /// The best of what they may expect.
    pub(super) outlook: Outlook,
}

/// Nothing that is ever queued: see `Rounds::left`.
pub(super) const UNKNOWN: u64 = u64::MAX;

impl RoundFindings {
    /// Nothing, by no thread.
    pub(super) fn nothing(wakes: u64) -> Self {
        Self { wakes, outlook: Outlook::CallsOnly }
    }
}

impl Rounds {
    pub(super) fn new() -> Self {
        Self {
            current: AtomicU64::new(0),
            round: Mutex::new(Round { number: 0, answers: 0, found: RoundFindings::nothing(0) }),
            left: AtomicU64::new(UNKNOWN),
        }
    }

    pub(super) fn current(&self) -> u64 {
        // ORDERING: in one order with the counts of blocked threads, so a thread that blocks sees each round that
        // was opened before.
        self.current.load(Ordering::SeqCst)
    }

    /// Opens a round in which `answers` threads have answered already, with what they have found; returns its number.
    pub(super) fn open(&self, answers: usize, found: RoundFindings) -> u64 {
        let mut round = lock(&self.round);
        *round = Round { number: round.number + 1, answers, found };
        // ORDERING: see `current`.
        self.current.store(round.number, Ordering::SeqCst);
        round.number
    }

    /// Counts the answer of a thread that looked in round `number`. If it is the last of `threads`, returns what they have
    /// found.
    pub(super) fn answer(
        &self,
        number: u64,
        outlook: Outlook,
        threads: usize,
    ) -> Option<RoundFindings> {
        let mut round = lock(&self.round);
        if round.number != number {
            return None;
        }
        round.answers += 1;
        if outlook == Outlook::Wake {
            round.found.outlook = outlook;
        }
        (round.answers == threads).then_some(round.found)
    }

    /// A thread blocks that has not looked.
    pub(super) fn forget(&self) {
        if self.left.load(Ordering::Relaxed) != UNKNOWN {
            self.left.store(UNKNOWN, Ordering::Relaxed);
        }
    }
}
