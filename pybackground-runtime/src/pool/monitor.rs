//! The one thread that knows the time: it expires deadlines and, while calls wait, adds places.
//!
//! It is started when it is first needed, sleeps for as long as there is nothing to watch, and
//! leaves after the keep-alive. While calls wait it ticks; the pure decision is in `growth`.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::Pool;
use super::deadlines::Deadlines;
use super::growth::{Growth, Reading};
use crate::deadline::Deadline;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Condvar, Mutex, MutexGuard, chaos, lock, now, thread};
use crate::task::Job;

/// The time between two looks at calls that wait.
const TICK: Duration = Duration::from_millis(1);

/// How many ticks the pool makes do with the threads it has when the system refused one.
const TICKS_BEFORE_RETRY: usize = 100;

/// Ample for the monitor, which runs no code of the user but wakers.
const STACK_SIZE: usize = 256 * 1024;

pub(super) struct Monitor {
    /// A copy of `State::watching` for those who only want to know that it is so.
    watching: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    deadlines: Deadlines,
    /// Calls wait and no thread was free to take them.
    watching: bool,
    /// There is a monitor thread, which looks at this state before it leaves.
    alive: bool,
}

impl Monitor {
    pub(super) fn new() -> Self {
        let state = State { deadlines: Deadlines::new(), watching: false, alive: false };
        Self { watching: AtomicBool::new(false), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Looks after the calls that wait, until none do.
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
        job: Weak<dyn Job>,
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
        let started = thread::spawn(name, STACK_SIZE, move || pool.monitor.run(&pool));
        // Without a thread the flag is taken down, so that the next call tries again; deadlines are
        // then kept by those who wait for the calls.
        state.alive = started.is_ok();
        if !state.alive {
            state.watching = false;
            self.watching.store(false, Ordering::Relaxed);
        }
    }

    fn run(&self, pool: &Arc<Pool>) {
        let mut growth = Growth::new();
        let mut ticks = 0;
        let mut patience = pool.config.keep_alive();
        let mut state = lock(&self.state);
        loop {
            let now = now();
            if let Some(job) = state.deadlines.pop_due(now) {
                drop(state);
                job.expire(now);
                // What is left of it may have destructors of the user's, which may take their time.
                pool.queues.push(job);
                pool.wake_one();
                state = lock(&self.state);
                continue;
            }
            if state.watching {
                drop(state);
                ticks += 1;
                let watching = tick(pool, &mut growth, ticks, now);
                state = lock(&self.state);
                if !watching {
                    self.stop_watching(&mut state, pool);
                }
            }
            let wait = state.next_wait(now, patience);
            let (woken, timed_out) = self.changed.wait_timeout(state, wait);
            state = woken;
            if !timed_out {
                patience = pool.config.keep_alive();
            } else if !state.watching && wait == patience {
                // A quiet time is over. Deadlines of calls that have ended are no reason to stay; if
                // others are left, the next look is later.
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
    /// How long there is nothing to do, but for `patience` at most.
    fn next_wait(&self, now: Instant, patience: Duration) -> Duration {
        let longest = if self.watching { TICK } else { patience };
        match self.deadlines.next() {
            Some(next) => longest.min(next.saturating_duration_since(now)),
            None => longest,
        }
    }
}

/// One look at the calls that wait; returns whether there are any.
fn tick(pool: &Arc<Pool>, growth: &mut Growth, ticks: usize, now: Instant) -> bool {
    let waiting = pool.queues.len();
    if waiting == 0 {
        growth.calm();
        return false;
    }
    if ticks.is_multiple_of(TICKS_BEFORE_RETRY) {
        pool.restore_max_threads();
    }
    let counts = pool.counts.read();
    let reading = Reading {
        now,
        waiting,
        active: counts.active,
        places: counts.places,
        workers: pool.config.workers(),
        starts: pool.roster.starts(),
        blocked: pool.roster.blocked_share(ticks),
    };
    let places = growth.places(&reading);
    if places != counts.places {
        pool.counts.set_places(places);
    }
    pool.wake_one();
    true
}

#[cfg(all(test, any(pybackground_loom, pybackground_shuttle)))]
#[path = "../models/monitor.rs"]
mod model;
