//! The server delivers a call again if its worker is silent. That worker may still run the body.
//!
//! Before such a call gets a slot, this worker asks the others whether one of them holds it, and waits for their answers.
//! A worker that dies leaves as many calls as it held. To ask about one call after the other would add up the waits. So this
//! worker asks about all of them at once, and keeps no slot meanwhile.

use std::rc::Rc;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::begin::PAUSE;
use super::execute::{End, store};
use super::serve::Worker;
use super::state::Delivery;
use crate::lost::lost;
use crate::server::{LIMIT, Refused};
use crate::wire::Times;

/// How long other workers have to say that they hold a call.
const PATIENCE: Duration = Duration::from_millis(300);

/// What became of the start of a body elsewhere.
pub(super) enum Other {
    HasResult,
    /// Another worker has the call, or may have it.
    Holds,
    /// No worker has the call, and there was no result before they were asked.
    Disappeared,
}

/// Finds out about a call that was delivered before. If its body may start, it then waits for a slot.
pub(super) async fn vet(worker: Rc<Worker>, mut call: Delivery, stopped: oneshot::Receiver<()>) {
    let end = tokio::select! {
        biased;
        _ = stopped => Some(End::Finished),
        end = end_without_slot(&worker, &call) => end,
    };
    let is_draining = worker.state.borrow().is_draining;
    match end.or(is_draining.then_some(End::HandedBack)) {
        None => {
            call.is_vetted = true;
            worker.state.borrow_mut().enqueue(call);
        }
        Some(end) => {
            let is_finished = matches!(end, End::Finished);
            let acknowledge = worker.state.borrow_mut().dismiss(&call, is_finished);
            worker.settle(acknowledge, &end).await;
        }
    }
    worker.go_on().await;
}

/// Returns what becomes of a call that gets no slot. `None` if its body may start.
async fn end_without_slot(worker: &Worker, call: &Delivery) -> Option<End> {
    if !worker.lives(&call.key.client).await {
        return Some(End::Unwanted);
    }
    let starts_once = call.head.retry == 0;
    if starts_once && !worker.has_begun(call).await {
        return None;
    }
    match worker.other_start(call).await {
        Other::HasResult => Some(End::Finished),
        Other::Holds => Some(End::Elsewhere),
        Other::Disappeared if starts_once => {
            let waited = call.since.elapsed();
            let times = Times { waited, ran: Duration::ZERO };
            let answer = lost(None, call.head.retry, 1).into_bytes().unwrap_or_default();
            store(worker, call, (1, times), answer).await;
            Some(End::Finished)
        }
        Other::Disappeared => None,
    }
}

impl Worker {
    /// Finds out what became of the start of a body that this worker did not start.
    pub(super) async fn other_start(&self, call: &Delivery) -> Other {
        if self.has_result(call).await {
            return Other::HasResult;
        }
        // A worker that has the call may have lost the server, too, and not be back.
        let lost_at = self.connection_lost_at.get();
        let may_be_away = lost_at.is_some_and(|at| at.elapsed() < self.settings.lost_after);
        if may_be_away || self.is_held_elsewhere(call).await {
            return Other::Holds;
        }
        // It may have ended meanwhile.
        if self.has_result(call).await { Other::HasResult } else { Other::Disappeared }
    }

    /// Whether the stream has the result of a call.
    pub(super) async fn has_result(&self, call: &Delivery) -> bool {
        self.has_stored(self.names.result(&call.key)).await
    }

    /// Whether the stream has the mark of the start of a body.
    async fn has_begun(&self, call: &Delivery) -> bool {
        self.has_stored(self.names.begun(&call.key)).await
    }

    /// Whether the stream has a message of a subject. A server that is away says nothing of that.
    async fn has_stored(&self, subject: String) -> bool {
        loop {
            match self.server.last(&self.names.results(), &subject).await {
                Err(Refused::Away) => sleep(PAUSE).await,
                content => return content.is_ok(),
            }
        }
    }

    /// Asks the other workers.
    async fn is_held_elsewhere(&self, call: &Delivery) -> bool {
        loop {
            let losses = self.server.losses();
            self.held_elsewhere.borrow_mut().remove(&call.key);
            let question = format!("{}\n{}", self.id, call.key);
            let asked = self.server.client.publish(self.names.who(), question.into());
            let _ = timeout(LIMIT, asked).await;
            sleep(PATIENCE).await;
            let is_held = self.held_elsewhere.borrow_mut().remove(&call.key);
            // The question or the answer may have been lost with the connection.
            if is_held || self.server.losses() == losses {
                return is_held;
            }
        }
    }
}
