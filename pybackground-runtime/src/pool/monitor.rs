//! The monitor: the one thread that expires deadlines and adds slots while calls are queued.
//!
//! It starts when it is first needed, sleeps until the next deadline or look, and terminates if it has had neither
//! for the keep-alive. While it watches, it looks at the queues and threads repeatedly. How many slots there should
//! be then, and when to look next, is decided in `growth`. The monitor runs no user code: see `reaper`.
//!
//! A caller of `wake_one` that finds every slot taken makes the monitor watch. The monitor stops watching when the
//! queues are empty.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::exits::Leaving;
use super::growth::{BEFORE_FIRST_LOOK, Growth, Reading};
use super::watch::{Closing, MonitorState};
use super::{MONITOR_STACK_SIZE, Pool};
use crate::deadline::Deadline;
use crate::runnable::Runnable;
use crate::stacks;
use crate::sync::atomic::{Ordering, fence};
use crate::sync::{MutexGuard, chaos, lock, now};

/// Every time after this many looks, the monitor forgets that the system refused a thread, so that it is asked again.
const LOOKS_BEFORE_RETRY: usize = 100;

impl Pool {
    /// Makes the monitor watch the queues until they are empty.
    #[inline]
    pub(super) fn watch(self: &Arc<Self>) {
        // ORDERING: the caller made its call visible and fenced before this load. The monitor clears the
        // flag, fences, and looks at the queues again before it stops watching.
        if !self.monitor.watching.load(Ordering::Relaxed) {
            self.start_watching();
        }
    }

    #[cold]
    fn start_watching(self: &Arc<Self>) {
        let mut state = lock(&self.monitor.state);
        state.watching = true;
        self.monitor.watching.store(true, Ordering::Relaxed);
        self.notify_monitor(state);
    }

    /// Expires `job` at its deadline unless it ends before.
    pub(crate) fn add_deadline(self: &Arc<Self>, deadline: Arc<Deadline>, job: Weak<dyn Runnable>) {
        let mut state = lock(&self.monitor.state);
        if state.deadlines.add(deadline, job) {
            self.notify_monitor(state);
        }
    }

    fn notify_monitor(self: &Arc<Self>, mut state: MutexGuard<'_, MonitorState>) {
        if state.alive {
            drop(state);
            self.monitor.changed.notify_one();
            return;
        }
        // If the system refuses the thread, the flag is cleared, so that the next caller tries again. Until then,
        // threads that are blocked in joins expire the deadlines of their calls.
        state.alive = self.start_monitor(&mut state);
        if !state.alive {
            state.watching = false;
            self.monitor.watching.store(false, Ordering::Relaxed);
        }
    }

    /// Returns whether the system gave a thread.
    fn start_monitor(self: &Arc<Self>, state: &mut MonitorState) -> bool {
        let pool = self.clone();
        let name = "background-monitor".to_owned();
        let started = self.exits.spawn(name, MONITOR_STACK_SIZE, move |key| {
            pool.run_monitor();
            pool.exits.ends(key);
        });
        if let Ok(key) = started {
            state.thread = Some(key);
        }
        started.is_ok()
    }

    /// Has the monitor leave as soon as there is nothing to watch. Returns the threads that leave with it. If there are
    /// timers now, the monitor stays for them.
    pub(super) fn close_monitor(&self) -> Leaving {
        let mut state = lock(&self.monitor.state);
        state.deadlines.sweep();
        let stays = state.thread.filter(|_| state.deadlines.next().is_some());
        // An earlier end of the pool may wait for the monitor that is there.
        let was_awaited = state.closing == Closing::IsAwaited;
        let is_awaited = state.alive && (stays.is_none() || was_awaited);
        state.closing = if is_awaited { Closing::IsAwaited } else { Closing::Ends };
        // Under the lock, so that the monitor that is started for a later timer is not among them.
        let leaving = self.exits.take(stays);
        drop(state);
        self.monitor.changed.notify_one();
        leaving
    }

