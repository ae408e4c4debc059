//! Detects that this process was forked from the one that started the threads.
//!
//! After a `fork`, the child has the memory of the pool, but only the thread that forked. A call made in the
//! child would never run, because the threads exist only in the parent. So a thread that is about to block
//! compares the id of its process with that of the process that started the first thread.

use std::sync::atomic::Ordering;

use super::Pool;

/// Why a wait in a forked process fails.
pub(crate) const WHY: &str = "this process was forked, and the threads that run calls exist only in its parent; \
                              fork before the first call, or start another program instead of a fork";

impl Pool {
    /// Whether the threads of the pool are in another process.
    #[cold]
    pub(crate) fn was_forked(&self) -> bool {
        std::process::id() != self.process.load(Ordering::Relaxed)
    }

    /// Records that the first thread is about to start in this process. So a fork before that is harmless.
    pub(super) fn belongs_here(&self) {
        self.process.store(std::process::id(), Ordering::Relaxed);
    }
}
