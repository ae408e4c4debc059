//! What has to exist on the server.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use pybackground_runtime::__engine::{Function, Settings};
use tokio::time::{Instant, sleep};

use crate::names::{Names, Served};
use crate::server::Server;

/// How long a call may wait.
const CALLS_STAY: Duration = Duration::from_secs(24 * 3600);

/// How long the servers of a cluster may take to choose the one that decides.
const ELECTION: Duration = Duration::from_secs(20);

/// The pause between questions meanwhile.
const PAUSE: Duration = Duration::from_millis(250);

/// How many bytes a stream holds at most that needs a bound, if the server has room for as many.
const MOST_BYTES: i64 = 1 << 30;

/// How many bytes such a stream has to be able to hold.
const LEAST_BYTES: i64 = 1 << 23;

/// How long message ids are remembered.
const DUPLICATES: Duration = Duration::from_secs(120);

/// How many calls of a function without a limit are with workers at most.
const UNLIMITED: i64 = 50_000;

/// How long the server remembers a function that no worker asks for.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 3600);

/// Creates the streams that are missing.
///
/// # Errors
///
/// What the server says.
pub(crate) async fn ensure(
    server: &Server,
    settings: &Settings,
    names: &Names,
) -> Result<(), String> {
    let most = i64::try_from(settings.queue_limit).unwrap_or(i64::MAX);
    let calls = Config {
        name: names.calls(),
        subjects: vec![names.all_calls()],
        retention: RetentionPolicy::WorkQueue,
        discard: DiscardPolicy::New,
        max_messages: most,
        max_bytes: MOST_BYTES,
        max_age: CALLS_STAY,
        duplicate_window: DUPLICATES,
        storage: StorageType::File,
        num_replicas: settings.replicas,
        allow_direct: true,
        ..Config::default()
    };
    let results = Config {
        subjects: vec![names.all_results(), names.all_marks()],
        discard: DiscardPolicy::New,
        discard_new_per_subject: true,
        ..kept_by_subject(settings, names.results())
    };
    for config in [calls, results] {
        ensure_soon(server, settings, config).await?;
    }
    Ok(())
}

/// Creates the stream of what is too large for a message, if it is missing.
///
/// # Errors
///
/// What the server says.
pub(crate) async fn ensure_blobs(
    server: &Server,
    settings: &Settings,
    names: &Names,
) -> Result<(), String> {
    let blobs = Config {
        subjects: vec![names.all_blobs()],
        // A piece that is sent again replaces itself.
        discard: DiscardPolicy::Old,
        ..kept_by_subject(settings, names.blobs())
    };
    ensure_soon(server, settings, blobs).await
}

/// A stream that keeps one message of each subject, for as long as the settings say.
fn kept_by_subject(settings: &Settings, name: String) -> Config {
    Config {
        name,
        retention: RetentionPolicy::Limits,
        max_messages_per_subject: 1,
        max_messages: -1,
        max_bytes: -1,
        max_age: settings.keep,
        duplicate_window: DUPLICATES.min(settings.keep),
        storage: StorageType::File,
        num_replicas: settings.replicas,
        allow_direct: true,
        ..Config::default()
    }
}

/// Creates a stream if it is missing, as soon as the servers are ready. The server sets aside what the stream may hold,
/// so that it holds less where the server has less room.
async fn ensure_soon(
    server: &Server,
    settings: &Settings,
    mut config: Config,
) -> Result<(), String> {
    let (end, losses) = (Instant::now() + ELECTION, server.losses());
    while let Err(why) = ensure_one(server, config.clone()).await {
        if lacks_room(&why) && config.max_bytes / 2 >= LEAST_BYTES {
            config.max_bytes /= 2;
            continue;
        }
        if why.contains("max bytes set") && config.max_bytes < 0 {
            config.max_bytes = MOST_BYTES;
            continue;
        }
        let may_pass = why.contains("temporarily unavailable")
            || (settings.replicas > 1 && why.contains("timed out"))
            || server.losses() != losses;
        if !may_pass || Instant::now() >= end {
            return Err(why);
        }
        sleep(PAUSE).await;
    }
    Ok(())
}

async fn ensure_one(server: &Server, config: Config) -> Result<(), String> {
    let name = config.name.clone();
    let created = server.creates(server.context.get_or_create_stream(config)).await;
    created.map(drop).map_err(|why| format!("the stream {name}: {why}{}", advice(&why)))
}

/// Whether the server, or what it gives to this account, has not the room that a stream asks for.
fn lacks_room(why: &str) -> bool {
    ["insufficient storage", "resource limits exceeded", "exceeds account limit"]
        .iter()
        .any(|said| why.contains(said))
}

/// Says what to do about a stream that the server does not create.
fn advice(why: &str) -> &'static str {
    if lacks_room(why) {
        "; each stream needs 8 MiB of its storage: give it more (`max_file_store`, or `max_file` of the account)"
    } else if why.contains("replicas") || why.contains("no suitable peers") {
        "; PYBACKGROUND_REMOTE_REPLICAS counts servers of a cluster"
    } else if why.contains("jetstream") || why.contains("does not answer") {
        "; the server needs JetStream (`nats-server -js`)"
    } else {
        ""
    }
}

/// Creates the consumer of a function's calls at a depth, unless it exists.
///
/// # Errors
///
/// What the server says.
pub(crate) async fn ensure_consumer(
    server: &Server,
    settings: &Settings,
    names: &Names,
    function: &Function,
    place: &Served,
) -> Result<(), String> {
    let name = Names::consumer(place);
    let limit = function.bodies_at_once().and_then(|most| i64::try_from(most).ok());
    let config = pull::Config {
        durable_name: Some(name.clone()),
        name: Some(name.clone()),
        description: Some(function.name().to_owned()),
        filter_subject: names.call(place),
        ack_policy: AckPolicy::Explicit,
        ack_wait: settings.lost_after,
        max_deliver: -1,
        max_ack_pending: limit.unwrap_or(UNLIMITED),
        inactive_threshold: FORGOTTEN,
        ..pull::Config::default()
    };
    let stream = names.calls();
    let created = server.creates(server.context.create_consumer_on_stream(config, stream)).await;
    created.map(drop).map_err(|why| format!("the consumer {name}: {why}"))
}
