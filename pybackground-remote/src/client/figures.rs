//! What a snapshot says of the calls. Threads that take snapshots read it while the thread that sends calls goes on.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use pybackground_runtime::__engine::RemoteReport;

/// The figures of one thread that sends calls.
#[derive(Default)]
pub(super) struct Figures(Mutex<State>);

#[derive(Default)]
struct State {
    connected_since: Option<Instant>,
    was_connected: bool,
    reconnects: u64,
    /// Calls that the thread has not seen yet.
    handed_over: usize,
    in_flight: usize,
    unsent: usize,
    oldest: Option<Instant>,
    is_queue_full: bool,
}

impl Figures {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection is there.
    pub(super) fn note_connected(&self) {
        let mut state = self.state();
        if state.was_connected && state.connected_since.is_none() {
            state.reconnects += 1;
        }
        state.was_connected = true;
        state.connected_since.get_or_insert_with(Instant::now);
    }

    /// The connection is lost.
    pub(super) fn note_away(&self) {
        self.state().connected_since = None;
    }

    /// A call is made.
    pub(super) fn note_made(&self) {
        self.state().handed_over += 1;
    }

    /// The thread has seen a call that was made.
    pub(super) fn note_taken_over(&self) {
        self.state().handed_over -= 1;
    }

    /// How many calls have no result, how many of them are not on the server, and when the oldest was made.
    pub(super) fn note_calls(&self, in_flight: usize, unsent: usize, oldest: Option<Instant>) {
        let mut state = self.state();
        (state.in_flight, state.unsent, state.oldest) = (in_flight, unsent, oldest);
    }

    /// Whether the server takes no more calls.
    pub(super) fn note_queue_full(&self, is_full: bool) {
        self.state().is_queue_full = is_full;
    }

    pub(super) fn report(&self, url: &str) -> RemoteReport {
        let state = self.state();
        let mut report = RemoteReport::new(url.to_owned());
        report.connected_for = state.connected_since.map(|since| since.elapsed());
        report.reconnects = state.reconnects;
        report.in_flight = state.in_flight + state.handed_over;
        report.unsent = state.unsent + state.handed_over;
        report.is_queue_full = state.is_queue_full;
        report.oldest = state.oldest.map(|made| made.elapsed());
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_that_comes_back_is_a_reconnect() {
        let figures = Figures::default();
        assert_eq!(figures.report("nats://box").connected_for, None);
        for reconnects in 0..3 {
            // The engine may say twice that it is connected.
            figures.note_connected();
            figures.note_connected();
            let report = figures.report("nats://box");
            assert!(report.connected_for.is_some());
            assert_eq!(report.reconnects, reconnects);
            figures.note_away();
            assert_eq!(figures.report("nats://box").connected_for, None);
        }
    }
}
