//! One wait of a thread.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::graph::{self, Graph, Identified, Needs};
use super::held::{self, HeldLock, LockKey};
use super::wait_set::WaitSet;
use crate::call::Call;
#[cfg(feature = "process")]
use crate::cancel::Disconnect;
use crate::cancel::{self, Node};
use crate::error::{Party, WaitEdge};
use crate::stacks::{self, Frame};
use crate::sync::now;
use crate::sync::thread::{self, Thread};
use crate::table::Id;
use crate::wait_target::{Remains, WaitTarget, downgrade, with_call};

pub(super) struct ThreadWait {
    thread: Thread,
    pub(super) on: On,
    pub(super) since: Instant,
    /// The locks that the thread holds meanwhile.
    pub(super) held: Vec<HeldLock>,
    /// The thread runs a body although it waits: the body that it waits for, for lack of another thread, or a closure of its
    /// scope.
    pub(super) is_running: bool,
    /// The deadlock that another thread found and that this wait has to report, because the other wait cannot
    /// be given up.
    pub(super) failure: Option<Vec<WaitEdge>>,
    /// The wait ends with an error, although it may be in the graph a moment longer.
    pub(super) is_failing: bool,
    /// The node of the body that waits.
    pub(super) node: Option<Arc<Node>>,
    body: Frame,
    pub(super) is_panicking: bool,
}

/// What a thread waits for.
pub(super) enum On {
    Call {
        job: Arc<dyn WaitTarget>,
        site: &'static Location<'static>,
        end: WaitLimit,
    },
    /// The first of `count` calls, and all of them if they can be part of a cycle.
    Any {
        first: Call,
        count: usize,
        all: Option<Arc<WaitSet>>,
        site: &'static Location<'static>,
    },
    /// The last closure of a scope.
    Scope(Arc<ScopeWait>),
    Lock(LockKey, &'static Location<'static>),
    /// A notification by a condition variable, which any thread may send. Only reports ask what else ends the wait.
    Notification(&'static Location<'static>, WaitLimit),
    Time,
    /// A permit that the thread has lent for a wait that is over, which reports still show.
    Permit {
        limit: &'static dyn Permits,
        after: Option<Over>,
    },
    /// The reply of a process that runs the body.
    #[cfg(feature = "process")]
    Child(Arc<dyn Disconnect>),
}

/// A wait that is over, for reports.
pub(super) struct Over {
    call: Option<(Call, &'static Location<'static>)>,
    blocked_in: Option<(BlockedIn, &'static Location<'static>)>,
    count: usize,
}

/// What a thread waits for.
#[derive(Clone)]
pub(super) enum Awaited {
    /// Weak, so that a search is no owner of it.
    Call(Weak<dyn WaitTarget>),
    Scope(Arc<ScopeWait>),
    /// A lock, until all threads that are in the way have released it.
    Lock(LockKey),
    /// The release of a lock by the thread of that number.
    Release(usize),
    Permit(&'static dyn Permits),
}

/// The permits of a limit.
pub(crate) trait Permits: Sync {
    /// What identifies the limit.
    fn id(&self) -> usize;

    /// The calls that have all permits, if each of them is suspended.
    fn suspended_holders(&self, remains: &mut Remains) -> Option<Vec<Weak<dyn WaitTarget>>>;
}

/// The wait of a body at the end of a scope.
pub(super) struct ScopeWait {
    pub(super) calls: Arc<dyn ScopedCalls>,
    /// The call around the scope, or the thread.
    pub(super) waiter: Party,
    pub(super) site: &'static Location<'static>,
}

/// The calls of a scope, which ends after the last of them.
pub(crate) trait ScopedCalls: Send + Sync {
    /// Whether every closure has run or been dropped.
    fn all_have_ended(&self) -> bool;

    /// Parks the thread of the scope until they have ended, or for `most`, or until the thread is woken for another reason.
    fn park(&self, most: Option<Duration>);

    /// The calls that have not ended.
    fn unfinished(&self) -> Vec<Arc<dyn WaitTarget>>;
}

/// What else than calls and time a thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockedIn {
    Lock,
    Notification,
    ScopeEnd,
}

impl fmt::Display for BlockedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lock => "a lock",
            Self::Notification => "a notification",
            Self::ScopeEnd => "the end of a scope",
        })
    }
}

/// What ends a wait besides the end of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitLimit {
    Never,
    /// A time limit of the wait, or the call's deadline.
    InTime,
}

