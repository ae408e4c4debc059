//! When a process is no more.

/// Waits until the process of that number is gone, or only waits to be reaped.
pub(crate) fn wait_until_gone(pid: u32) {
    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit(") ").next()?.chars().next()
    };
    while !matches!(state(), None | Some('Z' | 'X')) {
        std::thread::yield_now();
    }
}
