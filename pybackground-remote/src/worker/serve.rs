//! The loop of a worker: messages, heartbeats, and the end.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use async_nats::{Message, Subscriber};
use futures_util::StreamExt as _;
use pybackground_runtime::__engine::{Bodies, Function, Settings, functions};
use tokio::task::spawn_local;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::callers::Callers;
use super::denials::Denials;
use super::execute::execute;
use super::machine::{Signals, host};
use super::metrics;
use super::state::{Admit, Delivery, Source, State};
use super::vet::vet;
use crate::connection::{self, Change, Connection};
use crate::names::{Key, Names, Served, is_client, unique};
use crate::server::{LIMIT, Server, reached};
use crate::streams;

/// How long a worker that is asked to end waits for its bodies.
const DRAIN: Duration = Duration::from_secs(25);

/// How long a call waits for a slot of this worker before another worker may have it.
const WAITS: Duration = Duration::from_secs(1);

/// What the tasks of the worker share.
pub(super) struct Worker {
    /// The worker in subjects.
    pub(super) id: String,
    /// The machine and the process.
    pub(super) name: String,
    pub(super) settings: &'static Settings,
    pub(super) server: Server,
    pub(super) names: Names,
    pub(super) bodies: Bodies,
    pub(super) inbox: String,
    /// When it started.
    pub(super) begin: Instant,
    pub(super) state: RefCell<State>,
    /// The calls that other workers said they have.
    pub(super) held_elsewhere: RefCell<HashSet<Key>>,
    pub(super) callers: Callers,
    /// When the connection was lost last.
    pub(super) connection_lost_at: Cell<Option<Instant>>,
}

/// What a worker listens to.
struct Ears {
    calls: Subscriber,
    cancel: Subscriber,
    who: Subscriber,
    here: Subscriber,
    deeper: Subscriber,
    stats: Subscriber,
}

