//! Waiting until nothing is left to do, and ending the runtime.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

use crate::call::Call;
use crate::cancel::overruns;
use crate::count::Count;
use crate::pool::crew;
use crate::runtime::{self, Runtime};
use crate::stacks;
use crate::sync::chaos;

/// The time between two looks, at first and at most.
const SHORTEST_PAUSE: Duration = Duration::from_micros(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// Waits until every call that was made has ended, those which nobody waits for included, for
/// `timeout` at most.
///
/// # Errors
///
/// What still runs or waits when the time is over. On a thread of the runtime's, which would have to
/// wait for itself, at once: inside a body, and in the destructor of a result that nobody wants.
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
    let Some(runtime) = runtime::existing() else {
        return Ok(());
    };
    let end = Instant::now().checked_add(timeout);
    let mut pause = SHORTEST_PAUSE;
    while !is_idle(runtime) {
        let now = Instant::now();
        if would_wait_for_itself() || end.is_some_and(|end| end <= now) {
            return Err(Unfinished::now(runtime));
        }
        let rest = end.map_or(LONGEST_PAUSE, |end| end - now);
        std::thread::sleep(pause.min(rest));
        pause = LONGEST_PAUSE.min(2 * pause);
    }
    Ok(())
}

/// Ends the runtime: lets what was called end, for `timeout` at most, and then lets nothing more begin.
///
/// From the beginning, calls from outside are refused; what was called before goes on and may make
/// calls. When all is done, or when the time is over, nothing begins any more, and every call that has
/// not ended comes to its end:
///
/// | the call | ends |
/// |---|---|
/// | waits for a thread, for a slot of its function's `limit`, or for its inputs | refused: [`Error::is_refused`](crate::Error::is_refused) |
/// | is `async`, has begun, and waits to be woken | cancelled: [`Error::is_cancelled`](crate::Error::is_cancelled); a later wake does nothing |
/// | is running | when its body does: cancelled if the body heeds that it is told to stop, else with its value; whoever waits for it goes on waiting |
/// | is made later | refused |
///
/// Bodies that run are told to stop, as by a cancellation, and not waited for. What the bodies that
/// will not run had captured is dropped here.
///
/// # Errors
///
/// What still ran or waited when the time was over; on a thread of the runtime's, that is at once.
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
    let runtime = runtime::global();
    let pool = runtime.pool();
    pool.admission().close_outside();
    let idle = wait_idle(timeout);
    pool.admission().close();
    // When all is done, too: a call that was let in as the gate closed may come to the queues only now.
    overruns::stop_all();
    runtime.refuse_waiting();
    crew::refuse_waiting();
    runtime::waits().wake_all();
    #[cfg(feature = "process")]
    crate::process::close();
    idle
}

/// Whether this thread is one of those that are waited for.
fn would_wait_for_itself() -> bool {
    !stacks::current().is_none() || runtime::is_worker()
}

/// Whether nothing is left to do. One look at one thing after the other can miss a call that goes from
/// one to the next, but not if no body began between two such looks.
fn is_idle(runtime: &Runtime) -> bool {
    let look = || {
        let begun = stacks::begun();
        chaos();
        let offstage = stacks::DEPENDENT.count() + stacks::SUSPENDED.count();
        let waits = offstage > 0 || crew::unfinished() > 0;
        chaos();
        let idle = !waits && runtime.seems_idle() && stacks::stacks().is_empty();
        idle.then_some(begun)
    };
    look().is_some_and(|first| look() == Some(first))
}

/// How many there are of each call.
pub(crate) fn counted(calls: impl IntoIterator<Item = Call>) -> BTreeMap<Call, usize> {
    calls.into_iter().fold(BTreeMap::new(), |mut counts, call| {
        *counts.entry(call).or_default() += 1;
        counts
    })
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
    /// How many bodies of each call run, wait to be woken, for a slot, or for inputs.
    running: BTreeMap<Call, usize>,
    suspended: BTreeMap<Call, usize>,
    held: BTreeMap<Call, usize>,
    dependent: BTreeMap<Call, usize>,
    queued: usize,
}

impl Unfinished {
    fn now(runtime: &Runtime) -> Self {
        let bodies = stacks::stacks().into_iter().flat_map(|stack| stack.bodies);
        Self {
            running: counted(bodies.map(|body| body.name.call())),
            suspended: counted(stacks::SUSPENDED.calls()),
            held: counted(runtime.held_calls()),
            dependent: counted(stacks::DEPENDENT.calls()),
            queued: runtime.pool().waiting() + crew::waiting(),
        }
    }

