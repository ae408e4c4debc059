//! Whether a thread computes or blocks, as the system tells.
//!
//! Linux: the state letter in `/proc/self/task/<id>/stat`. CPU times would need two readings, and the
//! system brings them up to date only every few milliseconds. Elsewhere nothing is told without
//! unsafe code, and a thread that does not get on is taken to block.

/// The system's name of a thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct ThreadId(Option<u32>);

impl ThreadId {
    /// The current thread's.
    pub(super) fn current() -> Self {
        let link = std::fs::read_link("/proc/thread-self").ok();
        Self(link.and_then(|path| path.file_name()?.to_str()?.parse().ok()))
    }

    /// Whether the thread waits for something other than a processor.
    pub(super) fn is_blocked(self) -> bool {
        let Some(id) = self.0 else { return true };
        match std::fs::read_to_string(format!("/proc/self/task/{id}/stat")) {
            Ok(stat) => state(&stat).is_none_or(|letter| letter != 'R'),
            Err(_) => true,
        }
    }
}

/// The state letter: what follows the name, which stands in parentheses and may contain any.
fn state(stat: &str) -> Option<char> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.trim_start().chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_the_last_parenthesis() {
        assert_eq!(state("12 (a) R) S 1 2"), Some('S'));
        assert_eq!(state("12 (worker) R 1 2"), Some('R'));
        assert_eq!(state(""), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_asks_about_itself_computes() {
        assert!(!ThreadId::current().is_blocked());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_thread_that_waits_is_blocked() {
        use std::sync::mpsc;
        use std::thread;

        let (send_id, id) = mpsc::channel();
        let (release, wait) = mpsc::channel::<()>();
        thread::scope(|scope| {
            scope.spawn(move || {
                send_id.send(ThreadId::current()).unwrap();
                wait.recv().unwrap();
            });
            let id = id.recv().unwrap();
            while !id.is_blocked() {
                thread::yield_now();
            }
            release.send(()).unwrap();
        });
    }
}
