//! The thread of a scope that runs no closure: it starts threads for those who cannot, and adds places
//! while closures block.
//!
//! It sleeps for as long as there is nothing to do, and looks at the threads again and again while
//! closures wait for one; what follows from a look is decided by the pool's `growth`.

use std::io;
use std::sync::Arc;
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::{Crew, Queue};
use crate::pool::counts::Wake;
use crate::pool::growth::{Growth, Reading};
use crate::pool::threads::BATCH;
use crate::pool::{MONITOR_STACK_SIZE, SHUT_DOWN};
use crate::stacks;
use crate::sync::atomic::{AtomicBool, Ordering, fence};
use crate::sync::{Condvar, Mutex, chaos, lock, now};

/// How often a thread is asked for, a look apart, while all that there are wait for others: then the
/// closures that wait are refused.
const ATTEMPTS: usize = 100;

/// The time of a wait that nothing but news ends.
const FOR_EVER: Duration = Duration::MAX;

/// What the foreman is told.
pub(super) struct Foreman {
    /// A copy of `State::watching` for those who only want to know that it is so.
    watching: AtomicBool,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// Threads to be started, each for a place that was taken on its behalf.
    orders: usize,
    /// Closures wait and no thread was free to take them.
    watching: bool,
    /// The runtime was shut down.
    shut_down: bool,
    over: bool,
}

impl Foreman {
    pub(super) fn new() -> Self {
        let state = State { orders: 0, watching: false, shut_down: false, over: false };
        Self { watching: AtomicBool::new(false), state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Starts a thread for a place that was taken on its behalf.
    pub(super) fn order_thread(&self) {
        self.tell(|state| state.orders += 1);
    }

    /// Looks after the closures that wait, until none do.
    pub(super) fn watch(&self) {
        // ORDERING: the caller made its closure visible and fenced before it came here. The foreman
        // takes the flag down, fences, and looks at the queue again before it believes it.
        if !self.watching.load(Ordering::Relaxed) {
            self.tell(|state| {
                state.watching = true;
                self.watching.store(true, Ordering::Relaxed);
            });
        }
    }

    /// Ends the calls that wait, because the runtime is shut down.
    pub(super) fn refuse_waiting(&self) {
        self.tell(|state| state.shut_down = true);
    }

    /// There will be no more closures.
    pub(super) fn dismiss(&self) {
        self.tell(|state| state.over = true);
    }

    fn tell(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.state));
        self.changed.notify_one();
    }
}

/// Starts the foreman, which starts threads by `hire`.
pub(super) fn start<'s, Q: Queue>(
    crew: &'s Arc<Crew>,
    threads: &'s std::thread::Scope<'s, '_>,
    queue: &'s Q,
    hire: impl Fn() -> io::Result<()> + Send + 's,
) -> io::Result<()> {
    Builder::new()
        .name("background-foreman".to_owned())
        .stack_size(MONITOR_STACK_SIZE)
        .spawn_scoped(threads, move || OnDuty::new(crew, queue, hire).work())
        .map(drop)
}

/// The foreman at work.
pub(super) struct OnDuty<'a, Q, H> {
    crew: &'a Crew,
    queue: &'a Q,
    hire: H,
    /// How often in a row no thread was to be had while all others wait.
    attempts: usize,
}

impl<'a, Q: Queue, H: Fn() -> io::Result<()>> OnDuty<'a, Q, H> {
    pub(super) fn new(crew: &'a Crew, queue: &'a Q, hire: H) -> Self {
        Self { crew, queue, hire, attempts: 0 }
    }

    pub(super) fn work(mut self) {
        let Foreman { state, changed, .. } = &self.crew.foreman;
        let mut growth = Growth::new();
        let (mut looks, mut next_look) = (0, now());
        let mut state = lock(state);
        while !state.over {
            if std::mem::take(&mut state.shut_down) {
                drop(state);
                self.refuse_all(SHUT_DOWN);
                state = lock(&self.crew.foreman.state);
                continue;
            }
            if state.orders > 0 {
                state.orders -= 1;
                drop(state);
                self.bring_thread();
                state = lock(&self.crew.foreman.state);
                continue;
            }
            let time = now();
            if state.watching && next_look <= time {
                drop(state);
                looks += 1;
                let pause = self.look(&mut growth, looks, time);
                next_look = now() + pause.unwrap_or_default();
                state = lock(&self.crew.foreman.state);
                if pause.is_none() {
                    self.stop_watching(&mut state);
                }
                continue;
            }
            let wait = if state.watching { next_look - time } else { FOR_EVER };
            state = changed.wait_timeout(state, wait).0;
        }
    }

    /// One look at the closures that wait; returns when to look again, unless there are none.
    fn look(&mut self, growth: &mut Growth, looks: usize, now: Instant) -> Option<Duration> {
        stacks::coarse_clock::read();
        let waiting = self.crew.waiting();
        if waiting == 0 {
            growth.calm();
            return None;
        }
        let counts = self.crew.counts.read();
        let workers = self.crew.config.workers();
        let reading = Reading { now, waiting, counts, workers };
        let plan = growth.plan(&reading, || self.crew.sampler.survey(looks));
        if plan.places != counts.places {
            self.crew.counts.set_places(plan.places);
        }
        Some(if self.wake_batch(waiting) { Duration::ZERO } else { plan.pause })
    }

    /// As the pool's: brings a thread for each of the closures, as far as there are places.
    fn wake_batch(&mut self, waiting: usize) -> bool {
        (0..BATCH)
            .all(|_| self.crew.counts.claim_wake_for(waiting) == Wake::One && self.bring_thread())
    }

    /// Wakes or starts a thread for a place that was taken on its behalf; `false` if none is to be had.
    fn bring_thread(&mut self) -> bool {
        self.crew.idle.wake() || self.start_thread()
    }

    fn stop_watching(&self, state: &mut State) {
        let watching = &self.crew.foreman.watching;
        watching.store(false, Ordering::Relaxed);
        chaos();
        // ORDERING: pairs with the fence before `watch`: a closure queued before the flag was seen up
        // is seen here.
        fence(Ordering::SeqCst);
        state.watching = self.crew.waiting() > 0;
        if !state.watching {
            self.crew.counts.withdraw_spare();
        }
        watching.store(state.watching, Ordering::Relaxed);
    }

    fn start_thread(&mut self) -> bool {
        match self.crew.hire_with(&self.hire) {
            Ok(true) => {
                self.attempts = 0;
                return true;
            }
            Ok(false) => {}
            Err(error) => self.was_refused(&error),
        }
        // The closures wait for those threads that there are, or for the next look.
        self.crew.foreman.watch();
        false
    }

    /// Threads that wait for others may wait for the very closures that nobody is there to run.
    fn was_refused(&mut self, error: &io::Error) {
        self.attempts = if self.crew.all_join() { self.attempts + 1 } else { 0 };
        if self.attempts >= ATTEMPTS {
            self.attempts = 0;
            let why = format!("the system gave no thread to run it on: {error}");
            self.refuse_all(&why);
        }
    }

    fn refuse_all(&self, why: &str) {
        while let Some(entry) = self.queue.pop() {
            self.queue.refuse(entry, why);
        }
    }
}
