//! Whether the body of a call may start.

use std::time::Duration;

use tokio::time::sleep;

use super::serve::Worker;
use super::state::Delivery;
use super::vet::Other;
use crate::server::Refused;
use crate::troubles::advice;
use crate::wire::mark_of;

/// The pause before a request is repeated.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

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
    /// Say that this worker may start no bodies.
    Denied { why: String },
}

impl Worker {
    /// Decides about a call that has a slot.
    pub(super) async fn begin(&self, call: &Delivery) -> Begin {
        if call.head.retry == 0 {
            match self.mark(self.names.begun(&call.key)).await {
                Ok(true) => return Begin::Start { attempt: 1 },
                Ok(false) => {}
                Err(why) => return Begin::Denied { why },
            }
            // A server that was killed delivers a call again as if for the first time, so the call was not vetted.
            return match self.other_start(call).await {
                Other::HasResult => Begin::HasResult,
                Other::Holds => Begin::HeldElsewhere,
                Other::Disappeared => Begin::Lost { attempts: 1 },
            };
        }
        if call.delivered == 1 {
            return Begin::Start { attempt: 1 };
        }
        // It may have ended while it waited for the slot.
        if self.has_result(call).await {
            return Begin::HasResult;
        }
        for again in 1..=call.head.retry {
            match self.mark(self.names.begun_again(&call.key, again)).await {
                Ok(true) => return Begin::Start { attempt: again + 1 },
                Ok(false) => {}
                Err(why) => return Begin::Denied { why },
            }
        }
        Begin::Lost { attempts: call.head.retry + 1 }
    }

    /// Stores a mark. `false` if there is one of another start. `Err` says that this worker may not.
    async fn mark(&self, subject: String) -> Result<bool, String> {
        let own = mark_of(&self.id);
        let mut is_unsure = false;
        loop {
            match self.server.store(subject.clone(), None, own.clone().into()).await {
                Ok(_) => return Ok(true),
                Err(Refused::Taken) if is_unsure => {
                    // An earlier attempt may have been stored without its acknowledgement.
                    match self.server.last(&self.names.results(), &subject).await {
                        Err(Refused::Away) => sleep(PAUSE).await,
                        content => {
                            return Ok(content.is_ok_and(|content| content == own.as_bytes()));
                        }
                    }
                }
                Err(Refused::Taken) => return Ok(false),
                Err(Refused::Denied(why)) => return Err(advice(&why)),
                Err(_) => {
                    is_unsure = true;
                    sleep(PAUSE).await;
                }
            }
        }
    }
}
