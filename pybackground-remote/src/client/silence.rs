//! Workers that fall silent while they run a body that starts at most once.
//!
//! Nothing but its worker can answer such a call. The server gives the call to another worker only when that one has a
//! free slot, and to none if there is none. So the caller watches, too: the mark of a start names the worker, and each
//! worker gives a sign of life every second while calls are in flight.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use async_nats::Message;
use futures_util::{StreamExt as _, stream};
use tokio::task::spawn_local;
use tokio::time::Instant;

use super::audit::{AT_ONCE, held_by_none};
use super::run::Client;
use crate::lost::lost;
use crate::server::Refused;
use crate::wire::worker_of_mark;

/// How many workers are remembered at most.
const MOST_WORKERS: usize = 10_000;

/// How often all workers are asked for the calls of one that is silent.
const QUESTIONS: u32 = 2;

/// The last sign of life of each worker.
#[derive(Default)]
pub(super) struct Signs {
    last: RefCell<HashMap<String, Instant>>,
    /// No sign is older. A later one does not change it.
    oldest: Cell<Option<Instant>>,
}

impl Signs {
    /// A worker gave a sign of life.
    pub(super) fn note(&self, worker: &str, now: Instant) {
        let mut last = self.last.borrow_mut();
        if let Some(last) = last.get_mut(worker) {
            *last = now;
        } else if last.len() < MOST_WORKERS {
            last.insert(worker.to_owned(), now);
            self.oldest.set(self.oldest.get().or(Some(now)));
        }
    }

    /// Counts the silence of all workers from now.
    pub(super) fn start_again(&self, now: Instant) {
        self.last.borrow_mut().values_mut().for_each(|last| *last = now);
    }

    /// Returns when a worker may have been silent for so long.
    pub(super) fn ends_at(&self, lost_after: Duration) -> Option<Instant> {
        self.oldest.get().map(|oldest| oldest + lost_after)
    }

    /// Takes the workers that have been silent for so long.
    fn take_silent(&self, now: Instant, lost_after: Duration) -> HashSet<String> {
        let mut last = self.last.borrow_mut();
        let is_silent =
            |(_, last): &(&String, &Instant)| now.saturating_duration_since(**last) >= lost_after;
        let silent: HashSet<String> =
            last.iter().filter(is_silent).map(|(worker, _)| worker.clone()).collect();
        last.retain(|worker, _| !silent.contains(worker));
        self.oldest.set(last.values().min().copied());
        silent
    }
}

impl Client {
    /// Notes which worker has started a body.
    pub(super) fn note_mark(&self, message: &Message) {
        // The mark of a later start has another form. With `retry` the server gives the call to another worker.
        let number = message.subject.rsplit('.').next().and_then(|number| number.parse().ok());
        if let Some(number) = number {
            self.note_start(number, &message.payload);
        }
    }

    /// Notes by the content of a mark which worker has started the body of a call.
    pub(super) fn note_start(&self, number: u64, mark: &[u8]) {
        if let Some(worker) = worker_of_mark(mark)
            && let Some(call) = self.calls.borrow_mut().get_mut(number)
        {
            self.signs.note(worker, Instant::now());
            call.started_by = Some(worker.into());
        }
    }

    /// Looks for the calls of the workers that have been silent for too long.
    pub(super) fn check_silent(self: &Rc<Self>) {
        let silent = self.signs.take_silent(Instant::now(), self.settings.lost_after);
        let calls: Vec<u64> = {
            let is_silent = |worker: &Rc<str>| silent.contains(&**worker);
            let calls = self.calls.borrow();
            let calls =
                calls.iter().filter(|(_, call)| call.started_by.as_ref().is_some_and(is_silent));
            calls.map(|(number, _)| number).collect()
        };
        if !calls.is_empty() {
            spawn_local(judge(self.clone(), calls));
        }
    }

    /// The worker of a call counts as alive for a while.
    fn note_sign_for(&self, number: u64) {
        let calls = self.calls.borrow();
        if let Some(worker) = calls.get(number).and_then(|call| call.started_by.as_deref()) {
            self.signs.note(worker, Instant::now());
        }
    }
}

/// Answers the calls that no worker has and that have no result.
async fn judge(client: Rc<Client>, calls: Vec<u64>) {
    let losses = client.server.losses();
    let mut nowhere = calls.clone();
    for _ in 0..QUESTIONS {
        nowhere = held_by_none(&client, nowhere).await;
    }
    let results = stream::iter(&nowhere).map(|number| {
        let (client, subject) = (&client, client.names.result(&client.key(*number)));
        async move { (*number, client.server.last(&client.names.results(), &subject).await) }
    });
    let results: Vec<_> = results.buffer_unordered(AT_ONCE).collect().await;
    // The questions or the answers may have been lost with the connection.
    let is_certain = client.server.losses() == losses;
    for (number, result) in results {
        match result {
            Ok(result) => client.complete(number, &result),
            Err(Refused::Missing) if is_certain => client.answer_lost(number),
            Err(_) => {}
        }
    }
    // Those that are left are looked for again when their worker is still silent then.
    for number in calls {
        client.note_sign_for(number);
    }
}

impl Client {
    fn answer_lost(self: &Rc<Self>, number: u64) {
        let worker = self.calls.borrow().get(number).and_then(|call| call.started_by.clone());
        let name = worker.and_then(|worker| self.figures.name_of(&worker));
        self.withdraw_with(number, lost(name.as_deref(), 0, 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOST_AFTER: Duration = Duration::from_secs(10);

    #[test]
    fn worker_without_a_sign_is_silent() {
        let signs = Signs::default();
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let silent = |seconds| {
            let mut silent: Vec<String> =
                signs.take_silent(at(seconds), LOST_AFTER).into_iter().collect();
            silent.sort();
            silent
        };
        assert_eq!(signs.ends_at(LOST_AFTER), None);
        signs.note("a", at(0));
        signs.note("b", at(1));
        signs.note("b", at(5));
        assert_eq!(signs.ends_at(LOST_AFTER), Some(at(10)));
        assert!(silent(9).is_empty());
        assert_eq!(silent(10), ["a"]);
        assert_eq!(signs.ends_at(LOST_AFTER), Some(at(15)));
        signs.start_again(at(12));
        assert!(silent(15).is_empty());
        assert_eq!(signs.ends_at(LOST_AFTER), Some(at(22)));
        assert_eq!(silent(22), ["b"]);
        assert_eq!(signs.ends_at(LOST_AFTER), None);
    }
}
