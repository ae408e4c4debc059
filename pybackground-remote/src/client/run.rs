//! The thread that sends calls: commands, results, and the time.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Message;
use futures_util::StreamExt as _;
use pybackground_runtime::__engine::{RemoteOutcome, Settings};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::audit::audit;
use super::calls::{Calls, Pending};
use super::figures::Figures;
use super::send::send;
use super::silence::Signs;
use super::withdraw::say_when_withdrawn;
use super::{Command, end_service};
use crate::blobs::{self, Part};
use crate::connection::{self, Change, Connection};
use crate::names::{Key, Names, Served, unique};
use crate::server::{LIMIT, Server, reached};
use crate::streams;
use crate::wire::{Blob, ResultHead};

/// How many messages may be without an acknowledgement.
const MOST_UNACKNOWLEDGED: usize = 4096;

/// How long the thread stays without a call.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// After how long without a result the calls are looked for.
const QUIET: Duration = Duration::from_secs(5);

/// After how long without a connection the calls have failed.
pub(super) const AWAY: Duration = Duration::from_secs(60);

/// What the tasks of the thread share.
pub(super) struct Client {
    pub(super) name: String,
    pub(super) settings: &'static Settings,
    pub(super) server: Server,
    pub(super) names: Names,
    pub(super) calls: RefCell<Calls>,
    pub(super) figures: Arc<Figures>,
    pub(super) unacknowledged: Semaphore,
    /// What workers were told to serve.
    pub(super) deeper: RefCell<HashSet<Served>>,
    /// The calls that workers said they have, since they were last asked.
    pub(super) held: RefCell<HashSet<Key>>,
    /// The right to ask them.
    pub(super) asking: Semaphore,
    pub(super) signs: Signs,
    /// Marks may have been missed.
    pub(super) misses_marks: Cell<bool>,
    /// The calls that were withdrawn, which the server may still have.
    pub(super) withdrawing: RefCell<HashSet<u64>>,
    last_result: Cell<Instant>,
    is_auditing: Cell<bool>,
}

/// Runs the thread: until there was no call for a while, or until there is no connection.
pub(super) fn run(
    settings: &'static Settings,
    commands: UnboundedReceiver<Command>,
    figures: Arc<Figures>,
) {
    let mut commands = commands;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = match runtime {
        Ok(runtime) => {
            let ended = LocalSet::new().block_on(&runtime, serve(settings, &mut commands, figures));
            // Whatever is left, as a name that is being resolved, must not hold the thread.
            runtime.shutdown_background();
            ended
        }
        Err(error) => Err(format!("no event loop could be made: {error}")),
    };
    let Err(why) = ended else { return };
    loop {
        while let Ok(command) = commands.try_recv() {
            if let Command::Call(_, _, reply) = command {
                reply.answer(RemoteOutcome::unreachable(why.clone()));
            }
        }
        if end_service(&mut commands) {
            return;
        }
    }
}

