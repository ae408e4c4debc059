//! Calls whose result does not come: it was missed, or the call is lost, or no worker serves it.
//!
//! A call that the stream once acknowledged is somewhere: in the stream, with a worker, or its result is there. If it is
//! nowhere for as long as a worker may take to be noticed, then its body was started, or the server forgot the call.

use std::collections::HashSet;
use std::rc::Rc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use pybackground_runtime::__engine::{Function, RemoteOutcome};
use tokio::time::{Instant, sleep, timeout};

use super::calls::Pending;
use super::run::Client;
use super::send::send;
use crate::names::{Key, Names, Served};
use crate::server::{LIMIT, Refused};

/// How old a call is before its message is looked for.
const YOUNG: Duration = Duration::from_secs(1);

/// How many requests are under way at once.
pub(super) const AT_ONCE: usize = 64;

/// How long workers have to say which calls they hold.
const PATIENCE: Duration = Duration::from_millis(300);

/// How many calls workers are asked for at once.
const MOST_ASKED: usize = 500;

/// Looks for the results of all calls, and for the calls that have none.
pub(super) async fn audit(client: Rc<Client>) {
    let (all, old): (Vec<u64>, Vec<(u64, u64)>) = {
        let calls = client.calls.borrow();
        let stored = || {
            let stored = |(number, call): (u64, &Pending)| Some((number, call.stored?));
            calls.iter().filter_map(stored)
        };
        let old = stored().filter(|(_, (_, since))| since.elapsed() >= YOUNG);
        let old = old.map(|(number, (sequence, _))| (number, sequence)).collect();
        (stored().map(|(number, _)| number).collect(), old)
    };
    fetch_results(&client, all).await;
    if client.misses_marks.replace(false) {
        fetch_marks(&client).await;
    }
    let gone = missing_in_stream(&client, &old).await;
    let nowhere = held_by_none(&client, gone).await;
    // A result may have come while the workers were asked.
    fetch_results(&client, nowhere.iter().copied()).await;
    for number in nowhere {
        judge(&client, number);
    }
    refuse_unserved(&client).await;
}

/// Answers the calls whose results the stream has.
async fn fetch_results(client: &Rc<Client>, numbers: impl IntoIterator<Item = u64>) {
    let names = &client.names;
    let fetch = |number| async move {
        let subject = names.result(&client.key(number));
        if let Ok(content) = client.server.last(&names.results(), &subject).await {
            client.complete(number, &content);
        }
    };
    stream::iter(numbers).map(fetch).buffer_unordered(AT_ONCE).for_each(|()| async {}).await;
}

/// Finds out which workers have started the bodies that start at most once.
async fn fetch_marks(client: &Rc<Client>) {
    let names = &client.names;
    let numbers: Vec<u64> = {
        let calls = client.calls.borrow();
        let unmarked = calls.iter().filter(|(_, call)| {
            call.function.retries() == 0 && call.stored.is_some() && call.started_by.is_none()
        });
        unmarked.map(|(number, _)| number).collect()
    };
    let fetch = |number| async move {
        let subject = names.begun(&client.key(number));
        match client.server.last(&names.results(), &subject).await {
            Ok(mark) => client.note_start(number, &mark),
            Err(Refused::Missing) => {}
            // The next audit asks again.
            Err(_) => client.misses_marks.set(true),
        }
    };
    stream::iter(numbers).map(fetch).buffer_unordered(AT_ONCE).for_each(|()| async {}).await;
}

/// Returns the calls that have no result and are not in the stream.
async fn missing_in_stream(client: &Rc<Client>, stored: &[(u64, u64)]) -> Vec<u64> {
    let look = |(number, sequence): (u64, u64)| async move {
        client.calls.borrow().get(number)?;
        // Without an answer nothing is known.
        let has = client.server.has(&client.names.calls(), sequence).await.ok()?;
        if has && let Some(call) = client.calls.borrow_mut().get_mut(number) {
            call.missing = None;
        }
        (!has).then_some(number)
    };
    let looked = stream::iter(stored.iter().copied()).map(look).buffer_unordered(AT_ONCE);
    looked.filter_map(|number| async move { number }).collect().await
}

