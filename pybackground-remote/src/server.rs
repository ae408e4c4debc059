//! Requests to the server. Each has a time limit, because the server may go away.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use async_nats::client::{Request, RequestError, RequestErrorKind};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, HeaderMap, Message, StatusCode};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::troubles::{Troubles, advice};

/// How long a request may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(5);

/// How long the server may take to create something, for which it waits for its disk.
const CREATION: Duration = Duration::from_secs(60);

/// A stream that keeps less than this in a message header and subject.
pub(crate) const ROOM_FOR_HEADERS: usize = 4096;

/// The header with the id of a message.
pub(crate) const MESSAGE_ID: &str = "Nats-Msg-Id";

/// The connection, with what is asked of it.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) client: Client,
    pub(crate) context: Context,
    troubles: watch::Receiver<Troubles>,
    /// Whether the stream of what is too large for a message is there, as far as is known.
    pub(crate) has_blobs: Rc<Cell<bool>>,
}

/// Why the server did not do what was asked.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The server is away, or not ready; the request may have been done.
    Away,
    /// There is a message of that subject, and there may be one.
    Taken,
    /// The stream is full.
    Full,
    /// There is no such thing.
    Missing,
    /// This program may not do it: the server's words.
    Denied(String),
    /// It does not go away: the server's words.
    Other(String),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied(why) => return f.write_str(&advice(why)),
            Self::Away => "the server does not answer",
            Self::Taken => "it is stored already",
            Self::Full => "the stream is full",
            Self::Missing => "there is no such thing",
            Self::Other(why) => why,
        })
    }
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    num_pending: u64,
    error: Option<Problem>,
    message: Option<Stored>,
}

#[derive(Deserialize)]
struct Problem {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    description: String,
}

/// A message as the server keeps it.
#[derive(Deserialize)]
struct Stored {
    #[serde(default)]
    data: Option<String>,
}

