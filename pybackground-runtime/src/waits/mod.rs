//! Who waits, for what and where: asked before a join blocks, and by those who stop or report waits.
//!
//! | file | subject |
//! |---|---|
//! | `graph` | the waits as data, and the search for what keeps a wait from ending |
//! | `lineage` | which waiting bodies are to stop with which others |
//! | `members` | the calls of which any ends a wait |
//! | `report` | a ring told edge by edge |
//!
//! # Why no ring is missed, and none is seen that is not there
//!
//! A thread puts its wait here before it blocks and takes it out when it goes on, under one lock. A task
//! says who runs it: the thread writes that when it claims the body, and takes it back when the body
//! ends or is suspended, each time before it can come here again. So whoever holds the lock and
//! finds a thread waiting also finds what that thread runs, and no more than it runs. A ring needs a wait
//! of each of its threads; the last of them to come finds the others.
//!
//! Who waits for any of several calls is stuck only if each of them is. As long as the wait is here, its
//! calls are all those that it is for: they change between two waits only.
//!
//! A call that waits for its inputs is on no thread: who waits for it waits for each of them. They are
//! known from before anybody can wait for the call.
//!
//! A wait that ends by itself, because it has a time limit or the call has a deadline, is no part of a
//! ring. Nor does a call that waits for a thread, or for a slot of its function's limit, have an edge: a
//! thread can be had, and who has a slot lends it while it waits. A future that awaits holds no thread;
//! what it awaits is not known here.

mod graph;
mod lineage;
mod members;
mod report;

use std::cell::RefCell;
use std::cmp::Ordering;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::call::Call;
#[cfg(feature = "process")]
use crate::cancel::overruns::stopped;
use crate::error::{Error, WaitEdge};
use crate::stacks::{self, Frame};
use crate::sync::thread::{self, Thread};
use crate::sync::{IS_MODEL, Mutex, chaos, lock_brief, now};
use crate::task::Job;
use graph::{Graph, Needs};
use lineage::Lineage;
pub(crate) use members::Members;

/// The waits of a pool's calls.
pub(crate) struct Waits(Mutex<All>);

struct All {
    graph: Graph<Wait>,
    lineage: Lineage,
}

struct Wait {
    thread: Thread,
    on: On,
    since: Instant,
    is_of_body: bool,
    /// What the lineage is told when the wait is over.
    line: Option<Frame>,
}

enum On {
    Call {
        job: Arc<dyn Job>,
        site: &'static Location<'static>,
        end: End,
    },
    /// The first of `count` calls is known to everybody, all of them where it matters.
    Any {
        first: Call,
        count: usize,
        all: Option<Arc<Members>>,
        site: &'static Location<'static>,
    },
    Time,
    /// The answer of a child that runs the body.
    #[cfg(feature = "process")]
    Child {
        connection: Arc<dyn Connection>,
        body: Frame,
    },
}

/// The connection to a child that a thread waits for.
#[cfg(feature = "process")]
pub(crate) trait Connection: Send + Sync {
    /// Ends the connection: the thread gets an error instead of an answer.
    fn cut(&self);
}

/// A call that somebody waits for, told from others by where it is.
#[derive(Clone)]
struct Awaited(Arc<dyn Job>);

/// What ends a wait besides the end of what is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    /// A time limit of the wait, or the call's deadline.
    InTime,
}

/// The thread waits until this is dropped.
pub(crate) struct Waiting<'a> {
    waits: &'a Waits,
    thread: usize,
    before: Option<Wait>,
}

/// A wait, for reports.
pub(crate) struct Told {
    pub(crate) thread: usize,
    /// What is waited for and where, of several calls the first; `None` is time.
    pub(crate) on: Option<(Call, &'static Location<'static>)>,
    /// How many calls there are of which any ends the wait.
    pub(crate) calls: usize,
    pub(crate) age: Duration,
}

