//! The wait graph: which threads wait for which calls.
//!
//! | file | subject |
//! |---|---|
//! | `graph` | the waits as data, and the search for what keeps a wait from ending |
//! | `wait` | one wait of a thread |
//! | `wait_set` | the calls of which any ends a wait |
//! | `held` | the locks that each thread holds |
//! | `cycle` | a deadlock listed edge by edge |
//!
//! # Why every cycle is found, and only cycles are
//!
//! A thread inserts its wait before it blocks and removes the wait when it continues, under the graph's lock. A
//! task publishes its runner: the thread writes it when it claims the body, and resets it when the body ends or is
//! suspended, both before it can wait again. So a thread that holds the lock and finds another one waiting also
//! finds exactly the bodies that the other one runs. A cycle needs a wait of each of its threads, and the last of
//! them to insert its wait finds the others.
//!
//! A wait for any of several calls is deadlocked only if each of them is. The set of calls changes only
//! between two waits, so it is complete for as long as the wait is in the graph.
//!
//! A call with unfinished dependencies is on no thread: a wait for it is a wait for all of them. They are
//! known before any thread can wait for the call.
//!
//! A thread at the end of a scope waits for all closures of the scope. This wait cannot fail. If it closes a cycle,
//! a join in the cycle fails instead.
//!
//! A wait for a lock of `locks` is a wait for all threads that hold the lock in a way that excludes the waiting
//! thread. Each thread has a list of the locks that it holds: it adds a lock after it has taken it, and removes it
//! when it releases it. The thread inserts a copy of the list with its wait. The list cannot change during the wait,
//! so a thread that holds the graph's lock and finds another one waiting also finds all locks that the other one
//! holds. A thread that holds a lock and does not wait is not found, and will release the lock. A thread that gets a
//! lock for which it has waited removes its wait before it adds the lock. Threads without a body are in the graph as
//! well, because another thread can need a lock that they hold.
//!
//! Some waits are not part of a cycle:
//!
//! - A wait with a time limit, or for a call with a deadline, ends by itself.
//! - Any thread may end a wait for a notification.
//! - A queued call needs no edge to a thread, because the pool provides one.
//! - A call that waits for a permit of a limit needs no edge, because a thread that blocks lends its permits. Only a future
//!   keeps its permit, so a search for rings through futures also follows waits for permits.
//! - A future that awaits blocks no thread. `task::await_rings` searches for rings through futures, with
//!   `Waits::ring`, after the wait is in the graph. It says why each of these rings is found, too.

mod cycle;
mod graph;
pub(crate) mod held;
mod wait;
mod wait_set;

use std::cell::{Cell, RefCell};
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::call::Call;
#[cfg(feature = "process")]
pub(crate) use crate::cancel::Connection;
use crate::cancel::{self, Parked, Parking};
use crate::error::{Error, WaitEdge};
use crate::stacks;
use crate::sync::thread;
use crate::sync::{IS_MODEL, Mutex, MutexGuard, chaos, lock_brief, now};
use crate::table::{Id, Set};
use crate::wait_target::{Remains, WaitTarget, downgrade, with_call};
pub(crate) use graph::Needs;
use graph::{Found, Graph, Node, Root};
use held::Key;
pub(crate) use wait::End;
use wait::{Awaited, On, Wait};
pub(crate) use wait::{BlockedIn, Permits, ScopedCalls};
pub(crate) use wait_set::{Member, WaitSet};

/// The waits of all threads.
pub(crate) struct Waits(Mutex<Graph<Wait>>);

/// The thread waits until this is dropped.
pub(crate) struct Waiting<'a> {
    waits: &'a Waits,
    thread: usize,
    before: Option<Wait>,
    leads_to_parked: Cell<bool>,
    _parking: Option<Parking>,
}

/// A wait, for reports.
pub(crate) struct WaitReport {
    pub(crate) thread: usize,
    /// The call and the site of the wait, of several calls the first; `None` is time, a lock or a notification.
    pub(crate) on: Option<(Call, &'static Location<'static>)>,
    /// What else the thread waits for, and where.
    pub(crate) blocked_in: Option<(BlockedIn, &'static Location<'static>)>,
    /// How many calls there are of which any ends the wait.
    pub(crate) calls: usize,
    pub(crate) age: Duration,
}

