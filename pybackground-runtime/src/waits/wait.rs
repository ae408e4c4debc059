//! One wait of a thread.

use std::cmp::Ordering;
use std::panic::Location;
use std::sync::Arc;
use std::time::Instant;

use super::graph::{self, Needs};
use super::wait_set::WaitSet;
use crate::call::Call;
#[cfg(feature = "process")]
use crate::cancel::Connection;
use crate::error::Error;
use crate::sync::now;
use crate::sync::thread::{self, Thread};
use crate::task::Job;

pub(super) struct Wait {
    thread: Thread,
    pub(super) on: On,
    pub(super) since: Instant,
    /// The deadlock that another thread found and that this wait has to report, because the other wait cannot
    /// be given up.
    pub(super) failure: Option<Error>,
}

/// What a thread waits for.
pub(super) enum On {
    Call {
        job: Arc<dyn Job>,
        site: &'static Location<'static>,
        end: End,
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
    Time,
    /// The reply of a process that runs the body.
    #[cfg(feature = "process")]
    Child(Arc<dyn Connection>),
}

/// What a thread waits for, identified by its address.
#[derive(Clone)]
pub(super) enum Awaited {
    Call(Arc<dyn Job>),
    Scope(Arc<ScopeWait>),
}

/// The wait of a body at the end of a scope.
pub(super) struct ScopeWait {
    pub(super) calls: Arc<dyn ScopedCalls>,
    /// The call around the scope.
    pub(super) waiter: Call,
    pub(super) site: &'static Location<'static>,
}

/// The calls of a scope, which ends after the last of them.
pub(crate) trait ScopedCalls: Send + Sync {
    /// Whether every closure has run or been dropped.
    fn all_have_ended(&self) -> bool;

    /// Parks the thread of the scope until they have ended or the thread is woken for another reason.
    fn park(&self);

    /// The calls that have not ended.
    fn unfinished(&self) -> Vec<Arc<dyn Job>>;
}

/// What ends a wait besides the end of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Never,
    /// A time limit of the wait, or the call's deadline.
    InTime,
}

impl Wait {
    pub(super) fn new(on: On) -> Self {
        Self { thread: thread::current(), on, since: now(), failure: None }
    }

    /// The calls that have to end before the wait does, or one of which has to.
    pub(super) fn calls(&self) -> Vec<Arc<dyn Job>> {
        match &self.on {
            On::Call { job, .. } => vec![job.clone()],
            On::Scope(scope) => scope.calls.unfinished(),
            _ => Vec::new(),
        }
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

impl graph::Wait for Wait {
    type Call = Awaited;

    fn ends_by_itself(&self) -> bool {
        match &self.on {
            On::Call { end, .. } => *end == End::InTime,
            On::Any { all, .. } => all.is_none(),
            On::Scope(_) => false,
            On::Time => true,
            #[cfg(feature = "process")]
            On::Child(_) => true,
        }
    }

    fn call(&self, number: usize) -> Option<Awaited> {
        match &self.on {
            On::Call { job, .. } => (number == 0).then(|| Awaited::Call(job.clone())),
            On::Any { all, .. } => all.as_ref()?.at(number).map(Awaited::Call),
            On::Scope(scope) => (number == 0).then(|| Awaited::Scope(scope.clone())),
            On::Time => None,
            #[cfg(feature = "process")]
            On::Child(_) => None,
        }
    }
}

impl Awaited {
    pub(super) fn needs(&self) -> Needs<Self> {
        match self {
            Self::Call(job) => needs_of_call(job),
            Self::Scope(scope) => {
                Needs::All(scope.calls.unfinished().into_iter().map(Self::Call).collect())
            }
        }
    }

    fn address(&self) -> usize {
        match self {
            Self::Call(job) => Arc::as_ptr(job).cast::<()>().addr(),
            Self::Scope(scope) => Arc::as_ptr(scope).addr(),
        }
    }
}

fn needs_of_call(job: &Arc<dyn Job>) -> Needs<Awaited> {
    let frame = job.runner();
    let inputs = if frame.is_none() { job.dependencies() } else { Vec::new() };
    // A call with a deadline ends by itself.
    if (frame.is_none() && inputs.is_empty()) || job.deadline().is_some() {
        Needs::Nothing
    } else if frame.is_none() {
        let inputs = inputs.into_iter().map(|input| input.job);
        Needs::All(inputs.filter(|job| !job.is_done()).map(Awaited::Call).collect())
    } else {
        Needs::Thread(frame.thread())
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
    pub(super) fn call(&self) -> Option<(Call, &'static Location<'static>)> {
        match self {
            Self::Call { job, site, .. } => Some((job.call(), *site)),
            Self::Any { first, site, .. } => Some((*first, *site)),
            Self::Scope(_) | Self::Time => None,
            #[cfg(feature = "process")]
            Self::Child(_) => None,
        }
    }

    /// Whether a process runs the body, which then is reported as running.
    pub(super) fn is_child(&self) -> bool {
        match self {
            Self::Call { .. } | Self::Any { .. } | Self::Scope(_) | Self::Time => false,
            #[cfg(feature = "process")]
            Self::Child(_) => true,
        }
    }

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Call { .. } => 1,
            Self::Any { count, .. } => *count,
            Self::Scope(_) | Self::Time => 0,
            #[cfg(feature = "process")]
            Self::Child(_) => 0,
        }
    }
}
