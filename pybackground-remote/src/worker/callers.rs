//! Which callers live: nobody waits for the calls of the others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use async_nats::client::RequestErrorKind;
use tokio::time::{Instant, sleep};

use super::serve::Worker;

/// How long a caller counts as alive after it has answered.
const FRESH: Duration = Duration::from_millis(100);

/// How long a caller counts as dead.
const DEAD: Duration = Duration::from_secs(60);

/// How often a caller is asked that does not answer.
const ATTEMPTS: u32 = 5;

/// What is known of the callers, and since when.
#[derive(Default)]
pub(super) struct Callers(RefCell<HashMap<String, (bool, Instant)>>);

impl Callers {
    fn known(&self, client: &str) -> Option<bool> {
        let callers = self.0.borrow();
        let (lives, since) = callers.get(client)?;
        let holds = if *lives { FRESH } else { DEAD };
        (since.elapsed() < holds).then_some(*lives)
    }

    fn note(&self, client: &str, lives: bool) {
        let mut callers = self.0.borrow_mut();
        callers.retain(|_, (_, since)| since.elapsed() < DEAD);
        callers.insert(client.to_owned(), (lives, Instant::now()));
    }
}

impl Worker {
    /// Whether a caller lives, or may live.
    pub(super) async fn lives(&self, client: &str) -> bool {
        // A caller whose connection was lost needs a moment to come back.
        for _ in 0..ATTEMPTS {
            if let Some(lives) = self.callers.known(client) {
                return lives;
            }
            let asked = self.server.client.request(self.names.alive(client), "".into()).await;
            match asked {
                Err(error) if error.kind() == RequestErrorKind::NoResponders => {}
                _ => {
                    self.callers.note(client, true);
                    return true;
                }
            }
            sleep(self.settings.lost_after / ATTEMPTS).await;
        }
        self.callers.note(client, false);
        false
    }
}
