//! What the system says of this process.

use std::fs;

/// Resident memory in bytes; `None` where the system does not tell.
pub(crate) fn resident_bytes() -> Option<usize> {
    const PAGE: usize = 4096;
    let statm = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * PAGE)
}

/// One thread of the runtime's, as the system sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SystemThread {
    pub(crate) name: String,
    /// How often it gave up or lost its processor.
    pub(crate) switches: u64,
}

/// The threads whose names are the runtime's; `None` where the system does not tell.
pub(crate) fn runtime_threads() -> Option<Vec<SystemThread>> {
    let mut threads = Vec::new();
    for entry in fs::read_dir("/proc/self/task").ok()? {
        // A thread may end between the listing and the reading.
        let Ok(status) = fs::read_to_string(entry.ok()?.path().join("status")) else {
            continue;
        };
        let field =
            |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let Some(name) = field("Name:").filter(|name| name.starts_with("background-")) else {
            continue;
        };
        let count = |key| field(key).and_then(|count| count.parse::<u64>().ok()).unwrap_or(0);
        let switches = count("voluntary_ctxt_switches:") + count("nonvoluntary_ctxt_switches:");
        threads.push(SystemThread { name: name.to_owned(), switches });
    }
    Some(threads)
}