/// What has to go on before a call can end.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Behind {
    /// Each of these threads, none of which waits in the graph, unless it runs a body meanwhile.
    pub(crate) threads: Vec<usize>,
    /// Each of these threads, which wait for a lock of this crate or for a notification.
    pub(crate) locked_out: Vec<usize>,
    /// Any worker, for a call that is queued.
    pub(crate) any_worker: bool,
}

/// A wait that takes long, for reports.
pub(crate) struct LongWait {
    /// The call and the site of the wait, of several calls the first.
    pub(crate) on: Option<(Call, &'static Location<'static>)>,
    /// What else the thread waits for, and where.
    pub(crate) blocked_in: Option<(BlockedIn, &'static Location<'static>)>,
    /// What has to continue before the wait can end. Of several calls of which any ends the wait, behind each of them.
    pub(crate) behind: Vec<Behind>,
}

impl Waits {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Graph::new()))
    }

    /// This thread is about to block until `job` ends.
    ///
    /// # Errors
    ///
    /// If the thread would wait for itself, directly or through others: with the whole cycle.
    pub(crate) fn for_call(
        &self,
        job: Arc<dyn WaitTarget>,
        site: &'static Location<'static>,
        end: End,
    ) -> Result<Option<Waiting<'_>>, Error> {
        let call = job.call();
        self.enter(On::Call { job, site, end }).map_err(|cycle| Error::deadlock(call, cycle))
    }

    /// This thread is about to block until any of `count` calls ends. The caller passes `all` of them if a
    /// body waits, or a thread with a lock, and the wait has no other end.
    ///
    /// # Errors
    ///
    /// If none of them can end before this thread continues: with everything that blocks them.
    pub(crate) fn for_any(
        &self,
        first: Call,
        count: usize,
        all: Option<Arc<WaitSet>>,
        site: &'static Location<'static>,
    ) -> Result<Option<Waiting<'_>>, Error> {
        self.enter(On::Any { first, count, all, site })
            .map_err(|cycle| Error::deadlock(first, cycle))
    }

    /// This thread is about to block until it gets a lock.
    ///
    /// # Errors
    ///
    /// If it would never get the lock: with the whole cycle.
    pub(crate) fn for_lock(
        &self,
        key: Key,
        site: &'static Location<'static>,
    ) -> Result<Option<Waiting<'_>>, Vec<WaitEdge>> {
        self.enter(On::Lock(key, site))
    }

    /// This thread is about to block until a condition variable notifies it.
    pub(crate) fn for_notification(
        &self,
        site: &'static Location<'static>,
        end: End,
    ) -> Option<Waiting<'_>> {
        self.for_event(On::Notification(site, end))
    }

    fn enter(&self, on: On) -> Result<Option<Waiting<'_>>, Vec<WaitEdge>> {
        let wait = Wait::new(on);
        let Some(thread) = number_of_this_thread(&wait) else { return Ok(None) };
        chaos();
        // The search may be the last to hold a call, of which the remains are dropped after the lock is released.
        let mut remains = Remains::default();
        let mut graph = lock_brief(&self.0);
        let leads_to_parked = Cell::new(false);
        while let Some(deadlock) =
            Self::deadlock(&graph, thread, &wait, &leads_to_parked, &mut remains)
        {
            // An error that is raised while the thread panics aborts the process.
            if !wait.is_panicking || !deadlock.fail_another(&mut graph, thread) {
                drop(graph);
                return Err(deadlock.edges);
            }
        }
        let mut waiting = self.insert(graph, thread, wait, || Parked::Thread(thread::current()));
        waiting.leads_to_parked = leads_to_parked;
        Ok(Some(waiting))
    }

    /// Inserts the wait, and parks the thread in the cancellation tree as well.
    fn insert(
        &self,
        mut graph: MutexGuard<'_, Graph<Wait>>,
        thread: usize,
        wait: Wait,
        parked: impl FnOnce() -> Parked,
    ) -> Waiting<'_> {
        let node = wait.node.clone();
        let before = graph.insert(thread, wait);
        drop(graph);
        let parking = node.map(|node| node.park(parked()));
        Waiting { waits: self, thread, before, leads_to_parked: Cell::default(), _parking: parking }
    }

    /// Returns what would keep a wait of `thread` from ever ending, if anything would. Notes whether the search has met a
    /// parked call that something else may continue.
    fn deadlock(
        graph: &Graph<Wait>,
        thread: usize,
        wait: &Wait,
        leads_to_parked: &Cell<bool>,
        remains: &mut Remains,
    ) -> Option<Deadlock> {
        if !may_be_needed(graph, wait) {
            return None;
        }
        let holders = |key: Key| {
            let all = graph.iter().filter(|(other, _)| *other != thread).chain([(thread, wait)]);
            all.filter(|(_, wait)| wait.is_in_the_way_of(key)).map(|(thread, _)| thread).collect()
        };
        let shared = RefCell::new(&mut *remains);
        let needs = |awaited: &Awaited| {
            let needs = awaited.needs(holders, &mut shared.borrow_mut());
            if matches!(needs, Needs::Nothing) && awaited.is_parked(&mut shared.borrow_mut()) {
                leads_to_parked.set(true);
            }
            needs
        };
        let found = graph.deadlock(thread, wait, needs)?;
        let wait_of = |other| if other == thread { Some(wait) } else { graph.get(other) };
        let edges = cycle::edges(&found, &wait_of, remains)?;
        let is_thread = |edge: graph::Edge<Awaited>| match edge.from {
            Node::Thread(thread) => Some(thread),
            Node::Call(_) => None,
        };
        Some(Deadlock { edges, threads: found.into_iter().filter_map(is_thread).collect() })
    }

    /// Looks for waits that keep the root from ever continuing. As each other search, but also through calls of which
    /// `parked` says what they need. The remains are to be dropped after the caller has released its locks.
    pub(crate) fn ring(
        &self,
        root: &RingRoot,
        parked: impl Fn(&Weak<dyn WaitTarget>, &mut Remains) -> Option<Needs<Weak<dyn WaitTarget>>>,
        memory: &mut Memory,
        remains: &mut Remains,
    ) -> Look {
        let graph = lock_brief(&self.0);
        let holders = |key: Key| {
            let all = graph.iter().filter(|(_, wait)| wait.is_in_the_way_of(key));
            all.map(|(thread, _)| thread).collect()
        };
        let shared = RefCell::new(&mut *remains);
        let needs = |awaited: &Awaited| {
            let mut remains = shared.borrow_mut();
            let parked = match awaited {
                Awaited::Call(call) => parked(call, &mut remains),
                _ => None,
            };
            match parked {
                None => awaited.needs(holders, &mut remains),
                Some(Needs::Nothing) => Needs::Nothing,
                Some(Needs::Thread(thread)) => Needs::Thread(thread),
                Some(Needs::All(all)) => Needs::All(wait::calls(all)),
                Some(Needs::Any(any)) => Needs::Any(wait::calls(any)),
            }
        };
        let found = match root {
            RingRoot::Call(call) => {
                graph.ring(&Root::Call(&Awaited::Call(Weak::clone(call))), needs, &mut memory.0)
            }
            RingRoot::Thread(thread) => {
                let wait = graph.get(*thread).filter(|wait| may_be_needed(&graph, wait));
                let Some(wait) = wait else { return Look::Nothing };
                graph.ring(&Root::Thread(*thread, wait), needs, &mut memory.0)
            }
        };
        let found = match found {
            Found::Nothing => return Look::Nothing,
            Found::TooLong => return Look::TooLong,
            Found::Ring(found) => found,
        };
        let edges = cycle::edges(&found, &|thread| graph.get(thread), remains);
        Look::Ring(Ring { edges, found })
    }

    /// Blocks for `time`, or until the body has to stop.
    pub(crate) fn sleep(&self, time: Duration) {
        let end = now().checked_add(time);
        let _waiting = self.for_time();
        while cancel::stopped().is_none() {
            match end.map(|end| end.saturating_duration_since(now())) {
                None => thread::park(),
                Some(Duration::ZERO) => return,
                Some(rest) => thread::park_timeout(rest),
            }
        }
    }

    /// This thread is about to block until the last closure of a scope has ended. The wait cannot be given up: if it
    /// closes a cycle, a join in the cycle fails instead.
    pub(crate) fn for_scope(
        &self,
        calls: &Arc<dyn ScopedCalls>,
        site: &'static Location<'static>,
    ) -> Option<Waiting<'_>> {
        let wait = Wait::new(On::scope(calls, site)?);
        let thread = number_of_this_thread(&wait)?;
        chaos();
        let mut remains = Remains::default();
        let mut graph = lock_brief(&self.0);
        // Each of several closures may be part of a cycle.
        let leads_to_parked = Cell::new(false);
        while let Some(deadlock) =
            Self::deadlock(&graph, thread, &wait, &leads_to_parked, &mut remains)
        {
            if !deadlock.fail_another(&mut graph, thread) {
                break;
            }
        }
        let mut waiting = self.insert(graph, thread, wait, || Parked::Thread(thread::current()));
        waiting.leads_to_parked = leads_to_parked;
        Some(waiting)
    }

    /// This thread is at the end of a scope, and runs closures of the scope before it waits. Only reports ask for this.
    pub(crate) fn for_own_closures(
        &self,
        calls: &Arc<dyn ScopedCalls>,
        site: &'static Location<'static>,
    ) -> Option<Waiting<'_>> {
        let mut wait = Wait::new(On::scope(calls, site)?);
        wait.is_running = true;
        let thread = number_of_this_thread(&wait)?;
        Some(self.insert(lock_brief(&self.0), thread, wait, || Parked::Thread(thread::current())))
    }

    /// Returns what has to continue before the call can end, as far as the waits of the threads are known.
    pub(crate) fn behind(&self, call: Weak<dyn WaitTarget>) -> Behind {
        // Dropped after the lock is released.
        let mut remains = Remains::default();
        behind(&lock_brief(&self.0), vec![call], &mut remains)
    }

    /// Returns the waits of at least that age that nothing but calls can end, with what has to continue before.
    pub(crate) fn long(&self, age: Duration) -> Vec<LongWait> {
        let mut remains = Remains::default();
        let graph = lock_brief(&self.0);
        let now = now();
        let is_long = |wait: &Wait| now.saturating_duration_since(wait.since) >= age;
        let long = graph.iter().filter(|(_, wait)| is_long(wait));
        let behind = |calls, remains: &mut _| {
            let mut behind = behind(&graph, calls, remains);
            behind.locked_out.retain(|thread| graph.get(*thread).is_some_and(is_long));
            behind
        };
        long.filter_map(|(thread, wait)| {
            let behind: Vec<Behind> = match &wait.on {
                _ if wait.is_running => vec![Behind { threads: vec![thread], ..Behind::default() }],
                On::Any { all, .. } => {
                    let all = all.as_ref()?;
                    (0..)
                        .map_while(|number| all.at(number))
                        .map(|call| behind(vec![call], &mut remains))
                        .collect()
                }
                _ => vec![behind(wait.calls(&mut remains), &mut remains)],
            };
            Some(LongWait { on: wait.on.call(), blocked_in: wait.on.blocked_in(), behind })
        })
        .collect()
    }

    /// Whether the thread waits.
    pub(crate) fn is_waiting(&self, thread: usize) -> bool {
        lock_brief(&self.0).get(thread).is_some()
    }

    /// This thread is about to block for a time.
    pub(crate) fn for_time(&self) -> Option<Waiting<'_>> {
        self.for_event(On::Time)
    }

    /// This thread is about to block until it has a permit again, which it lent for the wait that it still has in the graph.
    pub(crate) fn for_permit(&self, limit: &'static dyn Permits) -> Option<Waiting<'_>> {
        let thread = stacks::this_thread()?;
        let after = lock_brief(&self.0).get(thread).map(|wait| wait.on.over());
        // It cannot fail. A search for rings through bodies that have the permits follows.
        let waiting = self.for_event(On::Permit { limit, after })?;
        waiting.leads_to_parked.set(true);
        Some(waiting)
    }

    fn for_event(&self, on: On) -> Option<Waiting<'_>> {
        let thread = stacks::this_thread()?;
        let (wait, graph) = (Wait::new(on), lock_brief(&self.0));
        Some(self.insert(graph, thread, wait, || Parked::Thread(thread::current())))
    }

    /// This thread is about to block until a process replies. A stop of its body cuts the connection.
    #[cfg(feature = "process")]
    pub(crate) fn for_child(&self, connection: Arc<dyn Connection>) -> Option<Waiting<'_>> {
        let thread = stacks::this_thread()?;
        let wait = Wait::new(On::Child(connection.clone()));
        Some(self.insert(lock_brief(&self.0), thread, wait, || Parked::Process(connection)))
    }

    /// Wakes every thread that waits, because each body has to stop.
    pub(crate) fn wake_all(&self) {
        for (_, wait) in lock_brief(&self.0).iter() {
            wait.wake();
        }
    }

    /// Returns all waits, by the numbers of the threads.
    pub(crate) fn read(&self) -> Vec<WaitReport> {
        let graph = lock_brief(&self.0);
        let now = now();
        let report = |(thread, wait): (usize, &Wait)| WaitReport {
            thread,
            on: wait.on.call(),
            blocked_in: wait.on.blocked_in(),
            calls: wait.on.count(),
            age: now.saturating_duration_since(wait.since),
        };
        let is_shown = |wait: &Wait| !wait.is_running && !wait.on.is_child();
        graph.iter().filter(|(_, wait)| is_shown(wait)).map(report).collect()
    }
}

