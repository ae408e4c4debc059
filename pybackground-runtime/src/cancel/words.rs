//! The words of bodies that were to stop and have ended, kept for the calls that they made.
//!
//! A word is needed until none of those calls can begin any more, nor runs. Which makers the bodies have that
//! run is known, and which those that a limit holds back; calls that are in no queue were closed with their
//! maker. But a queue cannot be looked through. So a word is kept until all that was in the queues when it
//! was left has been taken from them: for a *round*. A call may pass from a limit to one queue and from
//! there to another, and be in a thread's hands on the way, each time just when it is looked for; so it
//! takes [`ROUNDS`], in none of which anybody was seen to need it.
//!
//! Words are as many as bodies can stop in that time: no more than a multiple of the calls in the queues.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::Stopped;
use crate::pool::Mark;
use crate::stacks::Frame;

const ROUNDS: u8 = 3;

/// To look for words that nobody needs pays only after more uses than this.
const FEW: usize = 64;

pub(super) struct Words {
    kept: BTreeMap<Frame, Word>,
    /// How often they were used since it was last looked for those that nobody needs.
    uses: usize,
    /// The number of the round that began last, and what was in the queues then; none while somebody
    /// looks at that.
    number: u64,
    mark: Option<Mark>,
}

struct Word {
    stopped: Stopped,
    /// The round in which it was left.
    left_in: u64,
    /// For how many rounds nobody was seen to need it.
    idle: u8,
}

impl Words {
    pub(super) const fn new() -> Self {
        Self { kept: BTreeMap::new(), uses: 0, number: 0, mark: Some(Mark::PASSED) }
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn leave(&mut self, frame: Frame, stopped: Stopped) {
        self.kept.insert(frame, Word { stopped, left_in: self.number, idle: 0 });
    }

    pub(super) fn of(&self, frame: Frame) -> Option<Stopped> {
        self.kept.get(&frame).map(|word| word.stopped)
    }

    pub(super) fn count_use(&mut self) {
        self.uses += 1;
    }

    /// Whether there were uses enough to pay for a look at so many things, and at all words.
    pub(super) fn is_due(&self, things: usize) -> bool {
        !self.kept.is_empty() && self.uses > FEW + things + self.len()
    }

    /// Gives the mark to be looked at, unless somebody else does that.
    pub(super) fn take_mark(&mut self) -> Option<Mark> {
        self.uses = 0;
        self.mark.take()
    }

    /// Gives back a mark that has not passed, or the first of the next round.
    pub(super) fn put(&mut self, mark: Mark) {
        self.mark = Some(mark);
    }

    /// The round is over, and the bodies of `needed` have made calls that run, or are held back. Now it is
    /// time for a mark.
    pub(super) fn round_is_over(&mut self, needed: &BTreeSet<Frame>) {
        let number = self.number;
        self.kept.retain(|frame, word| {
            if needed.contains(frame) {
                word.idle = 0;
            } else if word.left_in < number {
                word.idle += 1;
            }
            word.idle < ROUNDS
        });
        self.number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Call;
    use crate::error::StopReason;

    fn stopped() -> Stopped {
        let here = std::panic::Location::caller();
        Stopped { call: Call::new("f", here), reason: StopReason::Cancelled }
    }

    fn frame(run: usize) -> Frame {
        Frame::new(0, run as u64)
    }

    #[test]
    fn a_word_goes_when_nobody_needed_it_in_so_many_rounds() {
        let mut words = Words::new();
        words.round_is_over(&BTreeSet::new());
        words.leave(frame(1), stopped());
        // The round in which it was left does not count.
        for _ in 0..ROUNDS {
            words.round_is_over(&BTreeSet::new());
            assert!(words.of(frame(1)).is_some());
        }
        words.round_is_over(&BTreeSet::from([frame(1)]));
        for _ in 0..ROUNDS {
            assert!(words.of(frame(1)).is_some(), "it was needed meanwhile");
            words.round_is_over(&BTreeSet::new());
        }
        assert_eq!(words.len(), 0);
    }

    /// Counted work, as speed is not for tests.
    #[test]
    fn to_forget_words_costs_no_more_than_the_uses() {
        const USES: usize = 1_000_000;
        let (mut words, mut work) = (Words::new(), 0);
        for n in 0..USES {
            words.leave(frame(n), stopped());
            words.count_use();
            let things = n / 1000;
            if words.is_due(things)
                && let Some(mark) = words.take_mark()
            {
                work += things + words.len();
                words.round_is_over(&BTreeSet::new());
                words.put(mark);
            }
        }
        assert!(work <= 2 * USES, "{work} steps");
    }
}
