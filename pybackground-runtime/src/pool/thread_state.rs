//! Whether a thread computes or blocks, as the system reports it.
//!
//! On Linux this is the state letter in `/proc/self/task/<id>/stat`. CPU times would take two readings, and
//! the system updates them only every few milliseconds. A process that is out of descriptors, in a
//! `chroot` or under a filter of system calls cannot read the file: then the state is unknown, which is not
//! the same as blocked. Elsewhere no state is available without unsafe code.

use std::fs::{File, read_link};
#[cfg(not(unix))]
use std::io::Read;

use crate::sync::atomic::{AtomicU32, Ordering};

/// Whether the system reports states at all.
pub(super) const IS_REPORTED: bool = cfg!(target_os = "linux");

/// Enough for the id, a name of 15 characters, each perhaps escaped, and the letter.
const BEGINNING: usize = 64;

/// Not the id of any thread.
const UNKNOWN: u32 = 0;

/// The system's id of a thread, once the thread has asked for it.
#[derive(Debug)]
pub(super) struct ThreadId(AtomicU32);

/// What a thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThreadState {
    Computes,
    /// It waits for something other than a processor, or has ended.
    Blocked,
    Unknown,
}

/// The status files of threads that compute. They stay open, because a process that runs out of
/// descriptors could not open them.
#[derive(Default)]
pub(super) struct StatusFiles(Vec<StatusFile>);

/// An open status file. A program that becomes a daemon closes all descriptors, and its own files get their
/// numbers. So the file is compared with that which was opened, and another one is not read, nor closed.
struct StatusFile {
    thread: u32,
    /// `None` once it is to stay open.
    file: Option<File>,
    id: StatusFileId,
}

impl ThreadId {
    pub(super) fn unknown() -> Self {
        Self(AtomicU32::new(UNKNOWN))
    }

    /// Asks for the id of the current thread.
    pub(super) fn learn(&self) {
        if cfg!(miri) {
            return; // all threads are one of the system's
        }
        let link = read_link("/proc/thread-self").ok();
        let id = link.and_then(|path| path.file_name()?.to_str()?.parse().ok());
        // ORDERING: nothing is published with the id.
        self.0.store(id.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    pub(super) fn is_known(&self) -> bool {
        self.get() != UNKNOWN
    }

    fn get(&self) -> u32 {
        // ORDERING: as `learn`.
        self.0.load(Ordering::Relaxed)
    }
}

impl StatusFiles {
    /// The state of a thread. Its file stays open if the thread computes and fewer than `most` are open.
    pub(super) fn state_of(&mut self, thread: &ThreadId, most: usize) -> ThreadState {
        let id = thread.get();
        let kept = self.0.iter().position(|file| file.thread == id);
        let kept = kept.map(|at| (at, self.0[at].state()));
        if let Some((_, ThreadState::Computes)) = kept {
            return ThreadState::Computes;
        }
        let removed = kept.map(|(at, _)| self.0.swap_remove(at));
        if let Some((_, ThreadState::Blocked)) = kept {
            return ThreadState::Blocked;
        }
        // If the program has closed the descriptor, the file is opened again.
        drop(removed);
        let Ok(file) = File::open(format!("/proc/self/task/{id}/stat")) else {
            return ThreadState::Unknown;
        };
        let state = state_in(&file);
        if state == ThreadState::Computes && self.0.len() < most {
            self.0.extend(StatusFile::keep(id, file));
        }
        state
    }

    /// Closes the file of a thread that ends.
    pub(super) fn close(&mut self, thread: &ThreadId) {
        self.0.retain(|file| file.thread != thread.get());
    }
}

impl StatusFile {
    fn keep(thread: u32, file: File) -> Option<Self> {
        let id = id_of(&file)?;
        Some(Self { thread, file: Some(file), id })
    }

    /// The file, unless its descriptor was closed.
    fn intact(&self) -> Option<&File> {
        self.file.as_ref().filter(|file| id_of(file) == Some(self.id))
    }

    fn state(&self) -> ThreadState {
        self.intact().map_or(ThreadState::Unknown, state_in)
    }
}

impl Drop for StatusFile {
    fn drop(&mut self) {
        if self.intact().is_none() {
            std::mem::forget(self.file.take());
        }
    }
}

/// Identifies a file by its device and its number there.
#[cfg(unix)]
type StatusFileId = (u64, u64);

#[cfg(unix)]
fn id_of(file: &File) -> Option<StatusFileId> {
    use std::os::unix::fs::MetadataExt;
    let metadata = file.metadata().ok()?;
    Some((metadata.dev(), metadata.ino()))
}

/// There is no such file.
#[cfg(not(unix))]
#[derive(Clone, Copy, PartialEq)]
struct StatusFileId;

#[cfg(not(unix))]
fn id_of(_: &File) -> Option<StatusFileId> {
    None
}

#[cfg(unix)]
fn read_from_start(file: &File, buffer: &mut [u8]) -> std::io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, 0)
}

