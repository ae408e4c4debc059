//! What the threads are doing, for a person who looks.
//!
//! | file | subject |
//! |---|---|
//! | `stack` | the bodies on one thread, and what it waits for |
//! | `held` | calls that their function's limit, or an input, holds back |
//! | `report` | the snapshot as a table; printing one when a wait takes long |

mod held;
mod report;
mod stack;

use std::collections::BTreeMap;
use std::panic::Location;

use crate::call::Call;
use crate::cancel::overruns;
use crate::pool::crew;
use crate::runtime::{self, Runtime};
use crate::stacks;
pub use held::Held;
pub(crate) use report::report_wait;
pub use stack::{Stack, Wait};

/// How many calls are looked up that wait to be woken. Nobody else can begin to wait meanwhile.
const SUSPENDED_CALLS: usize = 1000;

/// What the threads are doing now; its `Display` is a report to read.
///
/// The threads go on while they are looked at, so what comes and goes meanwhile may be missing.
///
/// ```
/// use pybackground_runtime::{Lazy, snapshot, spawn};
/// use std::sync::mpsc;
/// use std::time::Duration;
///
/// let (release, wait) = mpsc::channel::<()>();
/// let (start, started) = mpsc::channel();
/// let x = spawn(move || {
///     start.send(()).unwrap();
///     wait.recv()
/// });
/// started.recv().unwrap();
/// let x = Lazy::with_timeout(x, Duration::from_millis(1));
/// assert!(Lazy::wait(&x).unwrap_err().is_timeout());
///
/// // The call has timed out, but nobody can stop its body, which still waits.
/// let report = snapshot();
/// assert_eq!(report.overrunning().len(), 1);
/// println!("{report}");
/// release.send(()).unwrap();
/// ```
#[must_use]
pub fn snapshot() -> Snapshot {
    let (overrunning, overruns) = overruns::read();
    let runtime = runtime::existing();
    let pool = runtime.map(Runtime::pool);
    let (threads, queued) = pool.map_or((0, 0), |pool| (pool.threads(), pool.waiting()));
    let max_threads = pool.map(|pool| pool.max_threads());
    let is_starved = pool.is_some_and(|pool| pool.is_starved());
    let (threads, queued) = (threads + crew::threads(), queued + crew::waiting());
    let held = Held::all(runtime.map(Runtime::held_calls).unwrap_or_default());
    let overrunning =
        overrunning.into_iter().map(|(call, bodies)| Overrun { call, bodies }).collect();
    let dependent = Held::all(stacks::DEPENDENT.calls());
    let suspended = stacks::SUSPENDED.count();
    let suspended_calls = Held::all(stacks::SUSPENDED.some_calls(SUSPENDED_CALLS));
    Snapshot {
        threads,
        max_threads,
        is_starved,
        queued,
        suspended,
        suspended_calls,
        held,
        dependent,
        stacks: stacks(),
        overrunning,
        overruns,
    }
}

/// The threads that run bodies or wait for calls.
fn stacks() -> Vec<Stack> {
    let waits = runtime::existing().map(|_| runtime::waits().read()).unwrap_or_default();
    let mut waits: BTreeMap<usize, _> = waits.into_iter().map(|wait| (wait.thread, wait)).collect();
    let mut stacks: Vec<Stack> = stacks::stacks()
        .into_iter()
        .map(|stack| {
            let wait = waits.remove(&stack.number);
            Stack::new(stack, wait)
        })
        .collect();
    let outside = waits.into_values();
    stacks.extend(outside.filter_map(|wait| {
        let stack = stacks::stack_of(wait.thread)?;
        Some(Stack::new(stack, Some(wait)))
    }));
    stacks
}

/// A reading of the runtime; see [`snapshot`].
///
/// ```
/// use pybackground_runtime::{Snapshot, snapshot};
///
/// let report: Snapshot = snapshot();
/// assert_eq!(report.threads(), 0);
/// println!("{report}");
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    threads: usize,
    max_threads: Option<usize>,
    is_starved: bool,
    queued: usize,
    suspended: usize,
    suspended_calls: Vec<Held>,
    held: Vec<Held>,
    dependent: Vec<Held>,
    stacks: Vec<Stack>,
    overrunning: Vec<Overrun>,
    overruns: u64,
}

/// Bodies of one function and call site that run although their call has timed out or was cancelled.
///
/// ```
/// use pybackground_runtime::{Lazy, Overrun, background, snapshot};
/// use std::sync::mpsc;
///
/// fn deaf(start: mpsc::Sender<()>, wait: mpsc::Receiver<()>) {
///     start.send(()).unwrap();
///     let _ = wait.recv();
/// }
///
/// let (release, wait) = mpsc::channel::<()>();
/// let (start, started) = mpsc::channel();
/// let x = background(deaf)(start, wait);
/// started.recv().unwrap();
/// Lazy::cancel(&x);
/// let report = snapshot();
/// let overrun: &Overrun = &report.overrunning()[0];
/// assert!(overrun.function().ends_with("deaf"));
/// drop(release);
/// ```
#[derive(Clone, Debug)]
pub struct Overrun {
    call: Call,
    bodies: usize,
}

impl Snapshot {
    /// How many threads the runtime has, working or idle, those of scopes included.
    ///
    /// ```
    /// assert_eq!(pybackground_runtime::snapshot().threads(), 0, "there was no call yet");
    /// ```
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// How many threads there may be: as configured, or as many as the system last gave. `None` before
    /// the first call.
    ///
    /// There are more if all of them wait for calls: then only one more can end the waiting.
    ///
    /// ```
    /// use pybackground_runtime::{configure, snapshot, spawn};
    ///
    /// configure().max_threads(64).install().unwrap();
    /// assert_eq!(spawn(|| 1), 1);
    /// assert_eq!(snapshot().max_threads(), Some(64));
    /// ```
    #[must_use]
    pub fn max_threads(&self) -> Option<usize> {
        self.max_threads
    }

