//! Stands for the handles of threads, which a model checker joins itself.

use std::io;
use std::time::Instant;

use crate::sync::thread;

#[derive(Default)]
pub(super) struct Exits;

impl Exits {
    #[allow(clippy::unused_self, reason = "the handles are kept there")]
    pub(super) fn spawn(
        &self,
        _id: usize,
        name: String,
        stack_size: usize,
        run: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        thread::spawn(name, stack_size, run)
    }

    #[allow(clippy::unused_self, reason = "the handles are kept there")]
    pub(super) fn ends(&self, _id: usize) {}

    #[allow(clippy::unused_self, reason = "the handles are kept there")]
    pub(super) fn wait(&self, _end: Option<Instant>) {}
}
