//! Whether a child is still as it was when it started, as far as the next body would notice.

use super::surroundings::Surroundings;
use super::system::data_in_use;
use crate::cancel::overruns;

/// What earlier bodies may leave behind of data, however little the next may take.
const LITTLE: u64 = 16 << 20;

/// What a child was when it started, and whether it still is.
pub(super) struct Condition {
    surroundings: Surroundings,
    /// Where the system tells.
    data: Option<u64>,
    has_run: bool,
    is_changed: bool,
}

impl Condition {
    pub(super) fn at_start() -> Self {
        Self {
            surroundings: Surroundings::read(),
            data: data_in_use(),
            has_run: false,
            is_changed: false,
        }
    }

    /// How much data the process may have while a body runs that may take `memory` bytes, 0 being any
    /// number in both; none if the body has to run in another process. The first has not.
    pub(super) fn admit(&self, memory: u64) -> Option<u64> {
        if self.is_changed {
            return None;
        }
        if memory == 0 {
            return Some(0);
        }
        let (Some(at_start), Some(in_use)) = (self.data, data_in_use()) else {
            return Some(memory);
        };
        let has_room = !self.has_run || has_room(at_start, in_use, memory);
        has_room.then(|| in_use.saturating_add(memory))
    }

    /// A body has run: it may have changed what the next is to find.
    ///
    /// This is for the time after the reply, when nobody waits for the child.
    pub(super) fn look_again(&mut self) {
        self.has_run = true;
        self.is_changed = self.is_changed
            || overruns::is_shut_down()
            || self.surroundings != Surroundings::read();
    }
}

/// Whether so little is left of earlier bodies that the process stays, all in all, near `memory`.
fn has_room(at_start: u64, in_use: u64, memory: u64) -> bool {
    in_use.saturating_sub(at_start) <= memory.max(LITTLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_left_is_no_more_than_the_body_may_take() {
        assert!(has_room(10 << 20, 74 << 20, 64 << 20));
        assert!(!has_room(10 << 20, (74 << 20) + 1, 64 << 20));
        assert!(has_room(10 << 20, 12 << 20, 1), "every process has a little");
        assert!(has_room(10 << 20, 0, 1), "it may give back what it had");
    }
}
