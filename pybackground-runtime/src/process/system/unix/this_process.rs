//! What a child does to itself, and asks about itself.

#[cfg(target_os = "linux")]
use std::ffi::CString;
use std::sync::OnceLock;

use rustix::process::{Pid, Signal};

/// Whether this process leads its group. A body may have moved it into another, such as the program's.
pub(in crate::process) fn leads_group() -> bool {
    rustix::process::getpgrp() == rustix::process::getpid()
}

/// Whether the process that was the parent at the first call still is.
pub(in crate::process) fn parent_lives() -> bool {
    static PARENT: OnceLock<Option<Pid>> = OnceLock::new();
    let parent = rustix::process::getppid();
    *PARENT.get_or_init(|| parent) == parent
}

/// Whether this thread is the only one. Assumed where the system does not tell: it is so before `main`, unless a
/// library has started another even earlier.
pub(in crate::process) fn has_one_thread() -> bool {
    std::fs::read_dir("/proc/self/task").map_or(true, |threads| threads.count() == 1)
}

/// Makes lists of processes show the name of the program, which was started as `/proc/self/exe`.
#[cfg(target_os = "linux")]
pub(in crate::process) fn show_name() {
    use std::os::unix::ffi::OsStrExt;
    let Ok(program) = std::env::current_exe() else { return };
    let name = program.file_name().map(OsStrExt::as_bytes).unwrap_or_default();
    let name = name.strip_suffix(b" (deleted)").unwrap_or(name);
    if let Ok(name) = CString::new(name) {
        // The system shortens it.
        let _ = rustix::thread::set_name(&name);
    }
}

/// The program was started by its name.
#[cfg(not(target_os = "linux"))]
pub(in crate::process) fn show_name() {}

/// Kills this process and what it started.
pub(in crate::process) fn end_group() -> ! {
    if leads_group() {
        let _ = rustix::process::kill_current_process_group(Signal::KILL);
    }
    end_process()
}

/// Kills this process alone.
pub(in crate::process) fn end_process() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
    std::process::abort()
}