/// Serves commands until there was none for a while, and then ends the service.
async fn serve(
    settings: &'static Settings,
    commands: &mut UnboundedReceiver<Command>,
    figures: Arc<Figures>,
) -> Result<(), String> {
    let name = unique();
    let Connection { client, mut changes, troubles } = connection::connect(settings, &name).await?;
    figures.note_connected();
    let server = Server::new(client, troubles);
    let names = Names::new(&settings.namespace);
    let subscribe = |subject: String| {
        let server = server.clone();
        async move {
            match timeout(LIMIT, server.client.subscribe(subject)).await {
                Ok(Ok(subscriber)) => Ok(subscriber),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("the server does not answer".to_owned()),
            }
        }
    };
    let mut results = subscribe(names.results_of(&name)).await?;
    let mut marks = subscribe(names.marks_of(&name)).await?;
    let mut alive = subscribe(names.alive(&name)).await?;
    let mut here = subscribe(names.here(&name)).await?;
    let mut workers = subscribe(names.figures(&name)).await?;
    // Whether these may be sent is known now, and not in the moment in which one is needed.
    for subject in [names.cancel(), names.who()] {
        let _ = timeout(LIMIT, server.client.publish(subject, "".into())).await;
    }
    // With the answer the server knows where results go, before the first call is published.
    streams::ensure(&server, settings, &names).await?;
    server.check_permissions()?;
    let client = Rc::new(Client {
        name,
        settings,
        server,
        names,
        calls: RefCell::new(Calls::new(figures.clone())),
        figures,
        unacknowledged: Semaphore::new(MOST_UNACKNOWLEDGED),
        deeper: RefCell::default(),
        held: RefCell::default(),
        asking: Semaphore::new(1),
        signs: Signs::default(),
        misses_marks: Cell::new(false),
        withdrawing: RefCell::default(),
        last_result: Cell::new(Instant::now()),
        is_auditing: Cell::new(false),
    });
    let mut clock = interval(Duration::from_secs(1));
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut idle_since, mut away_since) = (Instant::now(), None);
    loop {
        tokio::select! {
            Some(command) = commands.recv() => client.obey(command),
            Some(message) = results.next() => client.receive(&message),
            Some(message) = marks.next() => client.note_mark(&message),
            Some(message) = alive.next() => client.say_alive(message).await,
            Some(message) = here.next() => client.note_held(&message),
            Some(message) = workers.next() => client.note_worker(&message),
            Some(change) = changes.recv() => match change {
                Change::Lost => {
                    client.figures.note_away();
                    away_since = away_since.or(Some(Instant::now()));
                    client.misses_marks.set(true);
                }
                Change::Back => {
                    client.figures.note_connected();
                    if away_since.take().is_some() {
                        client.signs.start_again(Instant::now());
                        client.start_audit();
                    }
                }
            },
            () = reached(client.signs.ends_at(settings.lost_after)), if away_since.is_none() => {
                client.check_silent();
            }
            _ = clock.tick() => {
                if !client.calls.borrow().is_empty() {
                    idle_since = Instant::now();
                    if away_since.is_none() {
                        client.ask_workers().await;
                    }
                }
                if away_since.is_some_and(|since| since.elapsed() >= AWAY) {
                    client.give_up();
                } else if away_since.is_none() && client.is_quiet() {
                    client.start_audit();
                }
                let is_idle = idle_since.elapsed() >= KEEP_ALIVE && client.has_withdrawn_all();
                if is_idle && end_service(commands) {
                    client.leave().await;
                    return Ok(());
                }
            }
        }
    }
}

impl Client {
    pub(super) fn key(&self, number: u64) -> Key {
        Key { client: self.name.clone(), number }
    }

    fn obey(self: &Rc<Self>, command: Command) {
        match command {
            Command::Call(number, order, reply) => {
                self.calls.borrow_mut().add(number, order, reply);
                self.figures.note_taken_over();
                spawn_local(send(self.clone(), number));
            }
            Command::Withdraw(number) => self.withdraw(number),
            Command::Close(done) => {
                spawn_local(say_when_withdrawn(self.clone(), done));
            }
        }
    }

    /// Answers a call, if it has no answer yet.
    pub(super) fn answer(self: &Rc<Self>, number: u64, outcome: RemoteOutcome) {
        let Some(call) = self.calls.borrow_mut().take(number) else { return };
        self.forget(number, &call);
        call.reply.answer(outcome);
    }

    fn receive(self: &Rc<Self>, message: &Message) {
        let number = message.subject.rsplit('.').next().and_then(|number| number.parse().ok());
        if let Some(number) = number {
            self.complete(number, &message.payload);
        }
    }

