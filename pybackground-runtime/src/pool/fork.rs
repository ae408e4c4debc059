//! Finding out that this process was forked from the one that started the threads.
//!
//! After a `fork`, the child has the memory of the pool, but of its threads only the one that forked. A call
//! that is made in the child would wait for ever for a thread that exists in the parent. So a thread that is
//! about to block asks for the number of its process, and compares.

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

    /// The first thread is about to start. If the pool had none when the process was forked, nothing was lost.
    pub(super) fn belongs_here(&self) {
        self.process.store(std::process::id(), Ordering::Relaxed);
    }
}
