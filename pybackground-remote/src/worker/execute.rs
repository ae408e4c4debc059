//! Running a body and storing its result.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use pybackground_runtime::__engine::RemoteOutcome;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::begin::Begin;
use super::serve::Worker;
use super::state::Delivery;
use crate::blobs::{self, Part};
use crate::lost::lost;
use crate::server::{LIMIT, Refused};
use crate::wire::{Blob, ResultHead, Times};

/// The pause before a result is stored again.
const PAUSE: Duration = Duration::from_millis(100);

/// How often a result is sent that the server refuses for good.
const MOST_REFUSALS: u32 = 50;

/// What became of a call.
pub(super) enum End {
    /// Its result is stored, or nobody wants one.
    Finished,
    /// Another worker has it.
    Elsewhere,
    /// Its caller has ended.
    Unwanted,
    /// Any worker may have it.
    HandedBack,
}

/// Runs a call that has a slot, and gives the slot back.
pub(super) async fn execute(worker: Rc<Worker>, call: Delivery, stopped: oneshot::Receiver<()>) {
    let begin = Instant::now();
    let end = tokio::select! {
        biased;
        _ = stopped => End::Finished,
        end = run(&worker, &call) => end,
    };
    let is_finished = matches!(end, End::Finished);
    let acknowledge = worker.state.borrow_mut().release(&call, begin.elapsed(), is_finished);
    worker.settle(acknowledge, &end).await;
    worker.go_on().await;
}

async fn run(worker: &Worker, call: &Delivery) -> End {
    if !worker.lives(&call.key.client).await {
        return End::Unwanted;
    }
    let mut times = Times { waited: call.since.elapsed(), ran: Duration::ZERO };
    let (outcome, attempts) = match worker.begin(call).await {
        Begin::HasResult => return End::Finished,
        Begin::HeldElsewhere => return End::Elsewhere,
        Begin::Start { attempt } => {
            let begin = Instant::now();
            times.waited = call.since.elapsed();
            let outcome = body(worker, call).await;
            times.ran = begin.elapsed();
            (outcome, attempt)
        }
        Begin::Lost { attempts } => (lost(None, call.head.retry, attempts), attempts),
        Begin::Denied { why } => (
            RemoteOutcome::unreachable(format!("the worker may not store what it needs; {why}")),
            0,
        ),
    };
    if let Some(answer) = outcome.into_bytes() {
        store(worker, call, (attempts, times), answer).await;
    }
    End::Finished
}

/// Runs the body in a child.
async fn body(worker: &Worker, call: &Delivery) -> RemoteOutcome {
    let arguments = if call.head.is_blob {
        match fetch(worker, call).await {
            Ok(arguments) => arguments,
            Err(why) => {
                return RemoteOutcome::unsendable(
                    false,
                    format!("they could not be fetched: {why}"),
                );
            }
        }
    } else {
        call.arguments.clone()
    };
    let running = worker.bodies.run(call.function, arguments);
    match call.head.run_timeout() {
        None => running.await,
        // Dropped, the body is killed.
        Some(time) => timeout(time, running).await.unwrap_or_else(|_| RemoteOutcome::overran(time)),
    }
}

/// Fetches the arguments of a call that are too large for its message.
async fn fetch(worker: &Worker, call: &Delivery) -> Result<Vec<u8>, String> {
    let Worker { server, names, .. } = worker;
    let blob = Blob::read(&call.arguments).ok_or("the call does not say where they are")?;
    blobs::get(server, names, (&call.key, Part::Arguments), &blob).await
}

/// Stores the answer. The first one of a call is the one that counts.
pub(super) async fn store(
    worker: &Worker,
    call: &Delivery,
    (attempts, times): (u32, Times),
    answer: Vec<u8>,
) {
    let is_blob = blobs::is_needed(&worker.server, answer.len());
    let (is_blob, content) = if is_blob {
        let size = answer.len();
        match put(worker, call, answer.into()).await {
            Ok(blob) => (true, blob.to_bytes()),
            Err(why) => {
                let why = format!("{size} bytes could not be stored: {why}");
                (false, RemoteOutcome::unsendable(true, why).into_bytes().unwrap_or_default())
            }
        }
    } else {
        (false, answer)
    };
    let head = ResultHead::new(&worker.name, attempts, is_blob, times);
    let content = Bytes::from(head.with(&content));
    let subject = worker.names.result(&call.key);
    for refusals in 0.. {
        match worker.server.store(subject.clone(), None, content.clone()).await {
            Ok(_) | Err(Refused::Taken) => return,
            // Nobody can be told.
            Err(Refused::Missing | Refused::Denied(_) | Refused::Other(_))
                if refusals >= MOST_REFUSALS =>
            {
                return;
            }
            Err(_) => sleep(PAUSE).await,
        }
    }
}

/// Stores an answer that is too large for a message.
async fn put(worker: &Worker, call: &Delivery, answer: Bytes) -> Result<Blob, String> {
    let Worker { server, settings, names, .. } = worker;
    let mut refusals = 0;
    loop {
        let what = (&call.key, Part::Result);
        let put = blobs::put(server, settings, names, what, answer.clone()).await;
        refusals += 1;
        if put.is_ok() || refusals == MOST_REFUSALS {
            return put;
        }
        sleep(PAUSE).await;
    }
}

impl Worker {
    /// Says to the server what became of a call.
    pub(super) async fn settle(&self, acknowledge: Option<String>, end: &End) {
        let Some(acknowledge) = acknowledge else { return };
        let word = match end {
            End::Finished => "+ACK",
            End::Unwanted => "+TERM",
            End::Elsewhere => "-NAK {\"delay\": 2000000000}",
            End::HandedBack => "-NAK",
        };
        self.say(acknowledge, word).await;
    }

    /// Acknowledges a message, in one of the server's words.
    pub(super) async fn say(&self, acknowledge: String, word: &'static str) {
        let said = self.server.client.publish(acknowledge, word.into());
        let _ = timeout(LIMIT, said).await;
    }
}