    fn run_monitor(self: &Arc<Self>) {
        let mut growth = Growth::new();
        let mut looks = 0;
        // A caller may just have started this thread, and the start took time.
        let mut next_look = Some(now());
        let mut patience = self.config.keep_alive();
        let mut state = lock(&self.monitor.state);
        loop {
            let time = now();
            if let Some(job) = state.deadlines.pop_due(time) {
                drop(state);
                job.expire(time);
                self.reap(job);
                state = lock(&self.monitor.state);
                continue;
            }
            let look =
                state.watching.then(|| *next_look.get_or_insert_with(|| time + BEFORE_FIRST_LOOK));
            if look.is_some_and(|look| look <= time) {
                drop(state);
                looks += 1;
                let pause = self.look_at_queue(&mut growth, looks, time);
                self.reap_if_starved();
                next_look = pause.map(|pause| now() + pause);
                state = lock(&self.monitor.state);
                if pause.is_none() {
                    self.stop_watching(&mut state);
                }
                continue;
            }
            if state.closing != Closing::No && !state.watching {
                if state.is_over() {
                    state.ends();
                    return;
                }
                if state.closing == Closing::IsAwaited {
                    state.closing = Closing::Ends;
                    if self.start_monitor(&mut state) {
                        return;
                    }
                }
            }
            let wait = state.next_wait(time, look, patience);
            let (woken, timed_out) = self.monitor.changed.wait_timeout(state, wait);
            state = woken;
            if !timed_out {
                patience = self.config.keep_alive();
            } else if !state.watching && wait == patience {
                // The deadlines of calls that have ended do not keep the monitor alive. If others are left, it sleeps
                // twice as long before the next sweep.
                if state.is_over() {
                    state.ends();
                    return;
                }
                patience = patience.saturating_mul(2);
            }
        }
    }

    fn stop_watching(&self, state: &mut MonitorState) {
        self.monitor.watching.store(false, Ordering::Relaxed);
        chaos();
        // ORDERING: pairs with the fence before `watch`: if a caller still saw the flag set, its call is
        // seen here.
        fence(Ordering::SeqCst);
        state.watching = !self.queues.is_empty();
        if !state.watching {
            self.counts.withdraw_spare();
        }
        self.monitor.watching.store(state.watching, Ordering::Relaxed);
    }

    /// Looks at the queued calls once. Returns when to look again, or `None` if no call is queued.
    fn look_at_queue(
        self: &Arc<Self>,
        growth: &mut Growth,
        looks: usize,
        now: Instant,
    ) -> Option<Duration> {
        stacks::coarse_clock::read();
        let waiting = self.queues.len();
        if waiting == 0 {
            growth.calm();
            return None;
        }
        if looks.is_multiple_of(LOOKS_BEFORE_RETRY) {
            self.restore_max_total_threads();
        }
        let counts = self.counts.read();
        let workers = self.config.workers();
        let max_threads = self.config.max_threads();
        let reading = Reading { now, waiting, counts, workers, max_threads };
        let plan = growth.plan(&reading, || self.sampler.survey(looks, workers));
        if plan.slots != counts.slots {
            self.counts.set_slots(plan.slots);
        }
        Some(if self.wake_batch(waiting) { Duration::ZERO } else { plan.pause })
    }
}

#[cfg(all(test, any(pybackground_loom, pybackground_shuttle)))]
#[path = "../models/monitor.rs"]
mod model;

#[cfg(all(test, not(any(pybackground_loom, pybackground_shuttle))))]
mod tests {
    use super::*;
    use crate::config;
    use crate::runnable::NoWork;
    use std::panic::{RefUnwindSafe, UnwindSafe};
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    /// Keeps the monitor busy.
    struct Busy {
        start: Sender<()>,
        end: Mutex<Receiver<()>>,
    }

    impl UnwindSafe for Busy {}
    impl RefUnwindSafe for Busy {}

    impl Runnable for Busy {
        fn run(self: Arc<Self>) {}

        fn refuse(&self, _: &str) {}

        fn is_stale(&self) -> bool {
            false
        }

        fn expire(&self, _: Instant) {
            self.start.send(()).unwrap();
            self.end.lock().unwrap().recv().unwrap();
        }

        fn clean_up(&self) {}
    }

    fn deadline(time: Duration) -> Arc<Deadline> {
        Arc::new(Deadline::from_now(time).unwrap())
    }

    /// Ends the pool while its monitor expires a call, so often. The timer comes after the first end.
    fn end_with_timer_that_comes_meanwhile(ends: usize) {
        let pool = Arc::new(Pool::new(config::effective(), |_| ()));
        let ((start, started), (release, end)) = (channel(), channel());
        let busy: Arc<dyn Runnable> = Arc::new(Busy { start, end: Mutex::new(end) });
        pool.add_deadline(deadline(Duration::ZERO), Arc::downgrade(&busy));
        started.recv().unwrap();
        let leaving = pool.close_monitor();
        let timer: Arc<dyn Runnable> = Arc::new(NoWork);
        pool.add_deadline(deadline(Duration::from_secs(1_000_000)), Arc::downgrade(&timer));
        let later: Vec<_> = (1..ends).map(|_| pool.close_monitor()).collect();
        release.send(()).unwrap();
        leaving.wait(None);
        drop(later);
        assert!(lock(&pool.monitor.state).alive, "another thread has the timer");
    }

    #[test]
    fn end_of_the_pool_does_not_wait_for_a_timer_that_comes_meanwhile() {
        end_with_timer_that_comes_meanwhile(1);
    }

    #[test]
    fn later_end_of_the_pool_does_not_keep_the_monitor_for_a_timer() {
        end_with_timer_that_comes_meanwhile(2);
    }
}