impl Waits {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(All { graph: Graph::new(), lineage: Lineage::new() }))
    }

    /// This thread is about to block until `job` ends.
    ///
    /// # Errors
    ///
    /// If it would wait for itself by way of others: with the whole ring.
    pub(crate) fn for_call(
        &self,
        job: &Arc<dyn Job>,
        site: &'static Location<'static>,
        end: End,
    ) -> Result<Option<Waiting<'_>>, Error> {
        self.enter(On::Call { job: job.clone(), site, end }, || job.call())
    }

    /// This thread is about to block until any of `count` calls ends; `all` of them are to be given if
    /// a body waits and the wait has no other end.
    ///
    /// # Errors
    ///
    /// If none of them could end before this thread went on: with everything that keeps them from it.
    pub(crate) fn for_any(
        &self,
        first: Call,
        count: usize,
        all: Option<Arc<Members>>,
        site: &'static Location<'static>,
    ) -> Result<Option<Waiting<'_>>, Error> {
        self.enter(On::Any { first, count, all, site }, || first)
    }

    fn enter(&self, on: On, call: impl FnOnce() -> Call) -> Result<Option<Waiting<'_>>, Error> {
        // A thread from outside is in no ring; it is entered for reports, which no model makes.
        let unseen = IS_MODEL && stacks::current().is_none();
        let Some(thread) = stacks::this_thread().filter(|_| !unseen) else {
            return Ok(None);
        };
        let wait = Wait::new(on);
        chaos();
        // What is looked at may be gone meanwhile; what is left of it is dropped out of the lock.
        let mut inputs = Vec::new();
        let mut all = lock_brief(&self.0);
        let Some(edges) = Self::stuck(&all.graph, thread, &wait, &mut inputs) else {
            let before = all.insert(thread, wait);
            return Ok(Some(Waiting { waits: self, thread, before }));
        };
        drop(all);
        Err(Error::deadlock(call(), edges))
    }

    /// What would keep a wait of `thread` from ever ending, if that is so.
    fn stuck(
        graph: &Graph<Wait>,
        thread: usize,
        wait: &Wait,
        inputs: &mut Vec<Awaited>,
    ) -> Option<Vec<WaitEdge>> {
        if stacks::current().is_none() {
            // Nobody waits for a thread from outside.
            return None;
        }
        let inputs = RefCell::new(inputs);
        let needs = |call: &Awaited| {
            let needs = call.needs();
            if let Needs::All(all) = &needs {
                inputs.borrow_mut().extend_from_slice(all);
            }
            needs
        };
        let edges = graph.stuck(thread, wait, needs)?;
        let wait_of = |other| if other == thread { Some(wait) } else { graph.get(other) };
        report::edges(&edges, wait_of)
    }

    /// This thread is about to block for a time.
    pub(crate) fn for_time(&self) -> Option<Waiting<'_>> {
        let thread = stacks::this_thread()?;
        let before = lock_brief(&self.0).insert(thread, Wait::new(On::Time));
        Some(Waiting { waits: self, thread, before })
    }

    /// This thread is about to block until a child answers. Stopping its body cuts the connection.
    #[cfg(feature = "process")]
    pub(crate) fn for_child(&self, connection: Arc<dyn Connection>) -> Option<Waiting<'_>> {
        let thread = stacks::this_thread()?;
        let on = On::Child { connection, body: stacks::current() };
        let before = lock_brief(&self.0).insert(thread, Wait::new(on));
        Some(Waiting { waits: self, thread, before })
    }

    /// Wakes the bodies that wait and are to stop, now that the one of `frame` is.
    pub(crate) fn wake_stopped(&self, frame: Frame) {
        if frame.is_none() {
            return;
        }
        let all = lock_brief(&self.0);
        for body in all.lineage.stopping(frame) {
            if let Some(wait) = all.graph.get(stacks::thread_of(body)) {
                wait.wake();
            }
        }
    }

    /// Wakes every body that waits.
    pub(crate) fn wake_all(&self) {
        for (_, wait) in lock_brief(&self.0).graph.iter() {
            wait.wake();
        }
    }

    /// Whether a call that has no thread may be what any of so many bodies waits for. Those that look for one again
    /// and again may not be found here.
    pub(crate) fn may_end_by_a_call(&self, bodies: usize) -> bool {
        let all = lock_brief(&self.0);
        let mut found = 0;
        // Who has just begun to wait is likely to be among the last.
        let mut waits = all.graph.iter().rev().filter(|(_, wait)| wait.is_of_body);
        waits.any(|(_, wait)| {
            found += 1;
            wait.may_end_by_a_call()
        }) || found < bodies
    }

    /// All waits, by the numbers of the threads.
    pub(crate) fn read(&self) -> Vec<Told> {
        let all = lock_brief(&self.0);
        let now = now();
        let told = |(thread, wait): (usize, &Wait)| Told {
            thread,
            on: wait.on.call(),
            calls: wait.on.count(),
            age: now.saturating_duration_since(wait.since),
        };
        all.graph.iter().filter(|(_, wait)| !wait.on.is_child()).map(told).collect()
    }
}

