//! How much memory a child has, and how much it may have.

use std::sync::Mutex;

use rustix::process::{Resource, Rlimit};

use crate::sync::lock_leaf;

/// How many bytes of data this process has, as its limit counts them, where the system tells.
pub(in crate::process) fn data_in_use() -> Option<u64> {
    let pages = std::fs::read_to_string("/proc/self/statm").ok()?;
    let data: u64 = pages.split_whitespace().nth(5)?.parse().ok()?;
    Some(data * rustix::param::page_size() as u64)
}

/// What is allowed to this process of data.
struct Memory {
    limit: Option<u64>,
    /// How many threads have it lifted.
    lifts: usize,
    /// Without a limit of ours.
    at_start: Option<Rlimit>,
}

static MEMORY: Mutex<Memory> = Mutex::new(Memory { limit: None, lifts: 0, at_start: None });

impl Memory {
    fn change(change: impl FnOnce(&mut Self)) {
        let mut memory = lock_leaf(&MEMORY);
        let at_start =
            *memory.at_start.get_or_insert_with(|| rustix::process::getrlimit(Resource::Data));
        let before = memory.in_force();
        change(&mut memory);
        let limit = memory.in_force();
        if limit == before {
            return;
        }
        let lowest = |limit| at_start.maximum.map_or(limit, |most| most.min(limit));
        let current = limit.map(lowest).or(at_start.current);
        let _ = rustix::process::setrlimit(Resource::Data, Rlimit { current, ..at_start });
    }

    fn in_force(&self) -> Option<u64> {
        self.limit.filter(|_| self.lifts == 0)
    }
}

/// Allows this process `bytes` of data, until the guard is dropped; 0 is no limit.
pub(in crate::process) fn limit_memory(bytes: u64) -> Option<LimitedMemory> {
    if bytes == 0 {
        return None;
    }
    Memory::change(|memory| memory.limit = Some(bytes));
    Some(LimitedMemory)
}

/// See [`limit_memory`].
pub(in crate::process) struct LimitedMemory;

impl Drop for LimitedMemory {
    fn drop(&mut self) {
        Memory::change(|memory| memory.limit = None);
    }
}

/// Runs `run` without the limit of memory.
pub(in crate::process) fn with_all_memory(run: impl FnOnce()) {
    Memory::change(|memory| memory.lifts += 1);
    run();
    Memory::change(|memory| memory.lifts -= 1);
}
