//! Withdrawing calls that were cancelled or have timed out. A call counts as being withdrawn until the server knows it.

use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use pybackground_runtime::__engine::RemoteOutcome;
use tokio::task::spawn_local;
use tokio::time::{Instant, sleep, timeout};

use super::run::{AWAY, Client};
use crate::server::{LIMIT, Refused};

/// The pause before the server is asked again that was away.
const PAUSE: Duration = Duration::from_millis(100);

impl Client {
    /// Withdraws a call that has ended for the caller. Its answer goes nowhere.
    pub(super) fn withdraw(self: &Rc<Self>, number: u64) {
        self.withdraw_with(number, RemoteOutcome::lost("", 0));
        self.figures.note_withdrawal_taken_over();
    }

    /// Withdraws a call and answers it.
    pub(super) fn withdraw_with(self: &Rc<Self>, number: u64, outcome: RemoteOutcome) {
        let Some(call) = self.calls.borrow_mut().take(number) else { return };
        self.forget(number, &call);
        self.withdrawing.borrow_mut().insert(number);
        self.note_withdrawing();
        // Otherwise the task that sends the call finds it gone, and withdraws it if the server has taken it.
        if let Some((sequence, _)) = call.stored {
            let client = self.clone();
            spawn_local(async move {
                client.withdraw_stored(number, sequence).await;
                client.is_withdrawn(number);
            });
        }
        call.reply.answer(outcome);
    }

    /// Removes the message of a call from the server, and has a worker stop that got it before.
    pub(super) async fn withdraw_stored(&self, number: u64, sequence: u64) {
        let Self { server, names, .. } = self;
        // The message is removed first: a worker that received it before receives the cancellation afterwards.
        let begin = Instant::now();
        while let Err(Refused::Away) = server.remove(&names.calls(), sequence).await
            && begin.elapsed() < AWAY
        {
            sleep(PAUSE).await;
        }
        let told = server.client.publish(names.cancel(), self.key(number).to_string().into());
        let _ = timeout(LIMIT, told).await;
    }

    /// Notes that the server has no message of a call, if the call was withdrawn.
    pub(super) fn is_withdrawn(&self, number: u64) {
        if self.withdrawing.borrow_mut().remove(&number) {
            self.note_withdrawing();
        }
    }

    fn note_withdrawing(&self) {
        self.figures.note_withdrawing(self.withdrawing.borrow().len());
    }

    pub(super) fn has_withdrawn_all(&self) -> bool {
        self.withdrawing.borrow().is_empty()
    }
}

/// Says when all calls that were withdrawn so far are known to the server.
pub(super) async fn say_when_withdrawn(client: Rc<Client>, done: Sender<()>) {
    while !client.has_withdrawn_all() {
        sleep(Duration::from_millis(5)).await;
    }
    let _ = timeout(LIMIT, client.server.client.flush()).await;
    let _ = done.send(());
}
