//! Whether the body of a call may start.

use std::time::Duration;

use tokio::time::sleep;

use super::serve::Worker;
use super::state::Delivery;
use crate::names::unique;
use crate::server::Refused;

/// How long other workers have to say that they hold a call.
const PATIENCE: Duration = Duration::from_millis(300);

/// The pause before a request is repeated.
const PAUSE: Duration = Duration::from_millis(100);

/// What to do with a call.
pub(super) enum Begin {
    /// Start the body, for the time given here.
    Start { attempt: u32 },
    /// Nothing: the result is stored.
    HasResult,
    /// Later: another worker has it.
    HeldElsewhere,
    /// Say that the call is lost, after so many starts.
    Lost { attempts: u32 },
}

impl Worker {
    /// Decides about a call that has a slot.
    pub(super) async fn begin(&self, call: &Delivery) -> Begin {
        if call.head.retry == 0 {
            if self.mark(self.names.begun(&call.key)).await {
                return Begin::Start { attempt: 1 };
            }
            return self.vet(call).await.unwrap_or(Begin::Lost { attempts: 1 });
        }
        if call.delivered == 1 {
            return Begin::Start { attempt: 1 };
        }
        if let Some(vetted) = self.vet(call).await {
            return vetted;
        }
        for again in 1..=call.head.retry {
            if self.mark(self.names.begun_again(&call.key, again)).await {
                return Begin::Start { attempt: again + 1 };
            }
        }
        Begin::Lost { attempts: call.head.retry + 1 }
    }

    /// Stores a mark. `false` if there is one of another start.
    async fn mark(&self, subject: String) -> bool {
        let own = unique();
        let mut is_unsure = false;
        loop {
            match self.server.store(subject.clone(), None, own.clone().into_bytes()).await {
                Ok(_) => return true,
                Err(Refused::Taken) if is_unsure => {
                    // An earlier attempt may have been stored without its acknowledgement.
                    match self.server.last(&self.names.results(), &subject).await {
                        Err(Refused::Away) => sleep(PAUSE).await,
                        content => return content.is_ok_and(|content| content == own.as_bytes()),
                    }
                }
                Err(Refused::Taken) => return false,
                Err(_) => {
                    is_unsure = true;
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Decides about a call that may have been started before; `None` if nothing is known of it.
    async fn vet(&self, call: &Delivery) -> Option<Begin> {
        if self.has_result(call).await {
            return Some(Begin::HasResult);
        }
        // A worker that has the call may have lost the server, too, and not be back.
        let lost_at = self.connection_lost_at.get();
        let may_be_away = lost_at.is_some_and(|at| at.elapsed() < self.settings.lost_after);
        if may_be_away || self.is_held_elsewhere(call).await {
            return Some(Begin::HeldElsewhere);
        }
        // It may have ended meanwhile.
        self.has_result(call).await.then_some(Begin::HasResult)
    }

    /// Whether the stream has the result of a call. A server that is away says nothing of that.
    async fn has_result(&self, call: &Delivery) -> bool {
        let subject = self.names.result(&call.key);
        loop {
            match self.server.last(&self.names.results(), &subject).await {
                Err(Refused::Away) => sleep(PAUSE).await,
                content => return content.is_ok(),
            }
        }
    }

    /// Asks the other workers.
    async fn is_held_elsewhere(&self, call: &Delivery) -> bool {
        loop {
            let losses = self.server.losses();
            self.held_elsewhere.borrow_mut().remove(&call.key);
            let question = format!("{}\n{}", self.id, call.key);
            let asked = self.server.client.publish(self.names.who(), question.into());
            let _ = tokio::time::timeout(crate::server::LIMIT, asked).await;
            sleep(PATIENCE).await;
            let is_held = self.held_elsewhere.borrow_mut().remove(&call.key);
            // The question or the answer may have been lost with the connection.
            if is_held || self.server.losses() == losses {
                return is_held;
            }
        }
    }
}
