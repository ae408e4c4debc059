//! The stack of sleeping threads.
//!
//! Last in, first out: the last thread to sleep is woken first, while its caches are warm. The threads at the
//! bottom sleep until their keep-alive ends, and terminate.

use std::sync::Arc;
use std::time::Duration;

use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::thread::{self, Thread};
use crate::sync::{Mutex, chaos, lock, now};

#[derive(Default)]
pub(super) struct Idle {
    sleepers: Mutex<Vec<Arc<Sleeper>>>,
    /// No thread sleeps any more.
    is_closed: AtomicBool,
}

/// A thread's entry in the stack of sleepers.
pub(super) struct Sleeper {
    thread: Thread,
    woken: AtomicBool,
}

/// How a sleep ended.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Awake {
    /// A caller took the thread off the stack.
    Woken,
    /// The keep-alive ended. The thread took itself off the stack and is not woken any more.
    Expired,
}

impl Sleeper {
    /// Returns the entry of the current thread.
    pub(super) fn current() -> Arc<Self> {
        Arc::new(Self { thread: thread::current(), woken: AtomicBool::new(false) })
    }
}

impl Idle {
    /// Puts `sleeper` on the stack. It can be woken from now on.
    pub(super) fn announce(&self, sleeper: &Arc<Sleeper>) {
        // ORDERING: the lock publishes it.
        sleeper.woken.store(false, Ordering::Relaxed);
        lock(&self.sleepers).push(sleeper.clone());
    }

    /// Sleeps until woken, or for `keep_alive`.
    pub(super) fn sleep(&self, sleeper: &Arc<Sleeper>, keep_alive: Duration) -> Awake {
        let end = now().checked_add(keep_alive);
        loop {
            // ORDERING: pairs with `wake`.
            if sleeper.woken.load(Ordering::Acquire) {
                return Awake::Woken;
            }
            // ORDERING: pairs with `close`.
            if self.is_closed.load(Ordering::Acquire) {
                return self.withdraw(sleeper);
            }
            match end.map(|end| end.saturating_duration_since(now())) {
                None => thread::park(),
                Some(Duration::ZERO) => {
                    chaos();
                    return self.withdraw(sleeper);
                }
                Some(rest) => thread::park_timeout(rest),
            }
        }
    }

    /// Returns whether the stack has a thread.
    pub(super) fn has_any(&self) -> bool {
        !lock(&self.sleepers).is_empty()
    }

    fn withdraw(&self, sleeper: &Arc<Sleeper>) -> Awake {
        let mut sleepers = lock(&self.sleepers);
        match sleepers.iter().position(|other| Arc::ptr_eq(other, sleeper)) {
            Some(position) => {
                sleepers.remove(position);
                Awake::Expired
            }
            // The caller that took it off the stack relies on it.
            None => Awake::Woken,
        }
    }

    /// Expires every thread that sleeps, and from now on every thread that would sleep.
    pub(super) fn close(&self) {
        // ORDERING: a thread that sleeps is on the stack, and woken below; another one sees the flag.
        self.is_closed.store(true, Ordering::Release);
        for sleeper in lock(&self.sleepers).iter() {
            sleeper.thread.unpark();
        }
    }

    /// Wakes the last thread to sleep; returns `false` if none sleeps.
    pub(super) fn wake(&self) -> bool {
        let sleeper = {
            let mut sleepers = lock(&self.sleepers);
            let Some(sleeper) = sleepers.pop() else {
                return false;
            };
            // Under the lock: a thread whose keep-alive ends and that finds itself off the stack continues at
            // once. If the flag were set later, the thread might be asleep again, and the flag would wake it.
            // ORDERING: what was done before the wake is seen after it.
            sleeper.woken.store(true, Ordering::Release);
            sleeper
        };
        chaos();
        sleeper.thread.unpark();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

    #[test]
    fn expired_sleeper_cannot_be_woken() {
        let idle = Idle::default();
        let sleeper = Sleeper::current();
        idle.announce(&sleeper);
        assert_eq!(idle.sleep(&sleeper, Duration::from_millis(1)), Awake::Expired);
        assert!(!idle.wake());
    }

    #[test]
    fn closing_expires_sleepers() {
        let idle = Idle::default();
        let sleeper = Sleeper::current();
        idle.announce(&sleeper);
        idle.close();
        assert_eq!(idle.sleep(&sleeper, Duration::MAX), Awake::Expired);
    }

    #[test]
    fn wake_before_the_sleep_is_not_lost() {
        let idle = Idle::default();
        let sleeper = Sleeper::current();
        idle.announce(&sleeper);
        assert!(idle.wake());
        assert_eq!(idle.sleep(&sleeper, Duration::MAX), Awake::Woken);
    }

    #[test]
    fn last_to_sleep_wakes_first() {
        let idle = Idle::default();
        let (first, last) = (Sleeper::current(), Sleeper::current());
        idle.announce(&first);
        idle.announce(&last);
        assert!(idle.wake());
        assert!(last.woken.load(Ordering::Relaxed));
        assert!(!first.woken.load(Ordering::Relaxed));
    }

    #[test]
    fn sleeping_thread_is_woken() {
        let idle = Idle::default();
        let (announced, wait) = mpsc::channel();
        thread::scope(|scope| {
            let sleeping = scope.spawn(|| {
                let sleeper = Sleeper::current();
                idle.announce(&sleeper);
                announced.send(()).unwrap();
                idle.sleep(&sleeper, Duration::MAX)
            });
            wait.recv().unwrap();
            assert!(idle.wake());
            assert_eq!(sleeping.join().unwrap(), Awake::Woken);
        });
    }
}

#[cfg(all(test, any(pybackground_loom, pybackground_shuttle)))]
#[path = "../models/idle.rs"]
mod model;
