//! Whether no other thread of the process can go on.

use crate::os_thread::{Observation, OsThread};

/// What the other threads are blocked in, if only threads of this process can end it for each of them.
///
/// If this is the same for two looks, one after the other, no other thread can ever go on unless this one lets it: in the
/// moment between the looks all of them were blocked. A thread that moved would have blocked once more.
pub(super) fn others_at_standstill() -> Option<Vec<(OsThread, Observation)>> {
    let this = OsThread::current()?;
    if !handles_no_signals(&this.read("status")?) {
        return None;
    }
    let others = OsThread::each()?.into_iter().filter(|thread| *thread != this);
    others.map(left_to_this_process).collect()
}

/// Looks at a thread, if only another thread of this process can end what it is blocked in.
fn left_to_this_process(thread: OsThread) -> Option<(OsThread, Observation)> {
    let seen = thread.observe()?;
    seen.blocked_in.is_left_to_this_process().then_some((thread, seen))
}

/// Whether the process handles no signals, from `/proc/self/task/TID/status`. A handler may let a thread go on.
///
/// Of those that are handled in any program, std's end it, and libc's begin and end a thread's own calls.
fn handles_no_signals(status: &str) -> bool {
    const BUS: u64 = 1 << (7 - 1);
    const SEGMENT: u64 = 1 << (11 - 1);
    const OF_LIBC: u64 = 0b111 << (32 - 1);

    let line = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = line.and_then(|line| u64::from_str_radix(line.trim(), 16).ok());
    caught.is_some_and(|caught| caught & !(BUS | SEGMENT | OF_LIBC) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handlers_are_those_of_the_program() {
        let of_std = "SigIgn:\t0000000000001000\nSigCgt:\t0000000100000440\nCapInh:\t0\n";
        assert!(handles_no_signals(of_std));
        assert!(!handles_no_signals(&of_std.replace("100000440", "100002440")));
        assert!(!handles_no_signals("SigIgn:\t0000000000001000\n"));
    }

    #[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
    #[cfg_attr(miri, ignore = "Miri has no /proc")]
    #[test]
    fn thread_is_left_to_this_process_in_a_wait_without_a_limit() {
        use crate::os_thread::Activity;
        use std::sync::mpsc::{Receiver, channel};
        use std::thread;
        use std::time::Duration;

        let waiter = |wait: fn(&Receiver<()>)| {
            let (send_thread, its_thread) = channel();
            let (release, released) = channel();
            let thread = thread::spawn(move || {
                send_thread.send(OsThread::current()).unwrap();
                wait(&released);
            });
            (its_thread.recv().unwrap().unwrap(), release, thread)
        };

        let (waiting, release, thread) = waiter(|released| {
            let _ = released.recv();
        });
        while left_to_this_process(waiting).is_none() {
            thread::yield_now();
        }
        drop(release);
        thread.join().unwrap();

        let (waiting, release, thread) = waiter(|released| {
            let _ = released.recv_timeout(Duration::from_secs(1000));
        });
        let has_timeout = |seen: Observation| {
            matches!(seen.blocked_in, Activity::Futex { has_timeout: true, .. })
        };
        while !waiting.observe().is_some_and(has_timeout) {
            thread::yield_now();
        }
        assert_eq!(left_to_this_process(waiting), None);
        drop(release);
        thread.join().unwrap();
    }
}
