//! Whether this thread holds the lock of standard output or of standard error.
//!
//! `println!("{x}")` locks standard output, and formats `x` under the lock. The format waits for the call
//! behind `x`. If the body of that call prints, it waits for the lock: a deadlock that no wait graph
//! sees, because std does not tell who holds its locks. So does a thread that keeps a locked handle and
//! joins. The system tells enough:
//!
//! 1. A *probe*, a thread that locks the stream, blocks in a futex. Its address is that of the lock.
//! 2. The awaited thread blocks in a futex at the same address, without a time limit. So it waits for the
//!    lock too.
//! 3. The lock is re-entrant. If this thread takes and releases the lock while both of them stay in the same
//!    futex call, this thread holds it: a lock that was free, or was released meanwhile, would have
//!    woken one of them. This is done twice, for a release between the two looks.
//!
//! Step 3 may block when another thread holds the lock. No time is lost then: the awaited thread waits
//! for the same lock. The caller takes this step only if nothing else can end its wait.
//!
//! A thread that is in `write` may hold the lock for as long as a pipe is full, so nothing is concluded
//! while there is one.

use std::io;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use crate::os_thread::{Activity, Observation, OsThread};
use crate::sync::{Latch, latch, lock_leaf, start_os_thread};

/// A standard stream whose lock is re-entrant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Error,
}

impl Stream {
    const ALL: [Self; 2] = [Self::Output, Self::Error];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Output => "standard output",
            Self::Error => "standard error",
        }
    }

    /// Locks and unlocks the stream.
    fn pass(self) {
        match self {
            Self::Output => drop(io::stdout().lock()),
            Self::Error => drop(io::stderr().lock()),
        }
    }
}

/// How long a thread that found the lock free takes at most to end, or to wake up.
const MOMENT: Duration = Duration::from_millis(50);

/// So many of these a probe is given to come to the lock: on a busy machine it may not run at once.
const MOMENTS: usize = 100;

/// The stream whose lock this thread holds, and all of the threads wait for that `choose` returns; `None` if that is not
/// certain. `choose` gets a function that tells whether a thread waits for the lock.
///
/// # Blocking
///
/// For some tenths of a second, on a busy machine for some seconds, and for as long as another thread holds the lock that
/// the chosen threads wait for.
pub(crate) fn held_here_and_awaited_by(
    choose: impl Fn(&dyn Fn(OsThread) -> bool) -> Option<Vec<OsThread>>,
) -> Option<Stream> {
    Stream::ALL.into_iter().find(|stream| {
        let Some(probe) = LockProbe::get(*stream) else { return false };
        let Some(address) = probe.address() else { return false };
        let is_waiter =
            |thread: OsThread| thread.observe().as_ref().and_then(endless_futex) == Some(address);
        let is_held = choose(&is_waiter).is_some_and(|mut waiters| {
            waiters.push(probe.thread);
            is_held_here(*stream, &waiters, address)
        });
        probe.leave(*stream);
        is_held
    })
}

/// Whether this thread holds the lock of `stream`, at `address`, while `waiters` block at it.
fn is_held_here(stream: Stream, waiters: &[OsThread], address: u64) -> bool {
    let Some(before) = look(waiters, address) else { return false };
    for _ in 0..2 {
        stream.pass();
        // A waiter that was woken leaves its call within this time, or it would look unmoved.
        thread::sleep(MOMENT);
        if look(waiters, address).as_ref() != Some(&before) {
            return false;
        }
    }
    true
}

/// Looks at the waiters, if all of them block at `address` and no thread writes.
fn look(waiters: &[OsThread], address: u64) -> Option<Vec<Observation>> {
    let is_writing =
        |thread: OsThread| thread.observe().is_some_and(|seen| seen.blocked_in.is_write());
    if OsThread::all().into_iter().any(is_writing) {
        return None;
    }
    let seen: Option<Vec<Observation>> = waiters.iter().map(|thread| thread.observe()).collect();
    seen.filter(|seen| seen.iter().all(|seen| endless_futex(seen) == Some(address)))
}

/// The address of the futex that a thread waits for without a time limit.
fn endless_futex(seen: &Observation) -> Option<u64> {
    match seen.blocked_in {
        Activity::Futex { address, has_timeout: false, .. } => Some(address),
        _ => None,
    }
}

