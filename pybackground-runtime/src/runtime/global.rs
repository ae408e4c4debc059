//! The instance that all calls of the process use. The first call makes it.

use super::Runtime;
use crate::{config, panic};

#[cfg(not(any(pybackground_loom, pybackground_shuttle)))]
mod process {
    use super::{Runtime, made};
    use std::sync::OnceLock;

    static GLOBAL: OnceLock<Runtime> = OnceLock::new();

    #[inline]
    pub(crate) fn global() -> &'static Runtime {
        GLOBAL.get_or_init(made)
    }

    /// The runtime, if there was a call yet.
    pub(crate) fn existing() -> Option<&'static Runtime> {
        GLOBAL.get()
    }
}

/// Each execution of a model has a runtime of its own.
#[cfg(any(pybackground_loom, pybackground_shuttle))]
mod process {
    use super::{Runtime, made};
    use crate::sync::checker;

    checker::lazy_static! {
        static ref GLOBAL: Runtime = made();
    }

    pub(crate) fn global() -> &'static Runtime {
        &GLOBAL
    }

    pub(crate) fn existing() -> Option<&'static Runtime> {
        Some(global())
    }
}

pub(crate) use process::{existing, global};

fn made() -> Runtime {
    panic::remember_sites();
    Runtime::new(config::effective())
}