/// A thread without body and lock is in no cycle. It is inserted for reports, which no model makes.
fn number_of_this_thread(wait: &Wait) -> Option<usize> {
    let is_unreported = IS_MODEL && stacks::current().is_none() && !wait.concerns_locks();
    stacks::this_thread().filter(|_| !is_unreported)
}

/// What has to continue before all of the calls can end.
fn behind(graph: &Graph<Wait>, calls: Vec<Weak<dyn WaitTarget>>, remains: &mut Remains) -> Behind {
    let mut next = calls;
    let mut seen = Set::new();
    let mut behind = Behind::default();
    while let Some(call) = next.pop() {
        let look = |job: &Arc<dyn WaitTarget>, remains: &mut Remains| {
            let runner = job.runner();
            if job.is_done() || job.has_deadline() {
                // It ends whatever these threads do.
            } else if runner.is_none() {
                behind.any_worker |= job.is_queued();
                next.extend(downgrade(job.inputs(), remains));
            } else if seen.insert(runner.thread()) {
                match graph.get(runner.thread()).filter(|wait| !wait.is_running) {
                    None => behind.threads.push(runner.thread()),
                    Some(wait) if wait.is_locked_out() => behind.locked_out.push(runner.thread()),
                    Some(wait) => next.extend(wait.calls(remains)),
                }
            }
        };
        with_call(&call, remains, look);
    }
    behind
}

