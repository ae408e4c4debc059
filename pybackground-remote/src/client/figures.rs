//! What a snapshot says of the calls. Threads that take snapshots read it while the thread that sends calls goes on.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pybackground_runtime::__engine::{RemoteReport, WorkerReport};

use crate::wire::WorkerFigures;

/// How many workers are remembered at most.
const MOST_WORKERS: usize = 10_000;

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
    /// Calls that were withdrawn, which the thread has not seen yet.
    withdrawn: usize,
    /// Calls that were withdrawn, which the server does not know yet.
    withdrawing: usize,
    /// What each worker said last.
    workers: BTreeMap<String, (WorkerFigures, Instant)>,
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

    /// A call is withdrawn.
    pub(super) fn note_withdrawn(&self) {
        self.state().withdrawn += 1;
    }

    /// The thread has seen that a call was withdrawn.
    pub(super) fn note_withdrawal_taken_over(&self) {
        self.state().withdrawn -= 1;
    }

    /// How many calls were withdrawn that the server does not know yet.
    pub(super) fn note_withdrawing(&self, calls: usize) {
        self.state().withdrawing = calls;
    }

    /// A worker says how it is.
    pub(super) fn note_worker(&self, figures: WorkerFigures) {
        let workers = &mut self.state().workers;
        if workers.len() < MOST_WORKERS || workers.contains_key(&figures.id) {
            workers.insert(figures.id.clone(), (figures, Instant::now()));
        }
    }

    /// Returns the machine and the process of a worker.
    pub(super) fn name_of(&self, worker: &str) -> Option<String> {
        self.state().workers.get(worker).map(|(figures, _)| figures.name.clone())
    }

    /// Forgets the workers that have not answered for so long.
    pub(super) fn forget_workers(&self, silent_for: Duration) {
        self.state().workers.retain(|_, (_, since)| since.elapsed() < silent_for);
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
        report.withdrawing = state.withdrawn + state.withdrawing;
        report.workers = state.workers.values().map(|(said, at)| of_worker(said, *at)).collect();
        report.workers.sort_by(|one, other| one.name.cmp(&other.name));
        report
    }
}

fn of_worker(said: &WorkerFigures, at: Instant) -> WorkerReport {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let mut report = WorkerReport::new(said.name.clone(), count(said.slots));
    report.running = count(said.running);
    report.waiting = count(said.waiting);
    report.finished = said.finished;
    report.oldest = said.oldest.map(Duration::from_micros);
    report.answered = at.elapsed();
    report
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

    #[test]
    fn worker_that_is_silent_is_forgotten() {
        let figures = Figures::default();
        for (id, name) in [("c1", "box:7"), ("c2", "box:6"), ("c1", "box:7")] {
            figures.note_worker(WorkerFigures::new(id, name));
        }
        let workers = figures.report("nats://box").workers;
        let names: Vec<&str> = workers.iter().map(|worker| &*worker.name).collect();
        assert_eq!(names, ["box:6", "box:7"]);
        figures.forget_workers(Duration::from_secs(3600));
        assert_eq!(figures.report("nats://box").workers.len(), 2);
        figures.forget_workers(Duration::ZERO);
        assert_eq!(figures.report("nats://box").workers, []);
    }

    #[test]
    fn withdrawn_call_counts_until_the_server_knows_it() {
        let figures = Figures::default();
        let withdrawing = || figures.report("nats://box").withdrawing;
        figures.note_withdrawn();
        assert_eq!(withdrawing(), 1);
        figures.note_withdrawing(1);
        figures.note_withdrawal_taken_over();
        assert_eq!(withdrawing(), 1);
        figures.note_withdrawing(0);
        assert_eq!(withdrawing(), 0);
    }
}
