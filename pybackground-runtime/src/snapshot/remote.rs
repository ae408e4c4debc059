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
}

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
        }
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
        Ok(())
    }
}

type Report = fn() -> Option<RemoteReport>;

/// What reports, once there was a call.
static REPORT: OnceLock<Report> = OnceLock::new();

/// Has `report` asked by snapshots.
pub(crate) fn report_remote_by(report: Report) {
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
}