/// Returns at a time, if there is one.
pub(crate) async fn reached(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

impl Server {
    pub(crate) fn new(client: Client, troubles: watch::Receiver<Troubles>) -> Self {
        let mut context = jetstream::new(client.clone());
        context.set_timeout(CREATION);
        Self { client, context, troubles, has_blobs: Rc::default() }
    }

    /// Waits until the server has created something, unless the connection is lost or this program may not create it.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub(crate) async fn creates<T, E: fmt::Display>(
        &self,
        creation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, String> {
        let trouble = self.trouble(Troubles::denial_of_api);
        tokio::select! {
            created = timeout(CREATION, creation) => match created {
                Ok(Ok(created)) => Ok(created),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the server does not answer".to_owned()),
            },
            refused = trouble => Err(match refused {
                Refused::Away => "the connection was lost".to_owned(),
                refused => refused.to_string(),
            }),
        }
    }

    /// How often the connection was lost.
    pub(crate) fn losses(&self) -> u64 {
        self.troubles.borrow().losses
    }

    /// What happens on the connection beside the answers of the server.
    pub(crate) fn troubles(&self) -> watch::Receiver<Troubles> {
        self.troubles.clone()
    }

    /// Checks that the server has refused nothing so far. It refuses in the order in which it answers.
    ///
    /// # Errors
    ///
    /// What it has refused.
    pub(crate) fn check_permissions(&self) -> Result<(), String> {
        let troubles = self.troubles.borrow();
        troubles.denied_since(0).next().map_or(Ok(()), |(_, why)| Err(advice(why)))
    }

    /// Returns when the connection is lost from now on, or when `denial` finds what the server has refused since.
    fn trouble(
        &self,
        denial: impl Fn(&Troubles, u64) -> Option<&str>,
    ) -> impl Future<Output = Refused> {
        let mut troubles = self.troubles.clone();
        let (losses, denials) = {
            let before = troubles.borrow_and_update();
            (before.losses, before.denials())
        };
        async move {
            while troubles.changed().await.is_ok() {
                let now = troubles.borrow_and_update();
                if let Some(why) = denial(&now, denials) {
                    return Refused::Denied(why.to_owned());
                }
                if now.losses != losses {
                    return Refused::Away;
                }
            }
            // The connection is closed, and the request ends by itself.
            std::future::pending().await
        }
    }

    /// Sends a request, and waits for the answer. It does not come once the connection is lost, or if this program may
    /// not ask.
    async fn request(&self, subject: String, request: Request) -> Result<Message, Refused> {
        let trouble = self.trouble(|troubles, seen| troubles.denial_of(&subject, seen));
        tokio::select! {
            answer = self.client.send_request(subject.clone(), request) => answer.map_err(|error| refusal(&error)),
            refused = trouble => Err(refused),
        }
    }

    /// Whether anybody listens at a subject, or may. `None` if the connection is lost.
    pub(crate) async fn has_listener(&self, subject: String) -> Option<bool> {
        let trouble = self.trouble(|troubles, seen| troubles.denial_of(&subject, seen));
        tokio::select! {
            answer = self.client.request(subject.clone(), "".into()) => Some(match answer {
                Ok(_) => true,
                Err(error) => error.kind() != RequestErrorKind::NoResponders,
            }),
            refused = trouble => (!matches!(refused, Refused::Away)).then_some(true),
        }
    }

    /// Stores a message in the stream of its subject; returns its number there. A message with [`MESSAGE_ID`] in its
    /// headers is not stored again if the id was seen in the last two minutes.
    pub(crate) async fn store(
        &self,
        subject: String,
        headers: Option<HeaderMap>,
        content: Bytes,
    ) -> Result<u64, Refused> {
        let mut request = Request::new().payload(content);
        request.headers = headers;
        Ok(read(&self.request(subject, request).await?)?.seq)
    }

    /// Stores a message that may take some time because it is large.
    pub(crate) async fn store_large(
        &self,
        subject: String,
        content: Bytes,
        limit: Duration,
    ) -> Result<(), Refused> {
        let request = Request::new().payload(content).timeout(Some(limit));
        read(&self.request(subject, request).await?).map(drop)
    }

    /// Returns the content of the last message of a subject, as any server of a cluster has it.
    pub(crate) async fn last_of_any(
        &self,
        stream: &str,
        subject: &str,
        limit: Duration,
    ) -> Result<Bytes, Refused> {
        let question = json!({ "last_by_subj": subject }).to_string();
        let request = Request::new().payload(question.into()).timeout(Some(limit));
        let answer = self.request(format!("$JS.API.DIRECT.GET.{stream}"), request).await?;
        match answer.status {
            None => Ok(answer.payload),
            Some(StatusCode::NOT_FOUND) => Err(Refused::Missing),
            Some(status) => {
                let said = answer.description.unwrap_or_default();
                Err(Refused::Other(format!("{status} {said}")))
            }
        }
    }

    /// Returns the content of the last message of a subject.
    pub(crate) async fn last(&self, stream: &str, subject: &str) -> Result<Vec<u8>, Refused> {
        let answer =
            self.ask("STREAM.MSG.GET", stream, &json!({ "last_by_subj": subject })).await?;
        content(answer)
    }

    /// Whether the stream has a message of that number.
    pub(crate) async fn has(&self, stream: &str, number: u64) -> Result<bool, Refused> {
        match self.ask("STREAM.MSG.GET", stream, &json!({ "seq": number })).await {
            Ok(_) => Ok(true),
            Err(Refused::Missing) => Ok(false),
            Err(refused) => Err(refused),
        }
    }

    /// Removes a message, which may be gone already.
    pub(crate) async fn remove(&self, stream: &str, number: u64) -> Result<(), Refused> {
        let request = json!({ "seq": number, "no_erase": true });
        match self.ask("STREAM.MSG.DELETE", stream, &request).await {
            Ok(_) | Err(Refused::Missing) => Ok(()),
            Err(refused) => Err(refused),
        }
    }

    /// Removes all messages of a subject.
    pub(crate) async fn purge(&self, stream: &str, subject: &str) -> Result<(), Refused> {
        self.ask("STREAM.PURGE", stream, &json!({ "filter": subject })).await.map(drop)
    }

    /// Returns how many messages a consumer has not delivered.
    pub(crate) async fn pending(&self, stream: &str, consumer: &str) -> Result<u64, Refused> {
        let subject = format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}");
        Ok(read(&self.request(subject, Request::new()).await?)?.num_pending)
    }

    /// Whether the stream has the consumer.
    pub(crate) async fn has_consumer(&self, stream: &str, consumer: &str) -> Result<bool, Refused> {
        let subject = format!("$JS.API.CONSUMER.INFO.{stream}.{consumer}");
        let answer = self.request(subject, Request::new()).await?;
        match read(&answer) {
            Ok(_) => Ok(true),
            Err(Refused::Missing) => Ok(false),
            Err(refused) => Err(refused),
        }
    }

    async fn ask(
        &self,
        what: &str,
        stream: &str,
        request: &serde_json::Value,
    ) -> Result<Answer, Refused> {
        let subject = format!("$JS.API.{what}.{stream}");
        read(&self.request(subject, Request::new().payload(request.to_string().into())).await?)
    }
}