impl ThreadWait {
    pub(super) fn new(on: On) -> Self {
        Self {
            thread: thread::current(),
            on,
            since: now(),
            held: held::all(),
            is_running: false,
            failure: None,
            is_failing: false,
            node: cancel::current(),
            body: stacks::current(),
            is_panicking: std::thread::panicking(),
        }
    }

    /// Whether the thread holds the lock in a way that keeps another from taking it as `key`.
    pub(super) fn is_in_the_way_of(&self, key: LockKey) -> bool {
        self.held.iter().any(|held| held.key.is_in_the_way_of(key))
    }

    /// Whether the thread runs a body.
    pub(super) fn has_body(&self) -> bool {
        !self.body.is_none()
    }

    /// Whether only a thread that releases a lock or notifies a condition variable can end the wait.
    pub(super) fn is_locked_out(&self) -> bool {
        matches!(self.on, On::Lock(..) | On::Notification(_, WaitLimit::Never))
    }

    /// Whether the thread holds a lock or waits for one.
    pub(super) fn concerns_locks(&self) -> bool {
        !self.held.is_empty() || matches!(self.on, On::Lock(..))
    }

    /// Calls that have to end before the wait does; none if there may be others that end it, or time does.
    pub(super) fn calls(&self, remains: &mut Remains) -> Vec<Weak<dyn WaitTarget>> {
        match &self.on {
            On::Call { job, end: WaitLimit::Never, .. } => vec![Arc::downgrade(job)],
            On::Scope(scope) => downgrade(scope.calls.unfinished(), remains),
            _ => Vec::new(),
        }
    }

    /// Whether the body has to stop, which ends its wait for calls. A destructor that runs because of a panic waits on.
    fn gives_up(&self) -> bool {
        let may_give_up = || cancel::CAN_UNWIND && !self.is_panicking && self.on.is_for_calls();
        let is_stopped = || self.node.as_ref().is_some_and(|node| node.stopped().is_some());
        cancel::is_any()
            && may_give_up()
            && (is_stopped() || (!self.body.is_none() && cancel::is_shut_down()))
    }

    /// Ends the wait of a body that has to stop. A parked thread polls for that itself.
    pub(super) fn wake(&self) {
        match &self.on {
            #[cfg(feature = "process")]
            On::Child(connection) => connection.cut(),
            _ => self.thread.unpark(),
        }
    }
}

impl graph::GraphWait for ThreadWait {
    type Call = Awaited;

    fn ends_by_itself(&self) -> bool {
        self.is_running
            || self.is_failing
            || self.gives_up()
            || match &self.on {
                On::Call { end, .. } => *end == WaitLimit::InTime,
                On::Any { all, .. } => all.is_none(),
                On::Scope(_) | On::Lock(..) | On::Permit { .. } => false,
                On::Notification(..) | On::Time => true,
                #[cfg(feature = "process")]
                On::Child(_) => true,
            }
    }

    fn call(&self, number: usize) -> Option<Awaited> {
        match &self.on {
            On::Call { job, .. } => (number == 0).then(|| Awaited::Call(Arc::downgrade(job))),
            On::Any { all, .. } => all.as_ref()?.at(number).map(Awaited::Call),
            On::Scope(scope) => (number == 0).then(|| Awaited::Scope(scope.clone())),
            On::Lock(key, _) => (number == 0).then_some(Awaited::Lock(*key)),
            On::Permit { limit, .. } => (number == 0).then_some(Awaited::Permit(*limit)),
            On::Notification(..) | On::Time => None,
            #[cfg(feature = "process")]
            On::Child(_) => None,
        }
    }
}

impl Awaited {
    /// What has to happen first.
    pub(super) fn needs(&self, graph: &Graph<ThreadWait>, remains: &mut Remains) -> Needs<Self> {
        match self {
            // A call that has no owner has ended, or nothing waits for it.
            Self::Call(call) => with_call(call, remains, needs_of_call).unwrap_or(Needs::Nothing),
            Self::Scope(scope) => Needs::All(calls(downgrade(scope.calls.unfinished(), remains))),
            // A holder that does not wait is expected to release the lock.
            Self::Lock(key) => {
                let holders = graph.iter().filter(|(_, wait)| wait.is_in_the_way_of(*key));
                Needs::All(holders.map(|(thread, _)| Self::Release(thread)).collect())
            }
            Self::Release(thread) => Needs::Thread(*thread),
            Self::Permit(limit) => {
                let holders = limit.suspended_holders(remains);
                holders.map_or(Needs::Nothing, |holders| Needs::Any(calls(holders)))
            }
        }
    }