impl All {
    /// See [`Graph::insert`].
    fn insert(&mut self, thread: usize, mut wait: Wait) -> Option<Wait> {
        wait.line = self.lineage.add(stacks::ancestors(stacks::current()));
        self.graph.insert(thread, wait)
    }

    /// See [`Graph::restore`].
    fn restore(&mut self, thread: usize, before: Option<Wait>) -> Option<Wait> {
        let over = self.graph.restore(thread, before)?;
        self.lineage.remove(over.line);
        Some(over)
    }
}

impl Wait {
    fn new(on: On) -> Self {
        let is_of_body = !stacks::current().is_none();
        Self { thread: thread::current(), on, since: now(), is_of_body, line: None }
    }

    /// Whether it may be for a call that has no thread.
    fn may_end_by_a_call(&self) -> bool {
        match &self.on {
            On::Call { job, .. } => !job.is_done() && job.runner().is_none() && !job.is_suspended(),
            On::Any { .. } => true,
            On::Time => false,
            #[cfg(feature = "process")]
            On::Child { .. } => false,
        }
    }

    /// Has the thread look whether its body is to stop, whether or not that was meant.
    fn wake(&self) {
        #[cfg(feature = "process")]
        if let On::Child { connection, body } = &self.on {
            // The thread cannot look, and what it waits for does not survive being woken.
            if stopped(*body).is_some() {
                connection.cut();
            }
            return;
        }
        self.thread.unpark();
    }
}

impl graph::Wait for Wait {
    type Call = Awaited;

    fn ends_by_itself(&self) -> bool {
        match &self.on {
            On::Call { end, .. } => *end == End::InTime,
            On::Any { all, .. } => all.is_none(),
            On::Time => true,
            #[cfg(feature = "process")]
            On::Child { .. } => true,
        }
    }

    fn call(&self, number: usize) -> Option<Awaited> {
        match &self.on {
            On::Call { job, .. } => (number == 0).then(|| Awaited(job.clone())),
            On::Any { all, .. } => all.as_ref()?.at(number).map(Awaited),
            On::Time => None,
            #[cfg(feature = "process")]
            On::Child { .. } => None,
        }
    }
}

impl Awaited {
    fn needs(&self) -> Needs<Self> {
        let frame = self.0.runner();
        let inputs = if frame.is_none() { self.0.dependencies() } else { Vec::new() };
        // A call that has a deadline ends at that if not before.
        if (frame.is_none() && inputs.is_empty()) || self.0.deadline().is_some() {
            Needs::Nothing
        } else if frame.is_none() {
            let inputs = inputs.into_iter().map(|input| Self(input.job));
            Needs::All(inputs.filter(|input| !input.0.is_done()).collect())
        } else {
            Needs::Thread(stacks::thread_of(frame))
        }
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>().addr()
    }
}

impl PartialEq for Awaited {
    fn eq(&self, other: &Self) -> bool {
        self.address() == other.address()
    }
}

impl Eq for Awaited {}

impl PartialOrd for Awaited {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Awaited {
    fn cmp(&self, other: &Self) -> Ordering {
        self.address().cmp(&other.address())
    }
}

impl On {
    fn call(&self) -> Option<(Call, &'static Location<'static>)> {
        match self {
            Self::Call { job, site, .. } => Some((job.call(), *site)),
            Self::Any { first, site, .. } => Some((*first, *site)),
            Self::Time => None,
            #[cfg(feature = "process")]
            Self::Child { .. } => None,
        }
    }

    /// Whether a child runs the body, which so is told as one that runs.
    fn is_child(&self) -> bool {
        match self {
            Self::Call { .. } | Self::Any { .. } | Self::Time => false,
            #[cfg(feature = "process")]
            Self::Child { .. } => true,
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::Call { .. } => 1,
            Self::Any { count, .. } => *count,
            Self::Time => 0,
            #[cfg(feature = "process")]
            Self::Child { .. } => 0,
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let before = self.before.take();
        let over = lock_brief(&self.waits.0).restore(self.thread, before);
        // The lock is free: it may be the last to hold what was waited for.
        drop(over);
    }
}