fn content(answer: Answer) -> Result<Vec<u8>, Refused> {
    let data = answer.message.ok_or(Refused::Missing)?.data.unwrap_or_default();
    base64(&data).ok_or_else(|| Refused::Other("the server sent no base64".to_owned()))
}

fn refusal(error: &RequestError) -> Refused {
    match error.kind() {
        RequestErrorKind::TimedOut | RequestErrorKind::NoResponders | RequestErrorKind::Other => {
            Refused::Away
        }
        _ => Refused::Other(error.to_string()),
    }
}

fn read(message: &Message) -> Result<Answer, Refused> {
    let answer: Answer = serde_json::from_slice(&message.payload).map_err(|error| {
        Refused::Other(format!("the server's answer is not understood: {error}"))
    })?;
    match &answer.error {
        None => Ok(answer),
        Some(problem) => Err(problem.refusal()),
    }
}

impl Problem {
    fn refusal(&self) -> Refused {
        let text = self.description.as_str();
        if text.contains("per subject exceeded") {
            Refused::Taken
        } else if text.contains("maximum messages exceeded")
            || text.contains("maximum bytes exceeded")
        {
            Refused::Full
        } else if self.code == 404
            || text.contains("not found")
            || text.contains("no message found")
        {
            Refused::Missing
        } else if self.code == 503 || text.contains("temporarily unavailable") {
            Refused::Away
        } else {
            Refused::Other(text.to_owned())
        }
    }
}

/// Decodes base64 with padding.
fn base64(text: &str) -> Option<Vec<u8>> {
    let value = |sign: u8| {
        Some(match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        })
    };
    let text = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for chunk in text.chunks(4) {
        let mut bits = 0_u32;
        for &sign in chunk {
            bits = bits << 6 | u32::from(value(sign)?);
        }
        bits <<= 6 * (4 - chunk.len());
        let [_, decoded @ ..] = bits.to_be_bytes();
        bytes.extend(&decoded[..chunk.len().checked_sub(1)?]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("Zg==", b"f"),
            ("Zm8=", b"fo"),
            ("Zm9v", b"foo"),
            ("/+8A", b"\xff\xef\0"),
        ] {
            assert_eq!(base64(text).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(base64("Zg?="), None);
    }

    #[test]
    fn refusals_are_told_apart_by_the_servers_words() {
        let refusal = |code, text: &str| Problem { code, description: text.to_owned() }.refusal();
        assert!(matches!(refusal(400, "maximum messages per subject exceeded"), Refused::Taken));
        assert!(matches!(refusal(400, "maximum messages exceeded"), Refused::Full));
        assert!(matches!(refusal(404, "stream not found"), Refused::Missing));
        assert!(matches!(refusal(500, "no message found"), Refused::Missing));
        assert!(matches!(refusal(503, "JetStream system temporarily unavailable"), Refused::Away));
        assert!(matches!(refusal(400, "wrong"), Refused::Other(_)));
    }
}