/// A thread that takes and releases the lock of a stream. It ends with that, perhaps long after it was
/// asked: the thread that holds the lock may never release it.
struct LockProbe {
    thread: OsThread,
    passed: Latch,
}

/// The probe of each stream that an earlier look has left blocked. A thread that keeps the lock may look for as long as
/// the program runs, and each look would leave one more.
static LEFT: [Mutex<Option<LockProbe>>; 2] = [const { Mutex::new(None) }; 2];

impl LockProbe {
    /// The probe that was left and is still blocked, or a new one.
    fn get(stream: Stream) -> Option<Self> {
        let left = lock_leaf(&LEFT[stream as usize]).take();
        let is_blocked = |probe: &Self| !probe.passed.wait(Some(Instant::now()));
        left.filter(is_blocked).or_else(|| Self::start(stream))
    }

    fn leave(self, stream: Stream) {
        *lock_leaf(&LEFT[stream as usize]) = Some(self);
    }

    fn start(stream: Stream) -> Option<Self> {
        let thread = Arc::new(OnceLock::new());
        let (start, started) = latch();
        let (end, passed) = latch();
        let its_thread = thread.clone();
        let run = move || {
            let _ = its_thread.set(OsThread::current());
            drop(start);
            stream.pass();
            drop(end);
        };
        start_os_thread("background-print".to_owned(), 128 * 1024, Box::new(run)).ok()?;
        started.wait(None);
        Some(Self { thread: (*thread.get()?)?, passed })
    }

    /// The address of the lock, if the probe is blocked in it.
    fn address(&self) -> Option<u64> {
        for _ in 0..MOMENTS {
            if self.passed.wait(Some(Instant::now() + MOMENT)) {
                return None;
            }
            let address = endless_futex(&self.thread.observe()?);
            if address.is_some() {
                return address;
            }
        }
        None
    }
}

#[cfg(all(test, target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    /// Starts a thread that waits for the lock of a stream, and returns it when it does.
    fn waiter(stream: Stream) -> (OsThread, thread::JoinHandle<()>) {
        let (send_thread, its_thread) = channel();
        let thread = thread::spawn(move || {
            send_thread.send(OsThread::current()).unwrap();
            stream.pass();
        });
        let waiter = its_thread.recv().unwrap().unwrap();
        (waiter, thread)
    }

    fn is_in_futex(thread: OsThread) -> bool {
        thread.observe().as_ref().and_then(endless_futex).is_some()
    }

    /// One test, because the streams are those of the process.
    #[test]
    #[cfg_attr(miri, ignore = "Miri has no /proc")]
    fn a_lock_is_found_here_exactly_if_this_thread_holds_it() {
        let held = io::stderr().lock();
        let (waiting, thread) = waiter(Stream::Error);
        while !is_in_futex(waiting) {
            thread::yield_now();
        }
        // Nothing is concluded while another test writes.
        let found =
            || held_here_and_awaited_by(|is_waiter| is_waiter(waiting).then(|| vec![waiting]));
        assert_eq!((0..100).find_map(|_| found()), Some(Stream::Error));
        drop(held);
        thread.join().unwrap();

        // Another thread holds it, until this one waits for it.
        let (locked, is_locked) = channel();
        let looker = OsThread::current().unwrap();
        let holder = thread::spawn(move || {
            let held = io::stderr().lock();
            locked.send(()).unwrap();
            while !is_in_futex(looker) {
                thread::yield_now();
            }
            drop(held);
        });
        is_locked.recv().unwrap();
        let (waiting, thread) = waiter(Stream::Error);
        assert_eq!(
            held_here_and_awaited_by(|is_waiter| is_waiter(waiting).then(|| vec![waiting])),
            None
        );
        thread.join().unwrap();
        holder.join().unwrap();

        // The thread waits for something else.
        let (never, nothing) = channel::<()>();
        let (send_thread, its_thread) = channel();
        let thread = thread::spawn(move || {
            send_thread.send(OsThread::current()).unwrap();
            let _ = nothing.recv();
        });
        let waiting = its_thread.recv().unwrap().unwrap();
        let held = io::stderr().lock();
        while !is_in_futex(waiting) {
            thread::yield_now();
        }
        assert_eq!(
            held_here_and_awaited_by(|is_waiter| is_waiter(waiting).then(|| vec![waiting])),
            None
        );
        drop((never, held));
        thread.join().unwrap();
    }
}
