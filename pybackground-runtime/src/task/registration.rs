//! Registering a waker that the end of a call wakes, and unregistering it.

use std::sync::{Arc, Weak};
use std::task::Waker;

use super::job::Job;
use crate::keyed::EntryKey;
use crate::panic::drop_catching;

/// A waker that a call wakes when it ends, unless this is dropped before.
pub(crate) struct Registration {
    job: Weak<dyn Job>,
    key: EntryKey,
}

impl dyn Job {
    /// Wakes `waker` when the call ends, unless the registration is dropped before; `None` if it has ended.
    pub(crate) fn register(self: &Arc<Self>, waker: Waker) -> Option<Registration> {
        let key = self.unless_done(|trailer| trailer.waiters().add(waker))?;
        Some(Registration { job: Arc::downgrade(self), key })
    }

    fn unregister(&self, key: EntryKey) {
        // A call that has ended is asked without its lock.
        if !self.is_done() {
            drop_catching(self.unless_done(|trailer| trailer.waiters().remove(key)));
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(job) = self.job.upgrade() {
            job.unregister(self.key);
            // It may have lost its other owners meanwhile, and its value has a destructor of the user's.
            drop_catching(job);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lazy::Lazy;
    use crate::shared::Shared;
    use crate::{as_completed, spawn};
    use std::sync::Mutex;
    use std::sync::mpsc::{Sender, channel};
    use std::thread;
    use std::time::Duration;

    /// A call that runs until the sender is dropped. No body that waits for it can run it in place.
    fn endless() -> (Shared<()>, Arc<dyn Job>, Sender<()>) {
        let ((start, started), (release, wait)) = (channel(), channel());
        let wait = Mutex::new(wait);
        let call = spawn(move || {
            start.send(()).unwrap();
            wait.lock().unwrap().recv().unwrap_or_default();
        });
        started.recv().unwrap();
        let job = Lazy::job(&call).unwrap();
        (Lazy::share(call), job, release)
    }

    #[test]
    fn dropped_signals_unregister() {
        let (call, job, _release) = endless();
        let signals: Vec<_> = (0..100).map(|_| Shared::signal(&call)).collect();
        assert_eq!(job.registered(), 100);
        drop(signals);
        assert_eq!(job.registered(), 0);
    }

    #[test]
    fn waits_that_time_out_unregister() {
        let (call, job, _release) = endless();
        for _ in 0..50 {
            assert!(Shared::wait_timeout(&call, Duration::ZERO).is_none());
            let call = call.clone();
            let wait = move || assert!(Shared::wait_timeout(&call, Duration::ZERO).is_none());
            thread::spawn(wait).join().unwrap();
            assert_eq!(job.registered(), 0);
        }
    }

    #[test]
    fn waits_of_cancelled_bodies_unregister() {
        let (call, job, _release) = endless();
        let bodies: Vec<_> =
            (0..10).map(|_| call.clone()).map(|call| spawn(move || *call)).collect();
        while job.registered() < bodies.len() {
            thread::yield_now();
        }
        for (at, body) in bodies.iter().enumerate() {
            Lazy::cancel(body);
            while job.registered() > bodies.len() - 1 - at {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn as_completed_that_is_dropped_half_way_unregisters() {
        let (send, receive) = channel::<()>();
        let receive = Arc::new(Mutex::new(receive));
        let calls: Vec<_> = (0..10)
            .map(|number| {
                let receive = receive.clone();
                spawn(move || {
                    if number > 4 {
                        receive.lock().unwrap().recv().unwrap_or_default();
                    }
                })
            })
            .collect();
        let jobs: Vec<_> = calls.iter().map(|call| Lazy::job(call).unwrap()).collect();
        let mut completed = as_completed(calls);
        for _ in 0..5 {
            completed.next().unwrap().1.unwrap();
        }
        assert_eq!(jobs.iter().map(|job| job.registered()).sum::<usize>(), 5);
        drop(completed);
        assert_eq!(jobs.iter().map(|job| job.registered()).sum::<usize>(), 0);
        drop(send);
    }
}
