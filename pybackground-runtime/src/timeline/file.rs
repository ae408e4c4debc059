//! A file that no other process writes.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Opens a file, empties it, and keeps other processes from doing so until it is closed. If another process
/// has it open, opens one with the number of this process in its name.
///
/// # Errors
///
/// If there can be no such file.
pub(super) fn create(path: &Path) -> io::Result<(File, PathBuf)> {
    if let Some(file) = create_alone(path)? {
        return Ok((file, path.to_owned()));
    }
    let other = with_process(path, std::process::id());
    match create_alone(&other)? {
        Some(file) => Ok((file, other)),
        None => Err(io::Error::new(io::ErrorKind::ResourceBusy, "another process writes it")),
    }
}

/// `run.html` with the number of a process is `run.4711.html`.
fn with_process(path: &Path, process: u32) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(format!(".{process}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Opens and empties a file; `None` if another process has it open.
#[cfg(unix)]
fn create_alone(path: &Path) -> io::Result<Option<File>> {
    use std::os::unix::fs::FileTypeExt;

    use rustix::fs::{FlockOperation, flock};
    use rustix::io::Errno;

    // The first call would wait until something reads it.
    if path.metadata().is_ok_and(|known| known.file_type().is_fifo()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a pipe, not a file"));
    }
    let file = File::options().append(true).create(true).open(path)?;
    // Another error is that of a file system without locks, or of what is no file, such as a device.
    if flock(&file, FlockOperation::NonBlockingLockExclusive) == Err(Errno::WOULDBLOCK) {
        return Ok(None);
    }
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    Ok(Some(file))
}

/// Opens and empties a file; `None` if another process has it open.
#[cfg(windows)]
fn create_alone(path: &Path) -> io::Result<Option<File>> {
    use std::os::windows::fs::OpenOptionsExt;

    const SHARE_READ: u32 = 1;
    const SHARING_VIOLATION: i32 = 32;

    let mut options = File::options();
    match options.write(true).create(true).truncate(true).share_mode(SHARE_READ).open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_the_process_precedes_the_extension() {
        assert_eq!(with_process(Path::new("a/run.html"), 47), Path::new("a/run.47.html"));
        assert_eq!(with_process(Path::new("a.b/c.d.json"), 7), Path::new("a.b/c.d.7.json"));
    }
}
