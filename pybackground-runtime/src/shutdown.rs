//! Waiting until every call has ended, and shutting the runtime down.

use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::cancel;
use crate::panic::drop_catching;
use crate::runtime::{self, Runtime};
use crate::snapshot::{CallCount, WaitReporter, WaitsFor};
use crate::stacks;
use crate::sync::chaos;
use crate::task::{self, DEPENDENT, SUSPENDED};

/// The time between two checks, at first and at most.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// Waits until every call has ended, detached calls included, for `timeout` at most.
///
/// # Errors
///
/// Returns the calls that have not ended when the time is over. On a thread of the runtime, which would
/// wait for itself, it returns them at once: inside a body, and in the destructor of a dropped result. So it does
/// in a process that was forked from the one whose threads run the calls.
///
/// # Blocking
///
/// Blocks until a few milliseconds after the last call has ended, for `timeout` at most.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, spawn, wait_idle};
/// use std::time::Duration;
///
/// Lazy::detach(spawn(|| println!("written before the program ends")));
/// wait_idle(Duration::from_secs(10)).unwrap();
/// ```
#[track_caller]
pub fn wait_idle(timeout: Duration) -> Result<(), Unfinished> {
    let Some(runtime) = runtime::existing() else {
        return Ok(());
    };
    let end = Instant::now().checked_add(timeout);
    let mut pause = SHORTEST_PAUSE;
    let mut report = WaitReporter::new(WaitsFor::Idle, Location::caller());
    while !is_idle(runtime) {
        let now = Instant::now();
        let is_in_vain = would_wait_for_itself() || runtime.pool().was_forked();
        if is_in_vain || end.is_some_and(|end| end <= now) {
            return Err(Unfinished::now(runtime));
        }
        report.look();
        let rest = end.map_or(LONGEST_PAUSE, |end| end - now);
        std::thread::sleep(pause.min(rest));
        pause = LONGEST_PAUSE.min(2 * pause);
    }
    Ok(())
}

/// Shuts the runtime down: waits until every call has ended, for `timeout` at most, and then starts no
/// call any more.
///
/// From the beginning, calls from threads outside the runtime are refused. Earlier calls go on and may make
/// calls. When all have ended or the time is over, every call that has not ended is closed:
///
/// | the call | ends |
/// |---|---|
/// | is queued, held back by a `limit`, or waits for its arguments | refused: [`Error::is_refused`](crate::Error::is_refused) |
/// | is `async` and suspended | cancelled: [`Error::is_cancelled`](crate::Error::is_cancelled); a later wake does nothing |
/// | is running | when its body does: cancelled if the body polls for the cancellation, else with its value; a join goes on waiting |
/// | is made later | refused |
///
/// Running bodies are cancelled and not waited for. The captured values of bodies that never run are
/// dropped here. If every call has ended in time, the threads end, and the rest of `timeout` is given to
/// the destructors of their thread-locals.
///
/// A dynamic library that uses this crate must not be unloaded before this has returned `Ok(())`: the threads run its
/// code.
///
/// # Errors
///
/// Returns the calls that had not ended when the time was over. On a thread of the runtime, it returns
/// them at once.
///
/// # Blocking
///
/// As [`wait_idle`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, shutdown, sleep, spawn};
/// use std::time::Duration;
///
/// fn endless() { sleep(Duration::MAX) }
///
/// let x = pybackground::background(endless)();
/// # while pybackground::snapshot().stacks.is_empty() { std::thread::yield_now() }
/// let unfinished = shutdown(Duration::from_millis(20)).unwrap_err();
/// assert!(unfinished.running[0].function.ends_with("endless"));
///
/// assert!(Lazy::join(spawn(|| 1)).unwrap_err().is_refused());
/// ```
#[track_caller]
pub fn shutdown(timeout: Duration) -> Result<(), Unfinished> {
    let runtime = runtime::global();
    let pool = runtime.pool();
    pool.admission().close_outside();
    let end = Instant::now().checked_add(timeout);
    let idle = wait_idle(timeout);
    pool.admission().close();
    // Also when all have ended: a call that was admitted before may enter a queue only now.
    cancel::stop_all();
    refuse_waiting(runtime);
    runtime::waits().wake_all();
    pool.end_idle_threads();
    // The threads that a forked process remembers never end there.
    if idle.is_ok() && !would_wait_for_itself() && !pool.was_forked() {
        pool.wait_for_ends(end);
    }
    #[cfg(feature = "process")]
    crate::process::close();
    idle
}

