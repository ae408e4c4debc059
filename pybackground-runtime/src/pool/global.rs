//! The pool that all calls of the process go to, made with the first.

use std::sync::Arc;

use super::Pool;
use crate::config;

#[cfg(not(any(pybackground_loom, pybackground_shuttle)))]
mod process {
    use super::{Arc, Pool, made};
    use std::sync::OnceLock;

    static GLOBAL: OnceLock<Arc<Pool>> = OnceLock::new();

    #[inline]
    pub(crate) fn global() -> &'static Arc<Pool> {
        GLOBAL.get_or_init(made)
    }

    /// The pool if there was a call yet.
    pub(crate) fn existing() -> Option<&'static Arc<Pool>> {
        GLOBAL.get()
    }
}

/// Each execution of a model has a pool of its own.
#[cfg(any(pybackground_loom, pybackground_shuttle))]
mod process {
    use super::{Arc, Pool, made};
    use crate::sync::checker;

    checker::lazy_static! {
        static ref GLOBAL: Arc<Pool> = made();
    }

    pub(crate) fn global() -> &'static Arc<Pool> {
        &GLOBAL
    }

    pub(crate) fn existing() -> Option<&'static Arc<Pool>> {
        Some(global())
    }
}

pub(crate) use process::{existing, global};

fn made() -> Arc<Pool> {
    Arc::new(Pool::new(config::effective()))
}
