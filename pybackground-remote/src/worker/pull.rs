//! Asking the server for calls: as many as there are free slots.
//!
//! A worker at rest has one request for each function, and nothing else to do than to renew them. All requests end at the
//! same times, so that their ends wake the worker together. One of them has the server send a sign of life meanwhile,
//! which costs one wake-up. A ping of the client would cost four: three for its timer, which the wheel of tokio moves from
//! coarse slots to finer ones, and one for the answer.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, timeout};

use super::serve::Worker;
use super::state::Delivery;
use crate::names::Names;
use crate::server::LIMIT;
use crate::wire::CallHead;

/// The time between the ends of requests.
const REQUEST: Duration = Duration::from_secs(30);

/// How often the server says that it lives, while a request waits: so often that the client need not ask by a ping.
const HEARTBEAT: Duration = Duration::from_secs(7);

/// Returns how long a request waits on the server. `since_start` is the age of the worker. The request ends when that age is
/// a multiple of `REQUEST`: at the next one, or at the one after it if the next is less than half of `REQUEST` away.
fn waits_for(since_start: Duration) -> Duration {
    let into = Duration::from_millis(
        u64::try_from(since_start.as_millis() % REQUEST.as_millis()).unwrap_or(0),
    );
    let rest = REQUEST.saturating_sub(into);
    if rest < REQUEST / 2 { rest + REQUEST } else { rest }
}

/// How long a source is left alone after an error.
const PAUSE: Duration = Duration::from_millis(100);

impl Worker {
    /// Asks for calls of every source that has room for more than was asked for.
    pub(super) async fn pull(&self) {
        let mut requests = Vec::new();
        let now = Instant::now();
        let expires = waits_for(now - self.begin);
        {
            let mut state = self.state.borrow_mut();
            for index in 0..state.sources.len() {
                let source = &mut state.sources[index];
                if source.request_ends.is_some_and(|ends| ends <= now) {
                    source.requested = 0;
                }
                if source.paused_until.is_some_and(|until| now < until) {
                    continue;
                }
                source.paused_until = None;
                let more = state.wanted(&state.sources[index]);
                if more == 0 {
                    continue;
                }
                let source = &mut state.sources[index];
                source.requested += more;
                // The server's answer to a request that ended comes before.
                source.request_ends = Some(now + expires + LIMIT);
                requests.push((index, Names::consumer(&source.served), more));
            }
        }
        let stream = self.names.calls();
        for (index, consumer, more) in requests {
            let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}");
            let mut request = json!({ "batch": more, "expires": nanoseconds(expires) });
            if index == 0 {
                request["idle_heartbeat"] = nanoseconds(HEARTBEAT).into();
            }
            let inbox = format!("{}.{index}", self.inbox);
            let sent =
                self.server.client.publish_with_reply(subject, inbox, request.to_string().into());
            let _ = timeout(LIMIT, sent).await;
        }
    }

    /// Forgets what was asked for, because the server may have.
    pub(super) fn forget_requests(&self) {
        for source in &mut self.state.borrow_mut().sources {
            source.requested = 0;
            source.paused_until = None;
        }
    }

    /// Reads what came to the inbox: a call, or the end of a request. `Err` is the subject where something is refused that
    /// is no call.
    pub(super) fn read(&self, message: &async_nats::Message) -> Result<Option<Delivery>, String> {
        let mut state = self.state.borrow_mut();
        let subject = message.subject.as_str();
        if let Some(status) = message.status {
            let index = subject.rsplit('.').next().and_then(|index| index.parse().ok());
            let Some(source) = index.and_then(|index: usize| state.sources.get_mut(index)) else {
                return Ok(None);
            };
            match status.as_u16() {
                // The server lives.
                100 => {}
                // The request has ended.
                404 | 408 => source.requested = 0,
                // The consumer is gone, or the server is not ready.
                _ => {
                    source.requested = 0;
                    source.paused_until = Some(Instant::now() + PAUSE);
                }
            }
            return Ok(None);
        }
        // Only the server knows subjects of this form; nothing is sent anywhere else.
        let Some(acknowledge) = message.reply.as_ref().map(ToString::to_string) else {
            return Ok(None);
        };
        let Some(delivered) = deliveries(&acknowledge, &self.names.calls()) else {
            return Ok(None);
        };
        // A call has the subject that it was published to.
        let Some(source) = state.sources.iter_mut().find(|source| source.subject == subject) else {
            return Err(acknowledge);
        };
        source.requested = source.requested.saturating_sub(1);
        let Some((head, arguments)) = CallHead::read(&message.payload) else {
            return Err(acknowledge);
        };
        Ok(Some(Delivery {
            key: head.key(),
            arguments: arguments.to_vec(),
            head,
            function: source.function,
            depth: source.served.depth,
            acknowledge,
            delivered,
            since: Instant::now(),
            is_vetted: false,
        }))
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns how often a message was delivered, by the subject of its acknowledgement. `None` if the subject is none of
/// the server, for this stream.
fn deliveries(subject: &str, stream: &str) -> Option<u64> {
    let parts: Vec<&str> = subject.strip_prefix("$JS.ACK.")?.split('.').collect();
    // Newer servers begin with their domain and the account.
    let at = if parts.len() >= 9 { 2 } else { 0 };
    if *parts.get(at)? != stream {
        return None;
    }
    parts.get(at + 2)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection;

    #[test]
    fn deliveries_are_counted_by_servers_of_both_kinds() {
        let old = "$JS.ACK.CALLS.f-1.3.7.8.1700000000000000000.0";
        let new = "$JS.ACK._.hash.CALLS.f-1.3.7.8.1700000000000000000.0.token";
        assert_eq!(deliveries(old, "CALLS"), Some(3));
        assert_eq!(deliveries(new, "CALLS"), Some(3));
    }

    #[test]
    fn requests_end_together() {
        let ms = Duration::from_millis;
        for since_start in [0, 1, 14_999, 15_000, 15_001, 29_999, 30_000, 100_007].map(ms) {
            let waits = waits_for(since_start);
            assert_eq!(
                (since_start + waits).as_millis() % REQUEST.as_millis(),
                0,
                "{since_start:?}"
            );
            assert!((REQUEST / 2..REQUEST * 3 / 2).contains(&waits), "{since_start:?}: {waits:?}");
            // Otherwise the server refuses the request.
            assert!(HEARTBEAT * 2 < waits);
        }
        assert!(HEARTBEAT < connection::PING);
    }

    #[test]
    fn forged_subject_is_no_acknowledgement() {
        for subject in [
            "pybg.default.result.c1.0.1",
            "$JS.API.STREAM.DELETE.CALLS",
            "$JS.ACK.OTHER.f-1.3.7.8.1.0",
            "$JS.ACK.CALLS",
            "",
        ] {
            assert_eq!(deliveries(subject, "CALLS"), None, "{subject}");
        }
    }
}
