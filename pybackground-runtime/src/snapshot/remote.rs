//! How the calls on other machines are.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use crate::count::Count;

/// How the calls with `remote` are that an engine sends to workers; see [`Snapshot::remote`](crate::Snapshot::remote).
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{RemoteReport, snapshot};
///
/// let report: Option<RemoteReport> = snapshot().remote;
/// assert!(report.is_none(), "there was no such call");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemoteReport {
    /// The address of the server.
    pub url: String,
    /// For how long there has been a connection. `None` if there is none now.
    pub connected_for: Option<Duration>,
    /// How often the connection was lost and came back.
    pub reconnects: u64,
    /// How many calls have no result yet.
    pub in_flight: usize,
    /// How many of these the server has not taken yet.
    pub unsent: usize,
    /// Whether the server last refused a call because its queue is full. The call is sent again when there is room.
    pub is_queue_full: bool,
    /// How long ago the oldest of the calls without a result was made.
    pub oldest: Option<Duration>,
    /// How many calls were cancelled or have timed out, and may start because the server does not know that yet.
    pub withdrawing: usize,
    /// The workers that have answered. They are asked each second while a call has no result.
    pub workers: Vec<WorkerReport>,
}

/// How a worker is, as it said last; see [`RemoteReport::workers`].
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{WorkerReport, snapshot};
///
/// let workers: Vec<WorkerReport> = snapshot().remote.map(|report| report.workers).unwrap_or_default();
/// assert!(workers.is_empty(), "there was no call with `remote`");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WorkerReport {
    /// The worker's machine and process: `host:pid`.
    pub name: String,
    /// How many bodies it runs at once.
    pub slots: usize,
    /// How many bodies it runs. A body that waits for a call with `remote` lends its slot, so there may be more than slots.
    pub running: usize,
    /// How many calls it has taken that wait for a slot.
    pub waiting: usize,
    /// How many calls it has finished.
    pub finished: u64,
    /// For how long it has had the oldest of its calls, by its clock.
    pub oldest: Option<Duration>,
    /// How long ago it answered.
    pub answered: Duration,
}

impl WorkerReport {
    /// Makes the report of a worker that has no call.
    #[doc(hidden)]
    #[must_use]
    pub fn new(name: String, slots: usize) -> Self {
        let (running, waiting, finished, oldest) = (0, 0, 0, None);
        Self { name, slots, running, waiting, finished, oldest, answered: Duration::ZERO }
    }
}

impl fmt::Display for WorkerReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, slots, running, waiting, finished, .. } = self;
        write!(f, "worker {name}: {running} running in {}", Count(*slots, "slot", "slots"))?;
        write!(f, ", {waiting} waiting, {finished} finished")?;
        if let Some(oldest) = self.oldest {
            write!(f, ", the oldest for {:.3} s", oldest.as_secs_f64())?;
        }
        if self.answered >= SILENT {
            write!(f, "; it has not answered for {:.0} s", self.answered.as_secs_f64())?;
        }
        Ok(())
    }
}

/// After how long without an answer the text says so. Workers are asked each second.
const SILENT: Duration = Duration::from_secs(3);

impl RemoteReport {
    /// Makes the report of an engine that has sent nothing.
    #[doc(hidden)]
    #[must_use]
    pub fn new(url: String) -> Self {
        Self {
            url,
            connected_for: None,
            reconnects: 0,
            in_flight: 0,
            unsent: 0,
            is_queue_full: false,
            oldest: None,
            withdrawing: 0,
            workers: Vec::new(),
        }
    }

    /// Whether calls wait although workers were asked and none has answered.
    fn has_no_worker(&self) -> bool {
        let was_asked = |time: Option<Duration>| time.is_some_and(|time| time >= SILENT);
        self.workers.is_empty() && was_asked(self.connected_for) && was_asked(self.oldest)
    }
}

impl fmt::Display for RemoteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.url)?;
        match self.connected_for {
            Some(time) => write!(f, "connected for {:.3} s", time.as_secs_f64())?,
            None => f.write_str("not connected")?,
        }
        let reconnects = Count(self.reconnects, "reconnect", "reconnects");
        let in_flight = Count(self.in_flight, "call", "calls");
        write!(f, ", {reconnects}, {in_flight} without a result")?;
        if let Some(oldest) = self.oldest {
            write!(f, " (the oldest for {:.3} s)", oldest.as_secs_f64())?;
        }
        if self.unsent > 0 {
            write!(f, ", {} of them not sent", self.unsent)?;
        }
        if self.is_queue_full {
            f.write_str(", the queue is full")?;
        }
        if self.withdrawing > 0 {
            write!(f, ", {} to be withdrawn", Count(self.withdrawing, "call", "calls"))?;
        }
        if self.has_no_worker() {
            f.write_str(", no worker answers")?;
        }
        Ok(())
    }
}

type ReportWorkers = fn() -> Option<RemoteReport>;

/// What reports, once there was a call.
static REPORT: OnceLock<ReportWorkers> = OnceLock::new();

/// Has `report` asked by snapshots.
pub(crate) fn report_remote_by(report: ReportWorkers) {
    let _ = REPORT.set(report);
}

pub(super) fn report() -> Option<RemoteReport> {
    REPORT.get()?()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_says_what_is_wrong() {
        let mut report = RemoteReport::new("nats://box".to_owned());
        assert_eq!(
            report.to_string(),
            "nats://box: not connected, 0 reconnects, 0 calls without a result"
        );
        report.connected_for = Some(Duration::from_millis(1500));
        report.reconnects = 1;
        report.in_flight = 2;
        report.oldest = Some(Duration::from_millis(250));
        report.unsent = 1;
        report.is_queue_full = true;
        assert_eq!(
            report.to_string(),
            "nats://box: connected for 1.500 s, 1 reconnect, 2 calls without a result (the oldest for 0.250 s), \
             1 of them not sent, the queue is full"
        );
    }

    #[test]
    fn report_says_that_no_worker_answers() {
        let mut report = RemoteReport::new("nats://box".to_owned());
        (report.in_flight, report.withdrawing) = (1, 2);
        report.connected_for = Some(Duration::from_secs(4));
        report.oldest = Some(Duration::from_secs(2));
        assert!(report.to_string().ends_with("2 calls to be withdrawn"), "{report}");
        report.oldest = Some(Duration::from_secs(4));
        assert!(report.to_string().ends_with(", no worker answers"), "{report}");
        report.workers.push(WorkerReport::new("box:7".to_owned(), 2));
        assert!(!report.to_string().contains("no worker"), "{report}");
    }

    #[test]
    fn worker_says_what_it_has() {
        let mut worker = WorkerReport::new("box:7".to_owned(), 1);
        assert_eq!(worker.to_string(), "worker box:7: 0 running in 1 slot, 0 waiting, 0 finished");
        worker.slots = 2;
        (worker.running, worker.waiting, worker.finished) = (2, 3, 4);
        worker.oldest = Some(Duration::from_millis(250));
        worker.answered = Duration::from_secs(5);
        assert_eq!(
            worker.to_string(),
            "worker box:7: 2 running in 2 slots, 3 waiting, 4 finished, the oldest for 0.250 s; \
             it has not answered for 5 s"
        );
    }
}