/// Whether a call or thread can depend on the thread of this wait: it has a body, or a lock that another thread waits for.
fn may_be_needed(graph: &Graph<Wait>, wait: &Wait) -> bool {
    let needs_lock = |other: &Wait| match other.on {
        On::Lock(key, _) => wait.is_in_the_way_of(key),
        _ => false,
    };
    let is_needed = || graph.iter().map(|(_, other)| other).chain([wait]).any(needs_lock);
    wait.has_body() || (wait.concerns_locks() && is_needed())
}

/// Where a search for a ring begins.
#[derive(Clone)]
pub(crate) enum RingRoot {
    /// A call that is on no thread.
    Call(Weak<dyn WaitTarget>),
    /// The wait in the graph of the thread of that number.
    Thread(usize),
}

impl RingRoot {
    /// What tells it apart from other roots.
    pub(crate) fn id(&self) -> Id {
        match self {
            Self::Call(call) => (1, call.as_ptr().cast::<()>().addr()).into(),
            Self::Thread(thread) => (*thread).into(),
        }
    }
}

/// What a search for a ring has found.
pub(crate) enum Look {
    /// The root can continue.
    Nothing,
    /// The search took too many steps.
    TooLong,
    Ring(Ring),
}

/// What one search for a ring leaves to the next.
pub(crate) struct Memory(graph::Memory<Awaited>);