/// There is no such file.
#[cfg(not(unix))]
fn read_from_start(mut file: &File, buffer: &mut [u8]) -> std::io::Result<usize> {
    file.read(buffer)
}

/// Reads the state of a thread from its status file.
fn state_in(file: &File) -> ThreadState {
    let mut stat = [0; BEGINNING];
    let read = read_from_start(file, &mut stat).ok();
    match read.and_then(|length| state(&stat[..length])) {
        Some(b'R') => ThreadState::Computes,
        Some(_) => ThreadState::Blocked,
        None => ThreadState::Unknown,
    }
}

/// The state letter: what follows the name, which stands in parentheses and may contain any.
fn state(stat: &[u8]) -> Option<u8> {
    let end_of_name = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(end_of_name + 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_the_last_parenthesis() {
        assert_eq!(state(b"12 (a) R) S 1 2"), Some(b'S'));
        assert_eq!(state(b"12 (worker) R 1 2"), Some(b'R'));
        assert_eq!(state(b"12 (worker)"), None);
        assert_eq!(state(b""), None);
    }

    #[test]
    fn nothing_is_known_before_it_is_asked_for() {
        assert!(!ThreadId::unknown().is_known());
    }

    #[cfg(target_os = "linux")]
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no /proc")]
    fn a_thread_that_asks_about_itself_computes() {
        let id = ThreadId::unknown();
        id.learn();
        assert!(id.is_known());
        let mut files = StatusFiles::default();
        assert_eq!(files.state_of(&id, 1), ThreadState::Computes);
        assert_eq!(files.0.len(), 1);
        assert_eq!(files.state_of(&id, 1), ThreadState::Computes, "by the file that is open");
        files.close(&id);
        assert_eq!(files.0.len(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no /proc")]
    fn a_file_that_took_the_descriptor_is_neither_read_nor_closed() {
        use std::os::fd::AsRawFd;

        let id = ThreadId::unknown();
        id.learn();
        let mut files = StatusFiles::default();
        assert_eq!(files.state_of(&id, 1), ThreadState::Computes);
        let path = std::env::temp_dir().join(format!("foreign-{}", std::process::id()));
        std::fs::write(&path, "1 (foreign) S").unwrap();
        let foreign = File::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        let number = foreign.as_raw_fd();
        files.0[0].file = Some(foreign);
        assert_eq!(
            files.state_of(&id, 1),
            ThreadState::Computes,
            "by the file that is opened again"
        );
        assert_eq!(files.0.len(), 1);
        let still_open = read_link(format!("/proc/self/fd/{number}")).unwrap();
        assert!(still_open.to_str().unwrap().contains("foreign-"), "{}", still_open.display());
    }

    #[cfg(target_os = "linux")]
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no /proc")]
    fn a_thread_without_a_status_file_has_an_unknown_state() {
        let nobody = ThreadId(AtomicU32::new(u32::MAX));
        assert_eq!(StatusFiles::default().state_of(&nobody, 1), ThreadState::Unknown);
    }

    #[cfg(target_os = "linux")]
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no /proc")]
    fn a_thread_that_waits_is_blocked() {
        use std::sync::mpsc;
        use std::thread;

        let id = &ThreadId::unknown();
        let (learned, wait_for_id) = mpsc::channel();
        let (release, wait) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                id.learn();
                learned.send(()).unwrap();
                wait.recv().unwrap();
            });
            wait_for_id.recv().unwrap();
            while StatusFiles::default().state_of(id, 1) != ThreadState::Blocked {
                thread::yield_now();
            }
            release.send(()).unwrap();
        });
    }
}
