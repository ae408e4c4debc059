//! What the system says of this process. Linux tells it under `/proc`; elsewhere there is no answer,
//! and the rows that need one fail.

use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// How often [`peak_threads_while`] looks.
const LOOK: Duration = Duration::from_millis(10);

/// The bytes of memory that the process occupies.
///
/// # Panics
///
/// If the system does not tell.
#[must_use]
pub fn resident_bytes() -> usize {
    1024 * field(&status("/proc/self/status"), "VmRSS:")
}

/// How many threads there are, the calling one included.
///
/// # Panics
///
/// If the system does not tell.
#[must_use]
pub fn threads() -> usize {
    field(&status("/proc/self/status"), "Threads:")
}

/// Runs `f` and returns the most threads that there were besides the calling one.
///
/// # Panics
///
/// If the system does not tell.
pub fn peak_threads_while(f: impl FnOnce()) -> usize {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let looking = scope.spawn(|| {
            let mut peak = 0;
            // ORDERING: nothing is read on the strength of the flag.
            while !over.load(Ordering::Relaxed) {
                peak = peak.max(threads());
                thread::sleep(LOOK);
            }
            peak
        });
        f();
        over.store(true, Ordering::Relaxed);
        let all = looking.join().expect("looking does not panic");
        // The calling thread and the looking one.
        all.saturating_sub(2)
    })
}

/// How often each other thread was taken off a processor or left it, by thread.
#[derive(Clone, Debug)]
pub struct Switches {
    by_thread: BTreeMap<String, usize>,
}

impl Switches {
    /// A reading of all threads but the calling one.
    ///
    /// # Panics
    ///
    /// If the system does not tell.
    #[must_use]
    pub fn now() -> Self {
        let this = fs::read_link("/proc/thread-self").expect("/proc names the current thread");
        let tasks = fs::read_dir("/proc/self/task").expect("/proc lists the threads");
        let by_thread = tasks
            .filter_map(|task| {
                let path = task.ok()?.path();
                if path.file_name() == this.file_name() {
                    return None;
                }
                // A thread may end between the listing and this.
                let status = fs::read_to_string(path.join("status")).ok()?;
                let switches = field(&status, "voluntary_ctxt_switches:")
                    + field(&status, "nonvoluntary_ctxt_switches:");
                Some((path.file_name()?.to_str()?.to_owned(), switches))
            })
            .collect();
        Self { by_thread }
    }

    /// How many there were since `earlier`. The end of a thread counts as one, its start as well.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> usize {
        let more: usize = self
            .by_thread
            .iter()
            .map(|(thread, switches)| match earlier.by_thread.get(thread) {
                Some(before) => switches - before,
                None => switches + 1,
            })
            .sum();
        let ended = earlier.by_thread.keys().filter(|thread| !self.by_thread.contains_key(*thread));
        more + ended.count()
    }

    /// How many threads were read.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.by_thread.len()
    }
}

fn status(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

fn field(status: &str, name: &str) -> usize {
    status
        .lines()
        .find_map(|line| {
            let rest = line.strip_prefix(name)?;
            rest.split_whitespace().next()?.parse().ok()
        })
        .unwrap_or_else(|| panic!("the status of the process has no {name}"))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::sync::{RwLock, mpsc};

    /// As many threads as asked for, which wait while `f` runs.
    fn with_waiting_threads(threads: usize, f: impl FnOnce()) {
        let gate = RwLock::new(());
        let shut = gate.write().unwrap();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| drop(gate.read()));
            }
            f();
            drop(shut);
        });
    }

    #[test]
    fn waiting_threads_are_counted() {
        with_waiting_threads(5, || {
            assert!(threads() >= 6);
            assert!(Switches::now().threads() >= 5);
        });
    }

    #[test]
    fn a_thread_that_is_woken_again_and_again_has_switched() {
        let (ask, asked) = mpsc::channel::<()>();
        let (answer, answered) = mpsc::channel();
        thread::scope(|scope| {
            scope.spawn(move || asked.iter().for_each(|()| answer.send(()).unwrap()));
            let before = Switches::now();
            // Never ends if switches are not seen.
            while Switches::now().since(&before) < 10 {
                ask.send(()).unwrap();
                answered.recv().unwrap();
            }
            drop(ask);
        });
    }

    #[test]
    fn threads_that_come_and_go_count() {
        let reading = |threads: &[(&str, usize)]| Switches {
            by_thread: threads.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect(),
        };
        let before = reading(&[("1", 10), ("2", 4)]);
        assert_eq!(reading(&[("1", 10), ("2", 4)]).since(&before), 0);
        assert_eq!(reading(&[("1", 13), ("2", 4)]).since(&before), 3);
        assert_eq!(reading(&[("1", 10)]).since(&before), 1);
        assert_eq!(reading(&[("1", 10), ("2", 4), ("3", 2)]).since(&before), 3);
    }
}