impl Memory {
    /// For searches that take so many steps in all.
    pub(crate) fn new(steps: usize) -> Self {
        Self(graph::Memory::new(steps))
    }

    /// How many steps are left.
    pub(crate) fn steps(&self) -> usize {
        self.0.steps()
    }

    /// The ring ends without an error of a search.
    pub(crate) fn leave_out(&mut self, ring: &Ring) {
        self.0.leave_out(&ring.found);
    }
}

/// Waits that keep each other from ending, some of them on no thread.
pub(crate) struct Ring {
    /// `None` if something has broken the ring meanwhile.
    pub(crate) edges: Option<Vec<WaitEdge>>,
    found: Vec<graph::Edge<Awaited>>,
}

impl Ring {
    /// The calls of the ring that are on no thread, each with a call that it waits for.
    pub(crate) fn parked(
        &self,
    ) -> impl Iterator<Item = (&Weak<dyn WaitTarget>, &Weak<dyn WaitTarget>)> {
        self.found.iter().filter_map(|edge| match (&edge.from, &edge.call) {
            (Node::Call(Awaited::Call(call)), Awaited::Call(awaited)) => Some((call, awaited)),
            _ => None,
        })
    }
}

/// Waits that keep each other from ending.
struct Deadlock {
    edges: Vec<WaitEdge>,
    /// The threads that wait.
    threads: Vec<usize>,
}

