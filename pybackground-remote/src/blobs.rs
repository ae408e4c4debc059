//! Arguments and results that are too large for a message: they are objects on the server, named after their call.

use std::time::Duration;

use pybackground_runtime::__engine::Settings;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use crate::names::{Key, Names};
use crate::server::{ROOM_FOR_HEADERS, Server};
use crate::streams;

/// How long an object may take to be sent or fetched.
const LIMIT: Duration = Duration::from_secs(120);

/// The objects of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Arguments,
    Result,
}

fn name(key: &Key, part: Part) -> String {
    match part {
        Part::Arguments => format!("{key}.arguments"),
        Part::Result => format!("{key}.result"),
    }
}

/// Whether these bytes are too many for a message.
pub(crate) fn is_needed(server: &Server, bytes: usize) -> bool {
    bytes > server.client.max_payload().saturating_sub(ROOM_FOR_HEADERS)
}

/// Stores the object of a call.
///
/// # Errors
///
/// What the server says.
pub(crate) async fn put(
    server: &Server,
    settings: &Settings,
    names: &Names,
    (key, part): (&Key, Part),
    mut content: &[u8],
) -> Result<(), String> {
    let put = async {
        let store = streams::blobs(server, settings, names).await?;
        let name = name(key, part);
        store.put(name.as_str(), &mut content).await.map_err(|error| error.to_string())?;
        Ok(())
    };
    timeout(LIMIT, put).await.unwrap_or_else(|_| Err("the server takes too long".to_owned()))
}

/// Fetches the object of a call.
///
/// # Errors
///
/// What the server says.
pub(crate) async fn get(
    server: &Server,
    settings: &Settings,
    names: &Names,
    (key, part): (&Key, Part),
) -> Result<Vec<u8>, String> {
    let get = async {
        let store = streams::blobs(server, settings, names).await?;
        let mut object = store.get(name(key, part)).await.map_err(|error| error.to_string())?;
        let mut content = Vec::new();
        object.read_to_end(&mut content).await.map_err(|error| error.to_string())?;
        Ok(content)
    };
    timeout(LIMIT, get).await.unwrap_or_else(|_| Err("the server takes too long".to_owned()))
}

/// Removes the objects of a call. What remains after an error ends by its age.
pub(crate) async fn remove(
    server: &Server,
    settings: &Settings,
    names: &Names,
    key: &Key,
    parts: &[Part],
) {
    let remove = async {
        let Ok(store) = streams::blobs(server, settings, names).await else { return };
        for part in parts {
            let _ = store.delete(name(key, *part)).await;
        }
    };
    let _ = timeout(LIMIT, remove).await;
}
