//! The variables and the directory that a child is started in: those of the caller, at the call.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::sync::lock_leaf;

/// What a body can see of the place where it was called, and a warm child of an earlier call may not.
#[derive(PartialEq, Eq)]
pub(super) struct Surroundings {
    variables: Vec<(OsString, OsString)>,
    /// None if it was removed.
    directory: Option<PathBuf>,
}

/// Those of the last call: hardly ever do others come.
static LAST: Mutex<Option<Arc<Surroundings>>> = Mutex::new(None);

impl Surroundings {
    pub(super) fn now() -> Arc<Self> {
        let now = Self { variables: env::vars_os().collect(), directory: env::current_dir().ok() };
        let mut last = lock_leaf(&LAST);
        match &*last {
            Some(last) if **last == now => last.clone(),
            _ => last.insert(Arc::new(now)).clone(),
        }
    }

    /// Has `command` run in these surroundings.
    pub(super) fn surround(&self, command: &mut Command) {
        command.env_clear();
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
    }
}