/// Asks all workers which of the calls they hold; returns the others.
pub(super) async fn held_by_none(client: &Rc<Client>, calls: Vec<u64>) -> Vec<u64> {
    let mut nowhere = Vec::new();
    // Answers to another question would be taken for answers to this one.
    let Ok(_asking) = client.asking.acquire().await else { return nowhere };
    for some in calls.chunks(MOST_ASKED) {
        let keys: Vec<String> = some.iter().map(|number| client.key(*number).to_string()).collect();
        client.held.borrow_mut().clear();
        let question = format!("{}\n{}", client.name, keys.join("\n"));
        let asked = client.server.client.publish(client.names.who(), question.into());
        if !matches!(timeout(LIMIT, asked).await, Ok(Ok(()))) {
            continue;
        }
        sleep(PATIENCE).await;
        let held: HashSet<Key> = client.held.borrow().clone();
        for number in some {
            if held.contains(&client.key(*number)) {
                if let Some(call) = client.calls.borrow_mut().get_mut(*number) {
                    call.missing = None;
                }
            } else {
                nowhere.push(*number);
            }
        }
    }
    nowhere
}

/// Decides about a call that is nowhere.
fn judge(client: &Rc<Client>, number: u64) {
    let repeats = {
        let mut calls = client.calls.borrow_mut();
        let Some(call) = calls.get_mut(number) else { return };
        let since = *call.missing.get_or_insert_with(Instant::now);
        // A worker that lost its connection needs a moment to come back.
        if since.elapsed() < client.settings.lost_after {
            return;
        }
        calls.repeat(number)
    };
    match repeats {
        Ok(()) => {
            tokio::task::spawn_local(send(client.clone(), number));
        }
        Err(repeated) => {
            let why = "the server no longer has the call, no worker has it, and there is no result";
            client.answer(number, RemoteOutcome::lost(why, repeated + 1));
        }
    }
}

/// Ends the calls that wait for too long for the first worker of their function.
async fn refuse_unserved(client: &Rc<Client>) {
    let waiting: Vec<(u64, &'static Function, Served)> = {
        let calls = client.calls.borrow();
        let waits =
            calls.iter().filter(|(_, call)| call.made.elapsed() >= client.settings.unserved_after);
        waits.map(|(number, call)| (number, call.function, call.served.clone())).collect()
    };
    let mut served = HashSet::new();
    for (number, function, place) in waiting {
        // Workers serve the calls at the top, and deeper ones where they are made.
        let place = Served { depth: 0, ..place };
        if served.contains(&place) {
            continue;
        }
        match client.server.has_consumer(&client.names.calls(), &Names::consumer(&place)).await {
            Ok(false) => {
                let why = unserved(client, function, &place).await;
                client.withdraw_with(number, RemoteOutcome::unserved(why));
            }
            Ok(true) => {
                served.insert(place);
            }
            // Without an answer nothing is known.
            Err(_) => return,
        }
    }
}

/// Says what workers serve instead.
async fn unserved(client: &Client, function: &Function, place: &Served) -> String {
    let name = function.name();
    let others = timeout(LIMIT, others_of_name(client, name)).await.unwrap_or_default();
    let (queue, namespace) = (&place.queue, &client.settings.namespace);
    let Some(other) = others.first() else {
        return format!(
            "in the last {:?} no worker has offered `{name}` in the queue `{queue}` of the namespace `{namespace}`; \
             start this program there with PYBACKGROUND_WORKER={}",
            client.settings.unserved_after, client.settings.url
        );
    };
    if other.fingerprint == place.fingerprint {
        format!(
            "workers offer `{name}` in the queue `{}`, and this program calls it in `{queue}`",
            other.queue
        )
    } else {
        format!(
            "workers offer another form of `{name}`, with other types of arguments or results; start this build of the \
             program there"
        )
    }
}

/// Returns what is known of functions of a name.
async fn others_of_name(client: &Client, name: &str) -> Vec<Served> {
    let stream = client.server.context.get_stream(client.names.calls()).await;
    let Ok(stream) = stream else { return Vec::new() };
    let mut consumers = stream.consumers();
    let mut found = Vec::new();
    while let Some(Ok(consumer)) = consumers.next().await {
        if consumer.config.description.as_deref() == Some(name) {
            found.extend(Names::parse_consumer(&consumer.name));
        }
    }
    found
}