/// Whether this thread is one of those that have to end their bodies.
fn would_wait_for_itself() -> bool {
    !stacks::current().is_none() || runtime::is_worker()
}

/// Whether every call has ended. One pass over the places where a call can be may miss a call that moves
/// between them. Two passes cannot, if no body started in between.
fn is_idle(runtime: &Runtime) -> bool {
    let look = || {
        let begun = stacks::begun();
        chaos();
        let offstage = DEPENDENT.count() + SUSPENDED.count();
        chaos();
        let idle = offstage == 0 && runtime.seems_idle() && stacks::stacks().is_empty();
        idle.then_some(begun)
    };
    look().is_some_and(|first| look() == Some(first))
}

/// The calls that had not ended in time; see [`wait_idle`] and [`shutdown`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{spawn, wait_idle};
/// use std::sync::mpsc;
/// use std::time::Duration;
///
/// let (release, wait) = mpsc::channel::<()>();
/// let _x = spawn(move || wait.recv());
/// # while pybackground::snapshot().stacks.is_empty() { std::thread::yield_now() }
/// let unfinished = wait_idle(Duration::ZERO).unwrap_err();
/// assert_eq!(unfinished.running[0].count, 1);
/// println!("{unfinished}");
/// # drop(release);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unfinished {
    /// The calls whose bodies are running.
    pub running: Vec<CallCount>,
    /// The calls whose `async` bodies are suspended.
    pub suspended: Vec<CallCount>,
    /// The calls that are held back: by the `limit` of their function, or by the limit on processes.
    pub held: Vec<CallCount>,
    /// The calls that wait for their arguments, which are other calls.
    pub dependent: Vec<CallCount>,
    /// How many calls are queued, roughly.
    pub queued: usize,
}

impl Unfinished {
    fn now(runtime: &Runtime) -> Self {
        let bodies = stacks::stacks().into_iter().flat_map(|stack| stack.bodies);
        Self {
            running: CallCount::of_each(bodies.map(|body| body.name.call())),
            suspended: CallCount::of_each(SUSPENDED.calls()),
            held: CallCount::of_each(runtime.held_calls()),
            dependent: CallCount::of_each(DEPENDENT.calls()),
            queued: runtime.pool().waiting(),
        }
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { running, suspended, held, dependent, queued } = self;
        let sum = CallCount::sum;
        write!(f, "{} running, {} suspended, {queued} queued", sum(running), sum(suspended))?;
        write!(f, ", {} held back by a limit", sum(held))?;
        write!(f, ", {} waiting for arguments", sum(dependent))?;
        let calls = [running, suspended, held, dependent].into_iter().flatten();
        for (at, call) in calls.enumerate() {
            write!(f, "{}{call}", if at == 0 { ": " } else { ", " })?;
        }
        Ok(())
    }
}

impl std::error::Error for Unfinished {}

/// Ends the calls that are queued, held back by a limit, or parked.
fn refuse_waiting(runtime: &Runtime) {
    runtime.pool().refuse_all(runtime::SHUT_DOWN);
    runtime::limits().refuse_all(runtime::SHUT_DOWN);
    for job in DEPENDENT.jobs().into_iter().chain(SUSPENDED.jobs()) {
        job.refuse(runtime::SHUT_DOWN);
        drop_catching(job);
    }
    task::forget_unclear_searches();
}

#[cfg(all(test, pybackground_shuttle))]
#[path = "models/shutdown.rs"]
mod model;
