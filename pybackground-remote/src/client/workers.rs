//! How the workers are, for snapshots: they are asked each second while a call has no result.

use std::time::Duration;

use async_nats::Message;
use tokio::time::{Instant, timeout};

use super::run::Client;
use crate::server::LIMIT;
use crate::wire::WorkerFigures;

/// For how long a worker is listed beyond the time after which it counts as dead.
const MARGIN: Duration = Duration::from_secs(2);

impl Client {
    /// Asks all workers, and forgets those that have not answered for long.
    pub(super) async fn ask_workers(&self) {
        self.figures.forget_workers(self.settings.lost_after + MARGIN);
        let question = self.name.clone().into();
        let asked = self.server.client.publish(self.names.stats(), question);
        let _ = timeout(LIMIT, asked).await;
    }

    pub(super) fn note_worker(&self, message: &Message) {
        if let Some(figures) = WorkerFigures::read(&message.payload) {
            self.signs.note(&figures.id, Instant::now());
            self.figures.note_worker(figures);
        }
    }
}
