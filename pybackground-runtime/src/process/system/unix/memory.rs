//! How much memory a child has, and how much it may have.

use std::sync::Mutex;

use rustix::process::{Resource, Rlimit};

use crate::sync::lock_leaf;

/// Returns how many bytes of data this process has, as its limit counts them, where the system tells.
pub(in crate::process) fn data_in_use() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let data: u64 = pages.split_whitespace().nth(5)?.parse().ok()?;
    Some(data * rustix::param::page_size() as u64)
}

/// The bytes that the report of a panic may take: a backtrace reads debug information and keeps it.
const REPORT: u64 = 128 << 20;

/// The limit of data of this process.
struct DataLimit {
    limit: Option<u64>,
    /// A panic has been reported, and what that took is still there.
    has_panicked: bool,
    /// The limit before this code changed it.
    at_start: Option<Rlimit>,
}

static MEMORY: Mutex<DataLimit> =
    Mutex::new(DataLimit { limit: None, has_panicked: false, at_start: None });

impl DataLimit {
    fn change(change: impl FnOnce(&mut Self)) {
        let mut memory = lock_leaf(&MEMORY);
        let now = rustix::process::getrlimit(Resource::Data);
        let at_start = *memory.at_start.get_or_insert(now);
        let before = memory.in_force();
        change(&mut memory);
        let limit = memory.in_force();
        if limit == before {
            return;
        }
        // A body may have lowered the maximum.
        let current = [limit.or(at_start.current), now.maximum].into_iter().flatten().min();
        let _ = rustix::process::setrlimit(Resource::Data, Rlimit { current, ..now });
    }

    fn in_force(&self) -> Option<u64> {
        let report = if self.has_panicked { REPORT } else { 0 };
        self.limit.map(|limit| limit.saturating_add(report))
    }
}

/// Limits this process to `bytes` of data until the guard is dropped; 0 is no limit.
pub(in crate::process) fn limit_memory(bytes: u64) -> Option<LimitedMemory> {
    if bytes == 0 {
        return None;
    }
    DataLimit::change(|memory| memory.limit = Some(bytes));
    Some(LimitedMemory)
}

/// See [`limit_memory`].
pub(in crate::process) struct LimitedMemory;

impl Drop for LimitedMemory {
    fn drop(&mut self) {
        DataLimit::change(|memory| memory.limit = None);
    }
}

/// Raises the limit of this process by what the report of a panic may take and keep.
pub(in crate::process) fn make_room_for_report() {
    DataLimit::change(|memory| memory.has_panicked = true);
}
