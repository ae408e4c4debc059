//! Whether a thread computes or blocks, as the system tells.
//!
//! Linux: the state letter in `/proc/self/task/<id>/stat`. CPU times would need two readings, and the
//! system brings them up to date only every few milliseconds. Elsewhere nothing is told without
//! unsafe code, and a thread that does not get on is taken to block.

use std::fs::{File, read_link};
use std::io::Read;

use crate::sync::atomic::{AtomicU32, Ordering};

/// The number, a name of 15 characters, each perhaps escaped, and the letter fit.
const BEGINNING: usize = 64;

/// Not the number of any thread.
const UNKNOWN: u32 = 0;

/// The system's number of a thread, once it has asked for it.
#[derive(Debug)]
pub(super) struct ThreadId(AtomicU32);

impl ThreadId {
    pub(super) fn unknown() -> Self {
        Self(AtomicU32::new(UNKNOWN))
    }

    /// Asks for the current thread's.
    pub(super) fn learn(&self) {
        let link = read_link("/proc/thread-self").ok();
        let id = link.and_then(|path| path.file_name()?.to_str()?.parse().ok());
        // ORDERING: the number is all there is to it.
        self.0.store(id.unwrap_or(UNKNOWN), Ordering::Relaxed);
    }

    pub(super) fn is_known(&self) -> bool {
        self.get() != UNKNOWN
    }

    /// Whether the thread waits for something other than a processor, or has gone.
    pub(super) fn is_blocked(&self) -> bool {
        let mut stat = [0; BEGINNING];
        let path = format!("/proc/self/task/{}/stat", self.get());
        let read = File::open(path).and_then(|mut file| file.read(&mut stat));
        read.map_or(true, |length| state(&stat[..length]) != Some(b'R'))
    }

    fn get(&self) -> u32 {
        // ORDERING: as `learn`.
        self.0.load(Ordering::Relaxed)
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
    fn a_thread_that_asks_about_itself_computes() {
        let id = ThreadId::unknown();
        id.learn();
        assert!(id.is_known());
        assert!(!id.is_blocked());
    }

    #[cfg(target_os = "linux")]
    #[test]
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
            while !id.is_blocked() {
                thread::yield_now();
            }
            release.send(()).unwrap();
        });
    }
}