    /// Whether calls wait for a thread although there are as many as there may be, and each of them runs
    /// a body or waits for a call: [`stacks`](Snapshot::stacks) tells which.
    ///
    /// ```
    /// assert!(!pybackground_runtime::snapshot().is_starved());
    /// ```
    #[must_use]
    pub fn is_starved(&self) -> bool {
        self.is_starved
    }

    /// How many calls wait for a thread, roughly.
    ///
    /// ```
    /// assert_eq!(pybackground_runtime::snapshot().queued(), 0);
    /// ```
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// How many `async` bodies wait to be woken, and so hold no thread.
    ///
    /// ```
    /// assert_eq!(pybackground_runtime::snapshot().suspended(), 0);
    /// ```
    #[must_use]
    pub fn suspended(&self) -> usize {
        self.suspended
    }

    /// The calls whose `async` bodies wait to be woken; of very many, a thousand.
    ///
    /// ```
    /// assert!(pybackground_runtime::snapshot().suspended_calls().is_empty());
    /// ```
    #[must_use]
    pub fn suspended_calls(&self) -> &[Held] {
        &self.suspended_calls
    }

    /// The calls that wait for their turn, and so not yet for a thread: for a slot of their function's
    /// `limit`, or with `process`, until fewer calls have a process than there may be processes.
    ///
    /// ```
    /// assert!(pybackground_runtime::snapshot().held().is_empty());
    /// ```
    #[must_use]
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    /// The calls that wait for their inputs, which are other calls, and so not yet for a thread: see
    /// [`Lazy::map`](crate::Lazy::map).
    ///
    /// ```
    /// assert!(pybackground_runtime::snapshot().dependent().is_empty());
    /// ```
    #[must_use]
    pub fn dependent(&self) -> &[Held] {
        &self.dependent
    }

    /// The threads that run bodies or wait for calls, those from outside last.
    ///
    /// ```
    /// assert!(pybackground_runtime::snapshot().stacks().is_empty());
    /// ```
    #[must_use]
    pub fn stacks(&self) -> &[Stack] {
        &self.stacks
    }

    /// The bodies that run although their call has timed out or was cancelled. Those that ran in a process
    /// of their own do not: it is killed.
    ///
    /// ```
    /// assert!(pybackground_runtime::snapshot().overrunning().is_empty());
    /// ```
    #[must_use]
    pub fn overrunning(&self) -> &[Overrun] {
        &self.overrunning
    }

    /// How many bodies ever ran on after their call had timed out or was cancelled, for however
    /// short a time.
    ///
    /// ```
    /// assert_eq!(pybackground_runtime::snapshot().overruns(), 0);
    /// ```
    #[must_use]
    pub fn overruns(&self) -> u64 {
        self.overruns
    }
}

impl Overrun {
    /// The path of the function.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, background, snapshot};
    /// # use std::sync::mpsc;
    /// # let (release, wait) = mpsc::channel::<()>();
    /// # let (start, started) = mpsc::channel();
    /// # let deaf = background(deaf);
    /// # fn deaf(start: mpsc::Sender<()>, wait: mpsc::Receiver<()>) {
    /// #     start.send(()).unwrap();
    /// #     let _ = wait.recv();
    /// # }
    /// let x = deaf(start, wait);
    /// # started.recv().unwrap();
    /// Lazy::cancel(&x);
    /// let report = snapshot();
    /// assert!(report.overrunning()[0].function().ends_with("deaf"));
    /// # drop(release);
    /// ```
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.call.function()
    }

    /// Where it was called.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, background, snapshot};
    /// # use std::sync::mpsc;
    /// # let (release, wait) = mpsc::channel::<()>();
    /// # let (start, started) = mpsc::channel();
    /// # let deaf = background(deaf);
    /// # fn deaf(start: mpsc::Sender<()>, wait: mpsc::Receiver<()>) {
    /// #     start.send(()).unwrap();
    /// #     let _ = wait.recv();
    /// # }
    /// let x = deaf(start, wait);
    /// # started.recv().unwrap();
    /// Lazy::cancel(&x);
    /// let report = snapshot();
    /// assert_eq!(report.overrunning()[0].called_at().file(), file!());
    /// # drop(release);
    /// ```
    #[must_use]
    pub fn called_at(&self) -> &'static Location<'static> {
        self.call.site()
    }

    /// How many of its bodies run on.
    ///
    /// ```
    /// # use pybackground_runtime::{Lazy, background, snapshot};
    /// # use std::sync::mpsc;
    /// # let (release, wait) = mpsc::channel::<()>();
    /// # let (start, started) = mpsc::channel();
    /// # let deaf = background(deaf);
    /// # fn deaf(start: mpsc::Sender<()>, wait: mpsc::Receiver<()>) {
    /// #     start.send(()).unwrap();
    /// #     let _ = wait.recv();
    /// # }
    /// let x = deaf(start, wait);
    /// # started.recv().unwrap();
    /// Lazy::cancel(&x);
    /// let report = snapshot();
    /// assert_eq!(report.overrunning()[0].bodies(), 1);
    /// # drop(release);
    /// ```
    #[must_use]
    pub fn bodies(&self) -> usize {
        self.bodies
    }
}