    /// Whether this is a call that is parked.
    pub(super) fn is_parked(&self, remains: &mut Remains) -> bool {
        let Self::Call(call) = self else { return false };
        with_call(call, remains, |call, _| call.is_parked()).unwrap_or(false)
    }
}

impl Identified for Awaited {
    fn id(&self) -> Id {
        // Threads are numbers, which begin with zero.
        let id = match self {
            Self::Call(call) => (1, call.as_ptr().cast::<()>().addr()),
            Self::Scope(scope) => (2, Arc::as_ptr(scope).addr()),
            Self::Lock(key) => (3, key.word()),
            Self::Release(thread) => (4, *thread),
            Self::Permit(limit) => (5, limit.id()),
        };
        id.into()
    }
}

pub(super) fn calls(calls: Vec<Weak<dyn WaitTarget>>) -> Vec<Awaited> {
    calls.into_iter().map(Awaited::Call).collect()
}

fn needs_of_call(job: &Arc<dyn WaitTarget>, remains: &mut Remains) -> Needs<Awaited> {
    let frame = job.runner();
    let inputs = if frame.is_none() { job.inputs() } else { Vec::new() };
    // A call with a deadline ends by itself.
    if (frame.is_none() && inputs.is_empty()) || job.has_deadline() {
        downgrade(inputs, remains);
        Needs::Nothing
    } else if frame.is_none() {
        let (done, unfinished) = inputs.into_iter().partition(|job| job.is_done());
        downgrade(done, remains);
        Needs::All(calls(downgrade(unfinished, remains)))
    } else {
        Needs::Thread(frame.thread())
    }
}

impl On {
    /// This thread is at the end of a scope.
    pub(super) fn scope(
        calls: &Arc<dyn ScopedCalls>,
        site: &'static Location<'static>,
    ) -> Option<Self> {
        let waiter = match stacks::current_call() {
            Some(call) => call.into(),
            None => Party::Thread(stacks::stack_of(stacks::this_thread()?)?.thread),
        };
        Some(Self::Scope(Arc::new(ScopeWait { calls: calls.clone(), waiter, site })))
    }

    pub(super) fn call(&self) -> Option<(Call, &'static Location<'static>)> {
        match self {
            Self::Call { job, site, .. } => Some((job.call(), *site)),
            Self::Any { first, site, .. } => Some((*first, *site)),
            Self::Permit { after, .. } => after.as_ref()?.call,
            Self::Scope(_) | Self::Lock(..) | Self::Notification(..) | Self::Time => None,
            #[cfg(feature = "process")]
            Self::Child(_) => None,
        }
    }

    /// What reports show of the wait after it.
    pub(super) fn over(&self) -> Over {
        Over { call: self.call(), blocked_in: self.blocked_in(), count: self.count() }
    }

    /// What else than calls and time the thread waits for, and where.
    pub(super) fn blocked_in(&self) -> Option<(BlockedIn, &'static Location<'static>)> {
        match self {
            Self::Lock(_, site) => Some((BlockedIn::Lock, *site)),
            Self::Notification(site, _) => Some((BlockedIn::Notification, *site)),
            Self::Scope(scope) => Some((BlockedIn::ScopeEnd, scope.site)),
            Self::Permit { after, .. } => after.as_ref()?.blocked_in,
            _ => None,
        }
    }

    /// Whether the wait can end with the error that it is part of a deadlock.
    pub(super) fn may_fail(&self) -> bool {
        self.is_for_calls() || matches!(self, Self::Lock(..))
    }

    /// Whether the wait is one of `join`, which also ends when the body has to stop.
    pub(super) fn is_for_calls(&self) -> bool {
        matches!(self, Self::Call { .. } | Self::Any { .. })
    }

    /// Whether a process runs the body, which then is reported as running.
    pub(super) fn is_child(&self) -> bool {
        match self {
            #[cfg(feature = "process")]
            Self::Child(_) => true,
            _ => false,
        }
    }

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Call { .. } => 1,
            Self::Any { count, .. } => *count,
            Self::Permit { after, .. } => after.as_ref().map_or(0, |over| over.count),
            _ => 0,
        }
    }
}
