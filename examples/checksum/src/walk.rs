//! Finding the files.

use std::fmt;
use std::fs::{self, DirEntry, Metadata, ReadDir};
use std::io;
use std::path::{Path, PathBuf};

use crate::name::shown;

/// What there is below a folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The regular files, sorted by path.
    pub(crate) files: Vec<FoundFile>,
    /// How many bytes the files say they have.
    pub(crate) bytes: u64,
    pub(crate) unreadable: Vec<Unreadable>,
}

#[derive(Clone, Debug)]
pub(crate) struct FoundFile {
    pub(crate) path: PathBuf,
    /// What tells whether two names are of one file; `None` for a file with one name.
    pub(crate) identity: Option<Identity>,
}

/// Which file of the system's files it is, whatever its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) device: u64,
    pub(crate) inode: u64,
}

/// A file or folder that could not be read.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) path: PathBuf,
    pub(crate) error: io::Error,
}

/// The folder to start from cannot be read.
#[derive(Debug)]
pub(crate) struct RootError {
    path: PathBuf,
    error: io::Error,
}

/// Finds the regular files below `root`, following no symbolic link but `root` itself.
///
/// # Errors
///
/// If `root` is no folder that can be read. What cannot be read below it is part of the result.
pub(crate) fn walk(root: &Path) -> Result<Found, RootError> {
    let entries = fs::read_dir(root).map_err(|error| RootError { path: root.to_owned(), error })?;
    let mut found = Found::default();
    // The folders are a list, not a recursion: a deep tree does not deepen the stack, and one
    // folder is open at a time.
    let mut folders = Vec::new();
    found.add_entries(root, entries, &mut folders);
    while let Some(folder) = folders.pop() {
        match fs::read_dir(&folder) {
            Ok(entries) => found.add_entries(&folder, entries, &mut folders),
            Err(error) => found.unreadable.push(Unreadable { path: folder, error }),
        }
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

impl Found {
    fn add_entries(&mut self, folder: &Path, entries: ReadDir, folders: &mut Vec<PathBuf>) {
        for entry in entries {
            match entry {
                Ok(entry) => {
                    if let Err(error) = self.add_entry(&entry, folders) {
                        self.unreadable.push(Unreadable { path: entry.path(), error });
                    }
                }
                Err(error) => self.unreadable.push(Unreadable { path: folder.to_owned(), error }),
            }
        }
    }

    fn add_entry(&mut self, entry: &DirEntry, folders: &mut Vec<PathBuf>) -> io::Result<()> {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            folders.push(entry.path());
        } else if kind.is_file() {
            let metadata = entry.metadata()?;
            self.bytes = self.bytes.saturating_add(metadata.len());
            self.files.push(FoundFile { path: entry.path(), identity: identity(&metadata) });
        }
        Ok(())
    }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;

    (metadata.nlink() > 1).then(|| Identity { device: metadata.dev(), inode: metadata.ino() })
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Option<Identity> {
    None
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot read {}: {}", shown(&self.path), self.error)
    }
}

impl fmt::Display for RootError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let root = shown(&self.path);
        match self.error.kind() {
            io::ErrorKind::NotFound => write!(f, "there is no folder {root}"),
            io::ErrorKind::NotADirectory => {
                write!(f, "{root} is no folder; name the folder that it is in")
            }
            _ => write!(f, "cannot read the folder {root}: {}", self.error),
        }
    }
}
