//! Publishing a call until the server acknowledges it.

use std::rc::Rc;
use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use pybackground_runtime::__engine::RemoteOutcome;
use tokio::time::{sleep, timeout};

use super::run::Client;
use crate::blobs::{self, Part};
use crate::names::Key;
use crate::server::{LIMIT, MESSAGE_ID, Refused};
use crate::streams;
use crate::wire::CallHead;

/// The pause before a message is sent again that was not acknowledged.
const PAUSE: Duration = Duration::from_millis(100);

/// The pauses while the queue is full.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Sends a call, unless it was withdrawn meanwhile.
pub(super) async fn send(client: Rc<Client>, number: u64) {
    publish(&client, number).await;
    client.is_withdrawn(number);
}

/// Publishes a call under an id until the server has it. The same id is stored once.
async fn publish(client: &Rc<Client>, number: u64) {
    let key = client.key(number);
    let Some(prepared) = prepare(client, &key, number).await else { return };
    let (subject, headers, content) = prepared;
    let (mut pause, mut permit) = (FIRST_PAUSE, None);
    loop {
        if permit.is_none() {
            let Ok(acquired) = client.unacknowledged.acquire().await else { return };
            permit = Some(acquired);
        }
        if client.calls.borrow().get(number).is_none() {
            return;
        }
        let stored =
            client.server.store(subject.clone(), Some(headers.clone()), content.clone()).await;
        if matches!(stored, Err(Refused::Away)) {
            // It keeps its permit, and is sent again before all that wait for one: the server knows its id for two minutes.
            client.calls.borrow_mut().may_be_twice(number);
        } else {
            permit = None;
        }
        client.figures.note_queue_full(matches!(stored, Err(Refused::Full)));
        match stored {
            Ok(sequence) => {
                let is_wanted = client.calls.borrow_mut().stored(number, sequence);
                if !is_wanted {
                    client.withdraw_stored(number, sequence).await;
                }
                return;
            }
            Err(Refused::Full) => {
                sleep(pause).await;
                pause = LONGEST_PAUSE.min(pause * 2);
            }
            Err(Refused::Away) => sleep(PAUSE).await,
            Err(refused) => {
                let why = format!("the server does not take the call: {refused}");
                client.answer(number, RemoteOutcome::unreachable(why));
                return;
            }
        }
    }
}

/// Returns the subject, the headers and the content of a call's message, once everything is there that it needs.
async fn prepare(
    client: &Rc<Client>,
    key: &Key,
    number: u64,
) -> Option<(String, HeaderMap, Bytes)> {
    let (function, served, run_timeout, arguments, repeated, trace_parent) = {
        let calls = client.calls.borrow();
        let call = calls.get(number)?;
        let arguments = call.arguments.clone()?;
        let (served, trace_parent) = (call.served.clone(), call.trace_parent.clone());
        (call.function, served, call.run_timeout, arguments, call.repeated, trace_parent)
    };
    if served.depth > 0 && !client.deeper.borrow().contains(&served) {
        let Client { server, settings, names, .. } = &**client;
        let ensured = streams::ensure_consumer(server, settings, names, function, &served).await;
        if ensured.is_ok() {
            let told = server
                .client
                .publish(names.deeper(), crate::names::Names::consumer(&served).into());
            let _ = timeout(LIMIT, told).await;
            client.deeper.borrow_mut().insert(served.clone());
        }
    }
    let is_blob = blobs::is_needed(&client.server, arguments.len());
    let head = CallHead::new(key, function.retries(), is_blob, run_timeout);
    let content = if is_blob {
        let Client { server, settings, names, .. } = &**client;
        // What is stored so far is removed when the call has ended.
        client.calls.borrow_mut().get_mut(number)?.is_blob = true;
        let size = arguments.len();
        match blobs::put(server, settings, names, (key, Part::Arguments), arguments).await {
            Ok(_) if client.calls.borrow().get(number).is_none() => {
                // It was withdrawn meanwhile.
                blobs::remove(server, names, key, Part::Arguments).await;
                return None;
            }
            Ok(blob) => head.with(&blob.to_bytes()),
            Err(why) => {
                let why = format!("{size} bytes of arguments could not be stored: {why}");
                client.answer(number, RemoteOutcome::unreachable(why));
                return None;
            }
        }
    } else {
        head.with(&arguments)
    };
    let id = if repeated == 0 { key.to_string() } else { format!("{key}~{repeated}") };
    let mut headers = HeaderMap::new();
    headers.insert(MESSAGE_ID, id);
    if let Some(trace_parent) = trace_parent {
        headers.insert("traceparent", trace_parent);
    }
    Some((client.names.call(&served), headers, content.into()))
}
