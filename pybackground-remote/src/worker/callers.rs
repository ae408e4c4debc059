//! Which callers live: nobody waits for the calls of the others.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::serve::Worker;

/// How long a caller counts as alive after it has answered.
const FRESH: Duration = Duration::from_millis(100);

/// How long a caller counts as dead.
const DEAD: Duration = Duration::from_secs(60);

/// How often a caller is asked that does not answer.
const ATTEMPTS: u32 = 5;

/// The pause before a caller is asked again.
const PAUSE: Duration = Duration::from_millis(50);

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
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            if let Some(lives) = self.callers.known(client) {
                return lives;
            }
            match self.server.has_listener(self.names.alive(client)).await {
                Some(true) => {
                    self.callers.note(client, true);
                    return true;
                }
                Some(false) => {
                    attempts += 1;
                    sleep(self.settings.lost_after / ATTEMPTS).await;
                }
                // The question was lost with the connection.
                None => sleep(PAUSE).await,
            }
        }
        self.callers.note(client, false);
        false
    }
}
