//! What a child is started in and with: the variables, the directory and the rights of the caller, at the call.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use super::system::{Identity, Rights, identity, rights};
use crate::sync::lock_leaf;

/// What a body can see of the place where it was called, and a warm child of an earlier call may not.
#[derive(PartialEq, Eq)]
pub(super) struct Surroundings {
    variables: Vec<(OsString, OsString)>,
    /// None if it was removed.
    directory: Option<PathBuf>,
    /// Another may have its path by now, as after a `chroot`.
    identity: Option<Identity>,
    rights: Rights,
}

/// Those of the last call: hardly ever do others come.
static LAST: Mutex<Option<Arc<Surroundings>>> = Mutex::new(None);

impl Surroundings {
    /// Those of this process.
    pub(super) fn read() -> Self {
        Self {
            variables: env::vars_os().collect(),
            directory: env::current_dir().ok(),
            identity: fs::metadata(".").ok().and_then(|directory| identity(&directory)),
            rights: rights(),
        }
    }

    /// As `read`, shared with earlier calls.
    pub(super) fn now() -> Arc<Self> {
        let now = Self::read();
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
        if let Some(directory) =
            self.directory.as_deref().filter(|directory| !is_stuck_in(directory))
        {
            command.current_dir(directory);
        }
    }

    pub(super) fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }
}

/// Whether this process is in a directory that it could not enter any more, as after it gave up rights. What
/// it starts is there as well, unless it is told to go there.
fn is_stuck_in(directory: &Path) -> bool {
    fs::metadata(directory.join(".")).is_err()
        && env::current_dir().is_ok_and(|here| here == directory)
}