    /// The functions whose bodies ran, waited to be woken, waited for a slot of their `limit`, or for
    /// their inputs, in this order; in each of the four, each once for each place it was called at.
    ///
    /// ```
    /// # use pybackground_runtime::{background, wait_idle};
    /// # use std::{sync::Mutex, time::Duration};
    /// # static GATE: Mutex<()> = Mutex::new(());
    /// # let closed = GATE.lock().unwrap();
    /// #[background(limit = 1)]
    /// fn one_at_a_time() {
    ///     drop(GATE.lock());
    /// }
    ///
    /// let (_runs, _waits) = (one_at_a_time(), one_at_a_time());
    /// let unfinished = wait_idle(Duration::from_millis(1)).unwrap_err();
    /// assert!(unfinished.functions().all(|function| function.ends_with("one_at_a_time")));
    /// # drop(closed);
    /// ```
    #[must_use]
    pub fn functions(&self) -> impl ExactSizeIterator<Item = &'static str> {
        self.calls().into_iter().map(|(call, _)| call.function())
    }

    /// Where those functions were called, in the same order.
    ///
    /// ```
    /// # use pybackground_runtime::{background, wait_idle};
    /// # use std::{sync::Mutex, time::Duration};
    /// # static GATE: Mutex<()> = Mutex::new(());
    /// # let closed = GATE.lock().unwrap();
    /// #[background(limit = 1)]
    /// fn one_at_a_time() {
    ///     drop(GATE.lock());
    /// }
    ///
    /// let (_runs, _waits) = (one_at_a_time(), one_at_a_time());
    /// let unfinished = wait_idle(Duration::from_millis(1)).unwrap_err();
    /// assert!(unfinished.called_at().all(|site| site.file() == file!()));
    /// # drop(closed);
    /// ```
    #[must_use]
    pub fn called_at(&self) -> impl ExactSizeIterator<Item = &'static Location<'static>> {
        self.calls().into_iter().map(|(call, _)| call.site())
    }

    /// How many `async` bodies waited to be woken.
    ///
    /// ```
    /// use pybackground_runtime::{background, wait_idle};
    /// use std::time::Duration;
    ///
    /// #[background]
    /// async fn never() {
    ///     std::future::pending().await
    /// }
    ///
    /// let _x = never();
    /// # while pybackground_runtime::snapshot().suspended() == 0 { std::thread::yield_now() }
    /// let unfinished = wait_idle(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(unfinished.suspended(), 1);
    /// ```
    #[must_use]
    pub fn suspended(&self) -> usize {
        self.suspended.values().sum()
    }

    /// How many calls waited for their turn: for a slot of their function's `limit`, or for a process.
    ///
    /// ```
    /// # use pybackground_runtime::{background, wait_idle};
    /// # use std::{sync::Mutex, time::Duration};
    /// # static GATE: Mutex<()> = Mutex::new(());
    /// # let closed = GATE.lock().unwrap();
    /// #[background(limit = 1)]
    /// fn one_at_a_time() {
    ///     drop(GATE.lock());
    /// }
    ///
    /// let (_runs, _waits) = (one_at_a_time(), one_at_a_time());
    /// let unfinished = wait_idle(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(unfinished.held(), 1);
    /// # drop(closed);
    /// ```
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.values().sum()
    }

    /// How many calls waited for their inputs, which are other calls.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, spawn, wait_idle};
    /// # use std::{sync::mpsc, time::Duration};
    /// # let (release, wait) = mpsc::channel::<()>();
    /// let page = spawn(move || wait.recv());
    /// let _length = Lazy::map(page, |_| 0);
    /// let unfinished = wait_idle(Duration::from_millis(1)).unwrap_err();
    /// assert_eq!(unfinished.dependent(), 1);
    /// # drop(release);
    /// ```
    #[must_use]
    pub fn dependent(&self) -> usize {
        self.dependent.values().sum()
    }

    /// How many calls waited for a thread, roughly.
    ///
    /// ```
    /// # use pybackground_runtime::{background, wait_idle};
    /// # use std::{sync::Mutex, time::Duration};
    /// # static GATE: Mutex<()> = Mutex::new(());
    /// # let closed = GATE.lock().unwrap();
    /// #[background(limit = 1)]
    /// fn one_at_a_time() {
    ///     drop(GATE.lock());
    /// }
    ///
    /// let (_runs, _waits) = (one_at_a_time(), one_at_a_time());
    /// let unfinished = wait_idle(Duration::from_millis(1)).unwrap_err();
    /// println!("{} calls waited for a thread", unfinished.queued());
    /// # drop(closed);
    /// ```
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }

    fn calls(&self) -> Vec<(Call, usize)> {
        let calls =
            self.running.iter().chain(&self.suspended).chain(&self.held).chain(&self.dependent);
        calls.map(|(call, bodies)| (*call, *bodies)).collect()
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {}, {}, {}, {}",
            Count(self.running.values().sum::<usize>(), "body still runs", "bodies still run"),
            Count(self.suspended(), "async one waits", "async ones wait"),
            Count(self.queued, "call is queued", "calls are queued"),
            Count(self.held(), "waits for its turn", "wait for their turn"),
            Count(self.dependent(), "for its inputs", "for their inputs"),
        )?;
        for (at, (call, bodies)) in self.calls().into_iter().enumerate() {
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

#[cfg(all(test, pybackground_shuttle))]
#[path = "models/shutdown.rs"]
mod model;
