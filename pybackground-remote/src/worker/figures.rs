//! The reply to a caller that requests the figures of a worker.

use async_nats::Message;
use tokio::time::timeout;

use super::serve::Worker;
use crate::names::is_client;
use crate::server::LIMIT;
use crate::wire::WorkerFigures;

impl Worker {
    /// Replies to a request on the subject of this worker.
    pub(super) async fn say_figures(&self, message: &Message) {
        let asker = String::from_utf8_lossy(&message.payload);
        if !is_client(&asker) {
            return;
        }
        let mut figures = WorkerFigures::new(&self.id, &self.name);
        self.state.borrow().describe(&mut figures);
        let subject = self.names.figures(&asker);
        let answer = self.server.client.publish(subject, figures.to_bytes().into());
        let _ = timeout(LIMIT, answer).await;
    }
}
