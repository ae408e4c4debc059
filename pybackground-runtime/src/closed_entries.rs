//! When to remove closed entries from a list.
//!
//! An entry that is closed is not needed in its list any more, but its place is not known. Closed entries are removed
//! together when they are more than half: the closed ones pay for the scan.

use crate::sync::rounds;

/// Fewer closed entries than this are not worth a scan.
pub(crate) const FEW: usize = rounds(16);

/// The number of entries that were closed since the last scan. An entry may be closed before it is in the list.
pub(crate) struct ClosedEntries(usize);

impl ClosedEntries {
    pub(crate) const fn new() -> Self {
        Self(0)
    }

    /// Counts one more. Returns whether to scan the list, of `entries`, now.
    #[must_use]
    pub(crate) fn one_more(&mut self, entries: usize) -> bool {
        self.0 += 1;
        let scans = self.0 >= FEW && 2 * self.0 > entries;
        if scans {
            self.0 = 0;
        }
        scans
    }
}