    /// Answers a call with a result, if it has no answer yet.
    pub(super) fn complete(self: &Rc<Self>, number: u64, content: &[u8]) {
        self.last_result.set(Instant::now());
        if self.calls.borrow().get(number).is_none() {
            return;
        }
        let unreadable = || {
            let why = "the worker's answer is of another version of pybackground".to_owned();
            RemoteOutcome::unsendable(true, why)
        };
        let Some((head, answer)) = ResultHead::read(content) else {
            return self.answer(number, unreadable());
        };
        if !head.is_blob {
            let outcome = RemoteOutcome::from_bytes(answer).unwrap_or_else(unreadable);
            return self.answer(number, said_by(outcome, &head));
        }
        let Some(blob) = Blob::read(answer) else {
            return self.answer(number, unreadable());
        };
        let client = self.clone();
        spawn_local(async move {
            let Self { server, names, .. } = &*client;
            let key = client.key(number);
            let outcome = match blobs::get(server, names, (&key, Part::Result), &blob).await {
                Ok(answer) => RemoteOutcome::from_vec(answer).unwrap_or_else(unreadable),
                Err(why) => {
                    RemoteOutcome::unsendable(true, format!("it could not be fetched: {why}"))
                }
            };
            client.answer(number, said_by(outcome, &head));
            blobs::remove(server, names, &key, Part::Result).await;
        });
    }

    /// Removes what the server keeps of a call that has ended.
    pub(super) fn forget(self: &Rc<Self>, number: u64, call: &Pending) {
        let finished = self.calls.borrow_mut().finished_generations();
        if !call.is_blob && finished.is_empty() {
            return;
        }
        let (client, is_blob) = (self.clone(), call.is_blob);
        spawn_local(async move {
            let Self { server, names, .. } = &*client;
            if is_blob {
                blobs::remove(server, names, &client.key(number), Part::Arguments).await;
            }
            for generation in finished {
                for subject in names.generation_of(&client.name, generation) {
                    // What remains ends by its age.
                    let _ = server.purge(&names.results(), &subject).await;
                }
            }
        });
    }

    async fn say_alive(&self, message: Message) {
        if let Some(asker) = message.reply {
            let _ = timeout(LIMIT, self.server.client.publish(asker, "".into())).await;
        }
    }

    fn note_held(&self, message: &Message) {
        let text = String::from_utf8_lossy(&message.payload);
        self.held.borrow_mut().extend(text.lines().filter_map(Key::parse));
    }

    fn is_quiet(&self) -> bool {
        let Settings { lost_after, unserved_after, .. } = self.settings;
        let quiet = QUIET.min(*lost_after).min(*unserved_after);
        !self.calls.borrow().is_empty() && self.last_result.get().elapsed() >= quiet
    }

    fn start_audit(self: &Rc<Self>) {
        if self.is_auditing.replace(true) {
            return;
        }
        let client = self.clone();
        spawn_local(async move {
            audit(client.clone()).await;
            // The next audit is not before the next quiet time.
            client.last_result.set(Instant::now());
            client.is_auditing.set(false);
        });
    }

    /// Answers all calls, because the server does not come back.
    fn give_up(self: &Rc<Self>) {
        let calls: Vec<(u64, bool)> = {
            let calls = self.calls.borrow();
            calls.iter().map(|(number, call)| (number, call.stored.is_some())).collect()
        };
        for (number, is_stored) in calls {
            let why = "the connection to the server is lost and does not come back";
            self.answer(
                number,
                if is_stored {
                    RemoteOutcome::lost(why, 0)
                } else {
                    RemoteOutcome::unreachable(why.to_owned())
                },
            );
        }
    }

    /// Removes what the server keeps of this client.
    async fn leave(&self) {
        for kind in [self.names.results_of(&self.name), self.names.marks_of(&self.name)] {
            let _ = self.server.purge(&self.names.results(), &kind).await;
        }
        let _ = timeout(LIMIT, self.server.client.drain()).await;
    }
}

fn said_by(outcome: RemoteOutcome, head: &ResultHead) -> RemoteOutcome {
    let times = head.times();
    outcome.by(&head.worker, head.attempts).after(times.waited, times.ran)
}
