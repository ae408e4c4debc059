//! What the threads are doing, for a person who looks.

pub(crate) mod overruns;

use std::fmt;
use std::panic::Location;

use crate::call::Call;
use crate::pool;

/// What the threads are doing now; its `Display` is a report to read.
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
    let (threads, queued) =
        pool::existing().map_or((0, 0), |pool| (pool.threads(), pool.waiting()));
    let overrunning =
        overrunning.into_iter().map(|(call, bodies)| Overrun { call, bodies }).collect();
    Snapshot { threads, queued, overrunning, overruns }
}

/// A reading of the runtime; see [`snapshot`].
#[derive(Clone, Debug)]
pub struct Snapshot {
    threads: usize,
    queued: usize,
    overrunning: Vec<Overrun>,
    overruns: u64,
}

/// Bodies of one function and call site that run although their call has timed out.
#[derive(Clone, Debug)]
pub struct Overrun {
    call: Call,
    bodies: usize,
}

impl Snapshot {
    /// How many threads the runtime has, working or idle.
    ///
    /// ```
    /// assert_eq!(pybackground_runtime::snapshot().threads(), 0, "there was no call yet");
    /// ```
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads
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

    /// The bodies that run although their call has timed out.
    ///
    /// ```
    /// assert!(pybackground_runtime::snapshot().overrunning().is_empty());
    /// ```
    #[must_use]
    pub fn overrunning(&self) -> &[Overrun] {
        &self.overrunning
    }

    /// How many bodies ever ran on after their call had timed out.
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
    #[must_use]
    pub fn function(&self) -> &'static str {
        self.call.function()
    }

    /// Where it was called.
    #[must_use]
    pub fn called_at(&self) -> &'static Location<'static> {
        self.call.site()
    }

    /// How many of its bodies run on.
    #[must_use]
    pub fn bodies(&self) -> usize {
        self.bodies
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "pybackground: {} threads, {} calls queued", self.threads, self.queued)?;
        writeln!(
            f,
            "{} bodies ran past their timeout, {} still do",
            self.overruns,
            self.overrunning.iter().map(|o| o.bodies).sum::<usize>()
        )?;
        for overrun in &self.overrunning {
            writeln!(f, "  {} × {}", overrun.bodies, overrun.call)?;
        }
        Ok(())
    }
}
