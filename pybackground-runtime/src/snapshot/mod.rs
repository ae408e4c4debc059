//! What the threads are doing, for a person to read.
//!
//! | file | subject |
//! |---|---|
//! | `stack` | the bodies on one thread, and what the thread waits for |
//! | `call_count` | a call and how many there are of it |
//! | `function` | with the feature `counters`: the counters of a function |
//! | `remote` | with the feature `remote`: how the calls on other machines are, and how their workers are |
//! | `report` | the snapshot as a table |
//! | `long_wait` | reporting a wait that takes long |

mod call_count;
#[cfg(feature = "counters")]
mod function;
mod long_wait;
#[cfg(feature = "remote")]
mod remote;
mod report;
mod stack;

use crate::cancel::overruns;
use crate::runtime::{self, Runtime};
use crate::stacks;
use crate::task::{DEPENDENT, SUSPENDED};
pub use call_count::CallCount;
#[cfg(feature = "counters")]
pub use function::FunctionCounts;
pub(crate) use long_wait::{WaitReporter, WaitsFor};
#[cfg(feature = "remote")]
pub(crate) use remote::report_remote_by;
#[cfg(feature = "remote")]
pub use remote::{RemoteReport, WorkerReport};
pub use stack::{Stack, Wait};

/// How many suspended calls a snapshot looks up. No call can be suspended meanwhile.
const SUSPENDED_CALLS: usize = 1000;

/// Returns what the threads are doing now. Its `Display` is a report to read.
///
/// The threads go on while they are looked at, so a call that starts or ends meanwhile may be missing.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Lazy, snapshot, spawn};
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
/// // The call has timed out. Its body cannot be stopped from outside, and still waits.
/// let report = snapshot();
/// assert_eq!(report.overrunning.len(), 1);
/// println!("{report}");
/// release.send(()).unwrap();
/// ```
#[must_use]
pub fn snapshot() -> Snapshot {
    let (overrunning, overruns) = overruns::read();
    let runtime = runtime::existing();
    let pool = runtime.map(Runtime::pool);
    let (threads, queued) = pool.map_or((0, 0), |pool| (pool.threads(), pool.waiting()));
    Snapshot {
        threads,
        max_threads: pool.map(|pool| pool.config().max_threads()),
        is_starved: pool.is_some_and(|pool| pool.is_starved()),
        queued,
        suspended: SUSPENDED.count(),
        suspended_calls: CallCount::of_each(SUSPENDED.some_calls(SUSPENDED_CALLS)),
        held: CallCount::of_each(runtime.map(Runtime::held_calls).unwrap_or_default()),
        dependent: CallCount::of_each(DEPENDENT.calls()),
        stacks: stacks(),
        overrunning: CallCount::list(&overrunning),
        overruns,
        #[cfg(feature = "counters")]
        functions: function::functions(),
        #[cfg(feature = "remote")]
        remote: remote::report(),
    }
}

/// The threads that run bodies or wait for calls.
fn stacks() -> Vec<Stack> {
    let waits = runtime::existing().map(|_| runtime::waits().read()).unwrap_or_default();
    // In their order, as the waits are.
    let threads: Vec<usize> = waits.iter().map(|wait| wait.thread).collect();
    let mut waits: Vec<Option<_>> = waits.into_iter().map(Some).collect();
    let mut stacks: Vec<Stack> = stacks::stacks()
        .into_iter()
        .map(|stack| {
            let place = threads.binary_search(&stack.number);
            let wait = place.ok().and_then(|place| waits[place].take());
            Stack::new(stack, wait)
        })
        .collect();
    stacks.extend(waits.into_iter().flatten().filter_map(|wait| {
        let stack = stacks::stack_of(wait.thread)?;
        Some(Stack::new(stack, Some(wait)))
    }));
    stacks
}

/// A reading of the runtime; see [`snapshot`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Snapshot, configure, snapshot, spawn};
///
/// configure().max_threads(64).install().unwrap();
/// let before: Snapshot = snapshot();
/// assert_eq!((before.threads, before.max_threads), (0, None), "there was no call yet");
/// assert_eq!(spawn(|| 1), 1);
/// assert_eq!(snapshot().max_threads, Some(64));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Snapshot {
    /// How many threads the runtime has, busy or idle, including those of scopes.
    pub threads: usize,
    /// How many threads there may be: as configured, or as many as the system last gave. `None` before
    /// the first call.
    ///
    /// There are more threads if all of them join calls that have not started.
    pub max_threads: Option<usize>,
    /// Whether calls are queued while `max_threads` threads all run bodies or join calls.
    /// [`stacks`](Self::stacks) lists them.
    pub is_starved: bool,
    /// How many calls are queued, roughly.
    pub queued: usize,
    /// How many `async` bodies are suspended. They hold no thread.
    pub suspended: usize,
    /// The calls whose `async` bodies are suspended; at most 1,000 of them.
    pub suspended_calls: Vec<CallCount>,
    /// The calls that are held back: by the `limit` of their function, or with `process`, by the limit on
    /// processes. They are not queued yet.
    pub held: Vec<CallCount>,
    /// The calls that wait for their arguments, which are other calls, and are not queued yet: see
    /// [`Lazy::map`](crate::Lazy::map).
    pub dependent: Vec<CallCount>,
    /// The threads that run bodies or wait for calls. Threads that the runtime did not start come last.
    pub stacks: Vec<Stack>,
    /// The bodies that run although their call has timed out or was cancelled. A body in a process of its
    /// own is not among them: its process is killed.
    pub overrunning: Vec<CallCount>,
    /// How many bodies ever ran on after their call had timed out or was cancelled, for however short
    /// a time.
    pub overruns: u64,
    /// The counters of each function that was called, for a metrics endpoint. They cost a call some atomic additions
    /// and an allocation.
    #[cfg(feature = "counters")]
    #[cfg_attr(docsrs, doc(cfg(feature = "counters")))]
    pub functions: Vec<FunctionCounts>,
    /// How the calls with `remote` are that an engine sends to workers. `None` if there were none for a while, or if
    /// their bodies run in this process or in processes of this machine.
    #[cfg(feature = "remote")]
    #[cfg_attr(docsrs, doc(cfg(feature = "remote")))]
    pub remote: Option<RemoteReport>,
}