/// Serves until the process is asked to end.
pub(super) async fn serve(settings: &'static Settings, bodies: Bodies) -> Result<(), String> {
    let mut signals = Signals::listen()?;
    let id = unique();
    let name = format!("{}:{}", host(), std::process::id());
    let Connection { client, mut changes, troubles } = connection::connect(settings, &name).await?;
    let server = Server::new(client, troubles);
    let names = Names::new(&settings.namespace);
    streams::ensure(&server, settings, &names).await?;
    let worker = Rc::new(Worker {
        inbox: server.client.new_inbox(),
        id,
        name,
        settings,
        server,
        names,
        bodies,
        begin: Instant::now(),
        state: RefCell::new(State::new(settings.slots)),
        held_elsewhere: RefCell::default(),
        callers: Callers::default(),
        connection_lost_at: Cell::new(None),
    });
    let mut ears = worker.listen().await?;
    worker.offer_all().await?;
    let metrics = match settings.metrics {
        Some(address) => Some(metrics::listen(address).await?),
        None => None,
    };
    worker.pull().await;
    worker.check_permissions().await?;
    worker.announce(metrics.as_ref().map(|(_, address)| *address));
    if let Some((listener, _)) = metrics {
        spawn_local(metrics::answer_all(worker.clone(), listener));
    }
    let mut heartbeat = interval(settings.lost_after / 3);
    let mut cleanup = interval(WAITS);
    for clock in [&mut heartbeat, &mut cleanup] {
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    let (mut is_away, mut deadline) = (false, None);
    let (mut troubles, mut denials) = (worker.server.troubles(), Denials::default());
    loop {
        tokio::select! {
            Some(message) = ears.calls.next() => worker.take(&message).await,
            Some(message) = ears.cancel.next() => worker.cancel(&message).await,
            Some(message) = ears.who.next() => worker.say_held(&message).await,
            Some(message) = ears.here.next() => worker.note_held(&message),
            Some(message) = ears.deeper.next() => worker.serve_deeper(&message).await,
            Some(message) = ears.stats.next() => worker.say_figures(&message).await,
            Some(change) = changes.recv() => match change {
                Change::Lost => {
                    worker.connection_lost_at.set(Some(Instant::now()));
                    if !std::mem::replace(&mut is_away, true) {
                        worker.say_to_people("the connection is lost; it will be made again");
                    }
                }
                Change::Back => {
                    if std::mem::take(&mut is_away) {
                        worker.say_to_people("the connection is back");
                        worker.resume().await;
                    }
                }
            },
            Ok(()) = troubles.changed() => {
                let new = denials.new_in(&troubles.borrow_and_update());
                for why in new {
                    worker.say_to_people(&format!("it is not permitted what it needs; {why}"));
                }
            }
            // A worker at rest sleeps.
            _ = heartbeat.tick(), if !worker.state.borrow().is_idle() => worker.beat().await,
            _ = cleanup.tick(), if worker.state.borrow().has_waiting() => {
                worker.give_back(Instant::now().checked_sub(WAITS)).await;
                worker.pull().await;
            }
            () = reached(worker.state.borrow().asks_again_at()) => worker.pull().await,
            () = signals.next() => {
                if deadline.is_some() {
                    worker.say_to_people("asked again to end: the bodies that run are killed");
                    return Ok(());
                }
                deadline = Some(Instant::now() + DRAIN);
                worker.state.borrow_mut().is_draining = true;
                worker.give_back(Some(Instant::now())).await;
                worker.say_to_people(&worker.state.borrow().farewell(DRAIN));
            }
            () = worker.has_drained(deadline) => {
                let _ = timeout(LIMIT, worker.server.client.drain()).await;
                let _ = timeout(LIMIT, worker.server.client.flush()).await;
                return Ok(());
            }
        }
    }
}

impl Worker {
    async fn listen(&self) -> Result<Ears, String> {
        let Self { names, .. } = self;
        let ears = Ears {
            calls: self.subscribe(format!("{}.*", self.inbox)).await?,
            cancel: self.subscribe(names.cancel()).await?,
            who: self.subscribe(names.who()).await?,
            here: self.subscribe(names.here(&self.id)).await?,
            deeper: self.subscribe(names.deeper()).await?,
            stats: self.subscribe(names.stats()).await?,
        };
        let _ = timeout(LIMIT, self.server.client.flush()).await;
        Ok(ears)
    }

    /// Checks that the server lets the worker listen and pull.
    async fn check_permissions(&self) -> Result<(), String> {
        let first =
            self.state.borrow().sources.first().map(|source| Names::consumer(&source.served));
        if let Some(consumer) = first {
            // With the answer, everything before it was refused or not.
            let _ = self.server.has_consumer(&self.names.calls(), &consumer).await;
        }
        self.server.check_permissions()
    }

    async fn subscribe(&self, subject: String) -> Result<Subscriber, String> {
        match timeout(LIMIT, self.server.client.subscribe(subject)).await {
            Ok(Ok(subscriber)) => Ok(subscriber),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the server does not answer".to_owned()),
        }
    }

    /// Offers every function of the queues of this worker, and at the depths at which callers made calls before.
    async fn offer_all(&self) -> Result<(), String> {
        let functions = functions()?;
        for (fingerprint, function) in functions {
            let queue = function.queue_name();
            if self.settings.queues.iter().any(|served| served == queue) {
                let queue = queue.to_owned();
                self.offer(function, Served { fingerprint: *fingerprint, depth: 0, queue }).await?;
            }
        }
        if self.state.borrow().sources.is_empty() {
            let queues: Vec<_> = functions.values().map(|function| function.queue_name()).collect();
            return Err(format!(
                "the worker serves the queues {:?}, and the functions of this program are in the queues {queues:?}; set \
                 PYBACKGROUND_WORKER_QUEUES",
                self.settings.queues
            ));
        }
        self.offer_known_depths().await;
        Ok(())
    }

    async fn offer(&self, function: &'static Function, served: Served) -> Result<(), String> {
        let Self { server, settings, names, .. } = self;
        if self.state.borrow().sources.iter().any(|source| source.served == served) {
            return Ok(());
        }
        streams::ensure_consumer(server, settings, names, function, &served).await?;
        self.state.borrow_mut().sources.push(Source {
            subject: names.call(&served),
            served,
            function,
            requested: 0,
            request_ends: None,
            paused_until: None,
        });
        Ok(())
    }

    /// Offers the functions at the depths that the server has consumers for.
    async fn offer_known_depths(&self) {
        let look = async {
            let Ok(stream) = self.server.context.get_stream(self.names.calls()).await else {
                return;
            };
            let mut consumers = stream.consumer_names();
            while let Some(Ok(name)) = consumers.next().await {
                self.offer_if_ours(&name).await;
            }
        };
        let _ = timeout(LIMIT, look).await;
    }

    /// Offers a function at a depth, if this worker has the function.
    async fn offer_if_ours(&self, consumer: &str) {
        let Some(served) = Names::parse_consumer(consumer) else { return };
        let Ok(functions) = functions() else { return };
        let Some(function) = functions.get(&served.fingerprint) else { return };
        if function.queue_name() == served.queue && self.settings.queues.contains(&served.queue) {
            // If it fails, the next caller asks again.
            let _ = self.offer(function, served).await;
        }
    }

    async fn serve_deeper(&self, message: &Message) {
        self.offer_if_ours(&String::from_utf8_lossy(&message.payload)).await;
        self.pull().await;
    }

    /// Takes a call from the server, and starts what can start.
    async fn take(self: &Rc<Self>, message: &Message) {
        match self.read(message) {
            Ok(Some(call)) => {
                let acknowledge = call.acknowledge.clone();
                if self.state.borrow().is_draining {
                    return self.say(acknowledge, "-NAK").await;
                }
                let admitted = self.state.borrow_mut().admit(call);
                match admitted {
                    Admit::Waits | Admit::Held => {}
                    Admit::Vet(call, stopped) => {
                        spawn_local(vet(self.clone(), call, stopped));
                    }
                    Admit::Finished => self.say(acknowledge, "+ACK").await,
                }
            }
            Ok(None) => {}
            // No call: it must not come again.
            Err(acknowledge) => self.say(acknowledge, "+TERM").await,
        }
        self.go_on().await;
    }

    /// Starts the calls that have a slot, and asks for more.
    pub(super) async fn go_on(self: &Rc<Self>) {
        while let Some((call, stopped)) = self.next() {
            spawn_local(execute(self.clone(), call, stopped));
        }
        self.pull().await;
    }

    fn next(&self) -> Option<(Delivery, tokio::sync::oneshot::Receiver<()>)> {
        self.state.borrow_mut().next()
    }

    async fn cancel(&self, message: &Message) {
        for key in String::from_utf8_lossy(&message.payload).lines().filter_map(Key::parse) {
            let acknowledge = self.state.borrow_mut().stop(&key);
            if let Some(acknowledge) = acknowledge {
                self.say(acknowledge, "+ACK").await;
            }
        }
    }

    /// Answers who asks which worker has some calls.
    async fn say_held(&self, message: &Message) {
        let text = String::from_utf8_lossy(&message.payload);
        let mut lines = text.lines();
        let Some(asker) = lines.next().filter(|asker| is_client(asker) && *asker != self.id) else {
            return;
        };
        let held: Vec<String> = {
            let state = self.state.borrow();
            let keys = lines.filter_map(Key::parse).filter(|key| state.holds(key));
            keys.map(|key| key.to_string()).collect()
        };
        if !held.is_empty() {
            let answer = self.server.client.publish(self.names.here(asker), held.join("\n").into());
            let _ = timeout(LIMIT, answer).await;
        }
    }

    fn note_held(&self, message: &Message) {
        let text = String::from_utf8_lossy(&message.payload);
        self.held_elsewhere.borrow_mut().extend(text.lines().filter_map(Key::parse));
    }

    /// Says that the calls of this worker are being worked on.
    async fn beat(&self) {
        let held = self.state.borrow().acknowledged_at();
        for acknowledge in held {
            self.say(acknowledge, "+WPI").await;
        }
    }

    /// Hands calls back that have waited for a slot since before `since`.
    async fn give_back(&self, since: Option<Instant>) {
        let Some(since) = since else { return };
        let back = self.state.borrow_mut().give_back(since);
        for acknowledge in back {
            self.say(acknowledge, "-NAK").await;
        }
    }

    /// Goes on after the connection was lost: first the calls of this worker, so that no other gets them.
    async fn resume(&self) {
        self.beat().await;
        self.forget_requests();
        self.pull().await;
        self.offer_known_depths().await;
        self.pull().await;
    }

    /// Returns when all bodies have ended, after the worker was asked to end.
    async fn has_drained(&self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return std::future::pending().await };
        while !self.state.borrow().is_idle() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Says that the worker serves.
    fn announce(&self, metrics: Option<SocketAddr>) {
        let state = self.state.borrow();
        self.say_to_people(&format!(
            "functions: {}, bodies at once: {}, queues: {}{}",
            state.sources.iter().filter(|source| source.served.depth == 0).count(),
            self.settings.slots,
            self.settings.queues.join(", "),
            metrics.map(|at| format!(", metrics: http://{at}/metrics")).unwrap_or_default()
        ));
    }

    /// Writes a line to the standard error.
    fn say_to_people(&self, what: &str) {
        use std::io::Write as _;
        let (name, url) = (&self.name, &self.settings.url);
        // Standard error may be closed.
        let _ = writeln!(std::io::stderr(), "pybackground: worker {name} at {url}: {what}");
    }
}
