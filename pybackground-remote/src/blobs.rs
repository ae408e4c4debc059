//! Arguments and results that are too large for a message: they are stored in pieces, as messages of a stream of their
//! own. The message of the call or of the result says where.
//!
//! The pieces are sent and fetched some at a time, because one after the other each would take the time to the server
//! and back.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use pybackground_runtime::__engine::Settings;
use tokio::time::{sleep, timeout};

use crate::names::{Key, Names, unique};
use crate::server::{ROOM_FOR_HEADERS, Refused, Server};
use crate::streams;
use crate::wire::Blob;

/// How long all pieces together may take to be sent or fetched.
const LIMIT: Duration = Duration::from_secs(120);

/// How many bytes a piece has at most.
const PIECE: usize = 512 << 10;

/// The same on a server that takes smaller messages only.
const SMALLEST_PIECE: usize = 512;

/// How many pieces are under way at once.
const AT_ONCE: usize = 8;

/// The pause before the server is asked again that was away.
const PAUSE: Duration = Duration::from_millis(100);

/// What of a call is stored in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Arguments,
    Result,
}

impl Part {
    /// The name in subjects.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arguments => "arguments",
            Self::Result => "result",
        }
    }
}

/// Whether these bytes are too many for a message.
pub(crate) fn is_needed(server: &Server, bytes: usize) -> bool {
    bytes > room(server)
}

fn room(server: &Server) -> usize {
    server.client.max_payload().saturating_sub(ROOM_FOR_HEADERS)
}

/// Stores a part of a call. Returns where it is.
///
/// # Errors
///
/// What the server says.
pub(crate) async fn put(
    server: &Server,
    settings: &Settings,
    names: &Names,
    (key, part): (&Key, Part),
    content: Bytes,
) -> Result<Blob, String> {
    let each = room(server).clamp(SMALLEST_PIECE, PIECE);
    // Two starts of a body may have different results.
    let blob = Blob::new(unique(), content.len(), each);
    let put = async {
        let (content, blob) = (&content, &blob);
        let store = |index: u32| async move {
            let (begin, end) = blob.range(index, each);
            let subject = names.piece(key, part.name(), blob.id(), index);
            store(server, settings, names, (subject, content.slice(begin..end))).await
        };
        let mut stored = stream::iter(0..blob.pieces()).map(store).buffer_unordered(AT_ONCE);
        while let Some(stored) = stored.next().await {
            stored?;
        }
        Ok(())
    };
    timeout(LIMIT, put).await.unwrap_or_else(|_| Err("the server takes too long".to_owned()))?;
    Ok(blob)
}

/// Stores a piece, and creates the stream if it is missing.
async fn store(
    server: &Server,
    settings: &Settings,
    names: &Names,
    (subject, piece): (String, Bytes),
) -> Result<(), String> {
    loop {
        if !server.has_blobs.get() {
            streams::ensure_blobs(server, settings, names).await?;
            server.has_blobs.set(true);
        }
        match server.store_large(subject.clone(), piece.clone(), LIMIT).await {
            Ok(()) => return Ok(()),
            Err(Refused::Away) => {
                // It may have lost the stream.
                server.has_blobs.set(false);
                sleep(PAUSE).await;
            }
            Err(refused) => return Err(refused.to_string()),
        }
    }
}

/// Fetches a part of a call.
///
/// # Errors
///
/// What the server says.
pub(crate) async fn get(
    server: &Server,
    names: &Names,
    (key, part): (&Key, Part),
    blob: &Blob,
) -> Result<Vec<u8>, String> {
    let get = async {
        let mut content = Vec::new();
        let fetch =
            |index: u32| fetch(server, names, names.piece(key, part.name(), blob.id(), index));
        let mut pieces = stream::iter(0..blob.pieces()).map(fetch).buffered(AT_ONCE);
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            if content.is_empty() {
                // No more than there is reason to expect: another client may have written the size.
                let expected = blob.size().min(piece.len().saturating_mul(blob.pieces() as usize));
                content.reserve_exact(expected.saturating_add(ROOM_FOR_HEADERS));
            }
            content.extend_from_slice(&piece);
        }
        if content.len() == blob.size() {
            Ok(content)
        } else {
            Err(format!("{} of {} bytes are there", content.len(), blob.size()))
        }
    };
    timeout(LIMIT, get).await.unwrap_or_else(|_| Err("the server takes too long".to_owned()))
}

/// Fetches a piece.
async fn fetch(server: &Server, names: &Names, subject: String) -> Result<Bytes, String> {
    let stream = names.blobs();
    loop {
        let mut piece = server.last_of_any(&stream, &subject, LIMIT).await;
        if let Err(Refused::Missing) = piece {
            // Of several servers, the one that answered may be behind.
            piece = server.last(&stream, &subject).await.map(Bytes::from);
        }
        match piece {
            Ok(piece) => return Ok(piece),
            Err(Refused::Away) => sleep(PAUSE).await,
            Err(Refused::Missing) => return Err("the server no longer has them".to_owned()),
            Err(refused) => return Err(refused.to_string()),
        }
    }
}

/// Removes parts of a call. What remains after an error ends by its age.
pub(crate) async fn remove(server: &Server, names: &Names, key: &Key, part: Part) {
    let _ = server.purge(&names.blobs(), &names.pieces(key, part.name())).await;
}
