//! What a path means to a process: its directory, its root, and the user and group that open files.
//!
//! A child serves a call only if the program's access is still the one that the child was started with. So a path
//! never silently names another file, and after a program has given up rights, none of its bodies has more.

use std::env;
use std::fs;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use super::frame::FileId;
use super::system::{credentials, file_id};
use crate::sync::lock_leaf;

/// What decides which file a path names, and whether it can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Access {
    pub(super) directory: FileId,
    root: FileId,
    /// The effective user and group.
    credentials: (u32, u32),
}

impl Access {
    /// Returns the access of this process now.
    pub(super) fn now() -> Self {
        Self { directory: directory(), root: id_of("/"), credentials: credentials() }
    }
}

fn id_of(path: &str) -> FileId {
    fs::metadata(path).ok().as_ref().and_then(file_id).unwrap_or_default()
}

/// Identifies the current directory: by its path where the system has no number for it, and where this user may
/// not enter it any more.
fn directory() -> FileId {
    let by_path = || Some((0, FixedHasher::default().hash_one(env::current_dir().ok()?)));
    fs::metadata(".").ok().as_ref().and_then(file_id).or_else(by_path).unwrap_or_default()
}

/// Hashes alike in all processes of the program.
type FixedHasher = BuildHasherDefault<DefaultHasher>;

/// The access with which a call was made.
pub(super) struct Caller {
    pub(super) access: Access,
    /// The path of the directory; `None` if it was removed.
    pub(super) directory: Option<PathBuf>,
}

impl Caller {
    /// Returns the access of this process now, shared with the last call if that had the same.
    pub(super) fn now() -> Arc<Self> {
        static LAST: Mutex<Option<Arc<Caller>>> = Mutex::new(None);
        let access = Access::now();
        let mut last = lock_leaf(&LAST);
        match &*last {
            Some(last) if last.access == access => last.clone(),
            _ => last.insert(Arc::new(Self { access, directory: env::current_dir().ok() })).clone(),
        }
    }
}
