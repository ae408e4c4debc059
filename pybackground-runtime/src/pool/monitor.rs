//! The monitor: the one thread that expires deadlines and adds slots while calls are queued.
//!
//! It starts when it is first needed, sleeps while there is nothing to watch, and terminates after the
//! keep-alive. While calls are queued, it looks at the threads repeatedly. The pure decision what follows, and
//! when to look next, is in `growth`. It runs no user code: see `reaper`.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::deadlines::Deadlines;
use super::growth::{Growth, Reading};
use super::{MONITOR_STACK_SIZE, Pool};
use crate::deadline::Deadline;
use crate::runnable::Runnable;
use crate::stacks;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Condvar, Mutex, MutexGuard, chaos, lock, now, thread};

/// So many looks after a refusal the system is asked for threads again.
const LOOKS_BEFORE_RETRY: usize = 100;

pub(super) struct Monitor {
    /// A copy of `State::watching` that is read without the lock.
    watching: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    deadlines: Deadlines,
    /// Calls are queued, and no thread was free to take them.
    watching: bool,
    /// There is a monitor thread, which looks at this state before it leaves.
    alive: bool,
}

impl Monitor {
    pub(super) fn new() -> Self {
        let state = State { deadlines: Deadlines::new(), watching: false, alive: false };
        Self { watching: AtomicBool::new(false), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Makes the monitor watch the queues until they are empty.
    #[inline]
    pub(super) fn watch(&self, pool: &Arc<Pool>) {
        // ORDERING: the caller made its call visible and fenced before it came here. The monitor
        // takes the flag down, fences, and looks at the queues again before it believes it.
        if !self.watching.load(Ordering::Relaxed) {
            self.start_watching(pool);
        }
    }

    #[cold]
    fn start_watching(&self, pool: &Arc<Pool>) {
        let mut state = lock(&self.state);
        state.watching = true;
        self.watching.store(true, Ordering::Relaxed);
        self.notify(state, pool);
    }

    /// Expires `job` at its deadline unless it ends before.
    pub(super) fn add_deadline(
        &self,
        deadline: Arc<Deadline>,
        job: Weak<dyn Runnable>,
        pool: &Arc<Pool>,
    ) {
        let mut state = lock(&self.state);
        if state.deadlines.add(deadline, job) {
            self.notify(state, pool);
        }
    }

    fn notify(&self, mut state: MutexGuard<'_, State>, pool: &Arc<Pool>) {
        if state.alive {
            drop(state);
            self.changed.notify_one();
            return;
        }
        let pool = pool.clone();
        let name = "background-monitor".to_owned();
        let started = thread::spawn(name, MONITOR_STACK_SIZE, move || pool.monitor.run(&pool));
        // Without a thread the flag is taken down, so that the next call tries again. Threads that wait for calls
        // then expire the deadlines.
        state.alive = started.is_ok();
        if !state.alive {
            state.watching = false;
            self.watching.store(false, Ordering::Relaxed);
        }
    }

    fn run(&self, pool: &Arc<Pool>) {
        let mut growth = Growth::new();
        let mut looks = 0;
        let mut next_look = now();
        let mut patience = pool.config.keep_alive();
        let mut state = lock(&self.state);
        loop {
            let time = now();
            if let Some(job) = state.deadlines.pop_due(time) {
                drop(state);
                job.expire(time);
                pool.reap(job);
                state = lock(&self.state);
                continue;
            }
            if state.watching && next_look <= time {
                drop(state);
                looks += 1;
                let pause = look(pool, &mut growth, looks, time);
                pool.reap_if_starved();
                next_look = now() + pause.unwrap_or_default();
                state = lock(&self.state);
                if pause.is_none() {
                    self.stop_watching(&mut state, pool);
                }
                continue;
            }
            let wait = state.next_wait(time, next_look, patience);
            let (woken, timed_out) = self.changed.wait_timeout(state, wait);
            state = woken;
            if !timed_out {
                patience = pool.config.keep_alive();
            } else if !state.watching && wait == patience {
                // Deadlines of calls that have ended are no reason to stay. If others are left, the next look is
                // later.
                state.deadlines.sweep();
                if state.deadlines.next().is_none() {
                    state.alive = false;
                    return;
                }
                patience = patience.saturating_mul(2);
            }
        }
    }

    fn stop_watching(&self, state: &mut State, pool: &Pool) {
        self.watching.store(false, Ordering::Relaxed);
        chaos();
        // ORDERING: pairs with the fence before `watch`: a call pushed before the flag was seen up
        // is seen here.
        fence(Ordering::SeqCst);
        state.watching = !pool.queues.is_empty();
        if !state.watching {
            pool.counts.withdraw_spare();
        }
        self.watching.store(state.watching, Ordering::Relaxed);
    }
}

impl State {
    /// Returns how long there is nothing to do, at most `patience`.
    fn next_wait(&self, now: Instant, next_look: Instant, patience: Duration) -> Duration {
        let until = |then: Instant| then.saturating_duration_since(now);
        let longest = if self.watching { until(next_look) } else { patience };
        self.deadlines.next().map_or(longest, |deadline| longest.min(until(deadline)))
    }
}

/// Looks at the queued calls once. Returns when to look again, or `None` if no call is queued.
fn look(pool: &Arc<Pool>, growth: &mut Growth, looks: usize, now: Instant) -> Option<Duration> {
    stacks::coarse_clock::read();
    let waiting = pool.queues.len();
    if waiting == 0 {
        growth.calm();
        return None;
    }
    if looks.is_multiple_of(LOOKS_BEFORE_RETRY) {
        pool.restore_max_total_threads();
    }
    let counts = pool.counts.read();
    let workers = pool.config.workers();
    let max_threads = pool.config.max_threads();
    let reading = Reading { now, waiting, counts, workers, max_threads };
    let plan = growth.plan(&reading, || pool.sampler.survey(looks, workers));
    if plan.slots != counts.slots {
        pool.counts.set_slots(plan.slots);
    }
    Some(if pool.wake_batch(waiting) { Duration::ZERO } else { plan.pause })
}

#[cfg(all(test, any(pybackground_loom, pybackground_shuttle)))]
#[path = "../models/monitor.rs"]
mod model;