impl Deadlock {
    /// Ends the wait of one of the threads other than `thread` with the error. Returns whether there is one.
    ///
    /// An error that is raised while a thread panics aborts the process. So it goes to such a thread only if there is no
    /// other, and never to a thread that waits for a lock, which has to raise it.
    fn fail_another(&self, graph: &mut Graph<Wait>, thread: usize) -> bool {
        let others = || self.threads.iter().copied().filter(|other| *other != thread);
        let of = |other| graph.get(other).filter(|wait| wait.on.may_fail());
        let is_fit = |other: &usize| of(*other).is_some_and(|wait| !wait.is_panicking);
        let is_last_choice = |other: &usize| of(*other).is_some_and(|wait| wait.on.is_for_calls());
        let other = others().find(is_fit).or_else(|| others().find(is_last_choice));
        let Some(wait) = other.and_then(|other| graph.get_mut(other)) else { return false };
        wait.failure = Some(self.edges.clone());
        wait.is_failing = true;
        wait.wake();
        true
    }
}

impl Waiting<'_> {
    /// The deadlock that this wait has to report, if another thread has found one.
    pub(crate) fn failure(&self) -> Option<Vec<WaitEdge>> {
        lock_brief(&self.waits.0).get_mut(self.thread)?.failure.take()
    }

    /// Where to look for a ring, if the wait leads to a parked call.
    pub(crate) fn ring_root(&self) -> Option<RingRoot> {
        self.leads_to_parked.get().then_some(RingRoot::Thread(self.thread))
    }

    /// Records that the wait ends with an error, so that no other wait is a deadlock because of it.
    pub(crate) fn fails(&self) {
        if let Some(wait) = lock_brief(&self.waits.0).get_mut(self.thread) {
            wait.is_failing = true;
        }
    }

    /// Records that the thread runs the awaited body itself, so that its wait is no deadlock.
    pub(crate) fn runs_body(&self) {
        if let Some(wait) = lock_brief(&self.waits.0).get_mut(self.thread) {
            wait.is_running = true;
        }
    }

    /// The thread waits again after [`Self::runs_body`]. Other threads have begun to wait meanwhile.
    ///
    /// # Errors
    ///
    /// If the thread would wait for itself: with the whole cycle.
    pub(crate) fn waits_again(&self) -> Result<(), Vec<WaitEdge>> {
        let mut remains = Remains::default();
        let mut graph = lock_brief(&self.waits.0);
        if let Some(wait) = graph.get_mut(self.thread) {
            wait.is_running = false;
        }
        let leads_to_parked = &self.leads_to_parked;
        while let Some(wait) = graph.get(self.thread)
            && let Some(deadlock) =
                Waits::deadlock(&graph, self.thread, wait, leads_to_parked, &mut remains)
        {
            if !wait.is_panicking || !deadlock.fail_another(&mut graph, self.thread) {
                graph.get_mut(self.thread).into_iter().for_each(|wait| wait.is_failing = true);
                drop(graph);
                return Err(deadlock.edges);
            }
        }
        Ok(())
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let before = self.before.take();
        let over = lock_brief(&self.waits.0).restore(self.thread, before);
        // After the lock is released: this may be the last holder of the call.
        drop(over);
    }
}
