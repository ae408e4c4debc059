//! The rounds of `deadlock`: the number of the current one, and how many threads have answered in it.

use crate::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};

pub(super) struct Rounds {
    /// A copy of `Round::number` that is read without the lock.
    current: AtomicU64,
    round: Mutex<Round>,
    /// How many calls were queued when the last round was opened or ended; `UNKNOWN` if a join has ended since.
    pub(super) left: AtomicUsize,
}

struct Round {
    number: u64,
    /// How many threads have answered.
    answers: usize,
    /// How many futures had been woken before the first thread looked.
    wakes: u64,
}

/// No number of calls: see `Rounds::left`.
pub(super) const UNKNOWN: usize = usize::MAX;

impl Rounds {
    pub(super) fn new() -> Self {
        Self {
            current: AtomicU64::new(0),
            round: Mutex::new(Round { number: 0, answers: 0, wakes: 0 }),
            left: AtomicUsize::new(UNKNOWN),
        }
    }

    pub(super) fn current(&self) -> u64 {
        // ORDERING: in one order with the counts of blocked threads, so a thread that blocks sees each round that
        // was opened before.
        self.current.load(Ordering::SeqCst)
    }

    /// Opens a round in which `answers` threads have answered already; returns its number.
    pub(super) fn open(&self, answers: usize, wakes: u64) -> u64 {
        let mut round = lock(&self.round);
        *round = Round { number: round.number + 1, answers, wakes };
        // ORDERING: see `current`.
        self.current.store(round.number, Ordering::SeqCst);
        round.number
    }

    /// Counts the answer of a thread that looked in round `number`. If it is the last of `threads`, returns how many
    /// futures had been woken before the first of them looked.
    pub(super) fn answer(&self, number: u64, threads: usize) -> Option<u64> {
        let mut round = lock(&self.round);
        if round.number != number {
            return None;
        }
        round.answers += 1;
        (round.answers == threads).then_some(round.wakes)
    }

    /// A join has ended.
    pub(super) fn forget(&self) {
        if self.left.load(Ordering::Relaxed) != UNKNOWN {
            self.left.store(UNKNOWN, Ordering::Relaxed);
        }
    }
}
