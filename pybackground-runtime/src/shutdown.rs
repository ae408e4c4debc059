//! Waiting until nothing is left to do, and ending the runtime.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::cancel::overruns;
use crate::pool::{self, Pool};
use crate::running;

/// The time between two looks, at first and at most.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// Waits until every call that was made has ended, those which nobody waits for included, for
/// `timeout` at most.
///
/// # Errors
///
/// What still runs or waits when the time is over. Inside a body, which would have to wait for
/// itself, at once.
///
/// # Blocking
///
/// Until the last call has ended and a few milliseconds more, for `timeout` at most.
///
/// ```
/// use pybackground_runtime::{Lazy, spawn, wait_idle};
/// use std::time::Duration;
///
/// Lazy::detach(spawn(|| println!("written before the program ends")));
/// wait_idle(Duration::from_secs(10)).unwrap();
/// ```
pub fn wait_idle(timeout: Duration) -> Result<(), Unfinished> {
    let Some(pool) = pool::existing() else {
        return Ok(());
    };
    let end = Instant::now().checked_add(timeout);
    let mut pause = SHORTEST_PAUSE;
    while !is_idle(pool) {
        let now = Instant::now();
        if !running::current().is_none() || end.is_some_and(|end| end <= now) {
            return Err(Unfinished::now(pool));
        }
        let rest = end.map_or(LONGEST_PAUSE, |end| end - now);
        std::thread::sleep(pause.min(rest));
        pause = LONGEST_PAUSE.min(2 * pause);
    }
    Ok(())
}

/// Ends the runtime: lets what was called end, for `timeout` at most, and then lets nothing more begin.
///
/// From the beginning, calls from outside are refused; what runs may go on making calls. When
/// all is done, or when the time is over, every call is refused: those that wait, and any later one.
/// Bodies that still run are told to stop, as by a cancellation; they are not waited for.
///
/// # Errors
///
/// What still ran or waited when the time was over. Inside a body the time is over at once.
///
/// # Blocking
///
/// As [`wait_idle`].
///
/// ```
/// use pybackground_runtime::{Lazy, shutdown, sleep, spawn};
/// use std::time::Duration;
///
/// fn endless() { sleep(Duration::MAX) }
///
/// let x = pybackground_runtime::background(endless)();
/// # while pybackground_runtime::snapshot().stacks().is_empty() { std::thread::yield_now() }
/// let unfinished = shutdown(Duration::from_millis(20)).unwrap_err();
/// assert!(unfinished.functions().next().unwrap().ends_with("endless"));
///
/// assert!(Lazy::join(spawn(|| 1)).unwrap_err().is_refused());
/// ```
pub fn shutdown(timeout: Duration) -> Result<(), Unfinished> {
    let pool = pool::global();
    pool.gate().close_outside();
    let idle = wait_idle(timeout);
    pool.gate().close();
    if idle.is_err() {
        pool.refuse_waiting();
        overruns::stop_all();
        pool::waits().wake_all();
    }
    idle
}

/// Whether nothing is left to do. One look at one thing after the other can miss a call that goes from
/// one to the next, but not if no body began between two such looks.
fn is_idle(pool: &Pool) -> bool {
    let look = || {
        let begun = running::begun();
        let idle = pool.seems_idle() && running::suspended() == 0 && running::stacks().is_empty();
        idle.then_some(begun)
    };
    look().is_some_and(|first| look() == Some(first))
}

/// What had not ended in time; see [`wait_idle`] and [`shutdown`].
///
/// ```
/// use pybackground_runtime::{spawn, wait_idle};
/// use std::sync::mpsc;
/// use std::time::Duration;
///
/// let (release, wait) = mpsc::channel::<()>();
/// let _x = spawn(move || wait.recv());
/// let unfinished = wait_idle(Duration::ZERO).unwrap_err();
/// println!("{unfinished}");
/// # drop(release);
/// ```
#[derive(Clone, Debug)]
pub struct Unfinished {
    /// How many bodies of each call run.
    running: BTreeMap<Call, usize>,
    suspended: usize,
    queued: usize,
}

impl Unfinished {
    fn now(pool: &Pool) -> Self {
        let mut running = BTreeMap::new();
        for body in running::stacks().into_iter().flat_map(|stack| stack.bodies) {
            *running.entry(body.name.call()).or_insert(0) += 1;
        }
        Self { running, suspended: running::suspended(), queued: pool.waiting() }
    }

    /// The functions whose bodies ran, each once for each place it was called at.
    #[must_use]
    pub fn functions(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.running.keys().map(|call| call.function())
    }

    /// Where those functions were called, in the same order.
    #[must_use]
    pub fn called_at(&self) -> impl ExactSizeIterator<Item = &'static Location<'static>> {
        self.running.keys().map(|call| call.site())
    }

    /// How many `async` bodies waited to be woken.
    #[must_use]
    pub fn suspended(&self) -> usize {
        self.suspended
    }

    /// How many calls waited for a thread, roughly.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bodies: usize = self.running.values().sum();
        let Self { suspended, queued, .. } = self;
        write!(
            f,
            "{bodies} bodies still run, {suspended} async ones wait, {queued} calls are queued"
        )?;
        for (at, (call, bodies)) in self.running.iter().enumerate() {
            f.write_str(if at == 0 { ": " } else { ", " })?;
            match bodies {
                1 => write!(f, "{call}")?,
                _ => write!(f, "{bodies} × {call}")?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for Unfinished {}
