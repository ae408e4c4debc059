//! The answer to a call as bytes, for engines, which do not look into it.
//!
//! | first byte | what follows |
//! |---|---|
//! | 0 | the bytes of the value |
//! | 1 | a panic: the message and the place |
//! | 2 | a failure |
//! | 3 | the time after which the body was killed |

use std::time::Duration;

use serde::Serialize;

use crate::error::{Failure, Origin, Part};
use crate::process::Answer;

const RETURNED: u8 = 0;
const PANICKED: u8 = 1;
const FAILED: u8 = 2;
const OVERRAN: u8 = 3;

/// What a call came to, and who says so.
pub struct RemoteOutcome {
    answer: Answer,
    origin: Option<Origin>,
}

impl RemoteOutcome {
    pub(super) fn of(answer: Answer) -> Self {
        Self { answer, origin: None }
    }

    /// A worker took the call and disappeared, or the server did.
    #[must_use]
    pub fn lost(why: &str, attempts: u32) -> Self {
        let lost = Self::of(Answer::Failed(Failure::Lost { why: why.to_owned() }));
        if attempts == 0 { lost } else { lost.by("", attempts) }
    }

    /// No worker serves the function.
    #[must_use]
    pub fn unserved(why: String) -> Self {
        Self::of(Answer::Failed(Failure::Unserved { why }))
    }

    /// The server cannot be reached, or refuses this program.
    #[must_use]
    pub fn unreachable(why: String) -> Self {
        Self::of(Answer::Failed(Failure::Unreachable { why }))
    }

    /// The arguments or the result cannot be sent.
    #[must_use]
    pub fn unsendable(is_result: bool, why: String) -> Self {
        let what = if is_result { Part::Result } else { Part::Arguments };
        Self::of(Answer::Failed(Failure::Codec { what, why }))
    }

    /// The body was killed so long after its start.
    #[must_use]
    pub fn overran(after: Duration) -> Self {
        Self::of(Answer::Overran(after))
    }

    /// Names the worker that ran the body, and how often a worker started it.
    #[must_use]
    pub fn by(self, worker: &str, attempts: u32) -> Self {
        Self { origin: Some(Origin { worker: worker.to_owned(), attempts, times: None }), ..self }
    }

    /// Says how long the call waited at its worker and how long its body ran, by the worker's clock.
    #[must_use]
    pub fn after(mut self, waited: Duration, ran: Duration) -> Self {
        if let Some(origin) = &mut self.origin {
            origin.times = Some((waited, ran));
        }
        self
    }

    /// Writes the answer, without the worker. `None` if the body was stopped and there is no answer.
    #[must_use]
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        match self.answer {
            Answer::Returned(mut value) => {
                // Moved, because a copy of a large value costs more.
                value.insert(0, RETURNED);
                Some(value)
            }
            Answer::Panicked(panic) => written(PANICKED, &panic),
            Answer::Failed(failure) => written(FAILED, &failure),
            Answer::Overran(after) => written(OVERRAN, &(after.as_secs(), after.subsec_nanos())),
            Answer::Stopped | Answer::From(_) => None,
        }
    }

    /// Reads an answer as [`from_bytes`](RemoteOutcome::from_bytes), without a copy of the value.
    #[must_use]
    pub fn from_vec(mut bytes: Vec<u8>) -> Option<Self> {
        if bytes.first() != Some(&RETURNED) {
            return Self::from_bytes(&bytes);
        }
        bytes.remove(0);
        Some(Self::of(Answer::Returned(bytes)))
    }

    /// Reads an answer. `None` if the bytes are none.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, content) = bytes.split_first()?;
        let answer = match *kind {
            RETURNED => Answer::Returned(content.to_owned()),
            PANICKED => Answer::Panicked(serde_bare::from_slice(content).ok()?),
            FAILED => Answer::Failed(serde_bare::from_slice(content).ok()?),
            OVERRAN => {
                let (seconds, nanoseconds): (u64, u32) = serde_bare::from_slice(content).ok()?;
                Answer::Overran(
                    Duration::from_secs(seconds)
                        .checked_add(Duration::from_nanos(nanoseconds.into()))?,
                )
            }
            _ => return None,
        };
        Some(Self::of(answer))
    }

    /// The worker that ran the body, if it is known.
    pub(super) fn worker(&self) -> Option<&str> {
        let worker = self.origin.as_ref()?.worker.as_str();
        Some(worker).filter(|worker| !worker.is_empty())
    }

    pub(super) fn into_answer(self) -> Answer {
        match self.origin {
            Some(origin) => Answer::From(Box::new((self.answer, origin))),
            None => self.answer,
        }
    }
}

fn written(kind: u8, content: &impl Serialize) -> Option<Vec<u8>> {
    let mut bytes = vec![kind];
    serde_bare::to_writer(&mut bytes, content).ok()?;
    Some(bytes)
}
