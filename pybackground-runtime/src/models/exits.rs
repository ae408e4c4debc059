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
        name: String,
        stack_size: usize,
        run: impl FnOnce(usize) + Send + 'static,
    ) -> io::Result<usize> {
        thread::spawn(name, stack_size, || run(0)).map(|()| 0)
    }

    #[allow(clippy::unused_self, reason = "the handles are kept there")]
    pub(super) fn ends(&self, _key: usize) {}

    #[allow(clippy::unused_self, reason = "the handles are kept there")]
    pub(super) fn take(&self, _stays: Option<usize>) -> Leaving {
        Leaving
    }
}

pub(super) struct Leaving;

impl Leaving {
    #[allow(clippy::unused_self, reason = "the handles are kept there")]
    pub(super) fn wait(&self, _end: Option<Instant>) {}
}
