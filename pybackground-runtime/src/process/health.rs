//! Whether a child can run the next body.

use super::access::Access;
use super::system::data_in_use;
use crate::cancel;

/// The bytes of data that earlier bodies may leave behind, however small the next body's `memory` is.
const ALWAYS_ALLOWED: u64 = 16 << 20;

/// What a child was when it started, and whether it still is.
pub(super) struct Health {
    access: Access,
    /// Bytes of data, where the system tells.
    data: Option<u64>,
    has_run: bool,
    is_unfit: bool,
}

impl Health {
    pub(super) fn at_start() -> Self {
        Self { access: Access::now(), data: data_in_use(), has_run: false, is_unfit: false }
    }

    /// Returns how many bytes of data the process may have while a body runs that may take `memory` bytes; 0 is no
    /// limit, in both. `None` if the body has to run in another process, which the first body never has.
    pub(super) fn admit(&self, memory: u64) -> Option<u64> {
        if self.is_unfit {
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

    /// Checks what a body may have changed. Called after the reply, when no caller waits.
    pub(super) fn check_after_body(&mut self) {
        self.has_run = true;
        self.is_unfit = self.is_unfit || cancel::is_shut_down() || self.access != Access::now();
    }
}

/// Whether earlier bodies left so little data that the process stays near `memory`.
fn has_room(at_start: u64, in_use: u64, memory: u64) -> bool {
    in_use.saturating_sub(at_start) <= memory.max(ALWAYS_ALLOWED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_bodies_may_leave_as_much_as_the_next_may_take() {
        assert!(has_room(10 << 20, 74 << 20, 64 << 20));
        assert!(!has_room(10 << 20, (74 << 20) + 1, 64 << 20));
        assert!(has_room(10 << 20, 12 << 20, 1), "a little is always allowed");
        assert!(has_room(10 << 20, 0, 1), "a process may free what it had at the start");
    }
}
