//! The waits as reports show them.

use std::panic::Location;
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::graph::Graph;
use super::registry::Waits;
use super::wait::{BlockedIn, On, ThreadWait};
use crate::call::Call;
use crate::sync::{lock_brief, now};
use crate::table::Set;
use crate::wait_target::{Remains, WaitTarget, downgrade, with_call};

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

/// A wait that takes long, for reports.
pub(crate) struct LongWait {
    /// The call and the site of the wait, of several calls the first.
    pub(crate) on: Option<(Call, &'static Location<'static>)>,
    /// What else the thread waits for, and where.
    pub(crate) blocked_in: Option<(BlockedIn, &'static Location<'static>)>,
    /// What has to continue before the wait can end. Of several calls of which any ends the wait, behind each of them.
    pub(crate) behind: Vec<Behind>,
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

impl Waits {
    /// Returns all waits, by the numbers of the threads.
    pub(crate) fn read(&self) -> Vec<WaitReport> {
        let graph = lock_brief(&self.0);
        let now = now();
        let report = |(thread, wait): (usize, &ThreadWait)| WaitReport {
            thread,
            on: wait.on.call(),
            blocked_in: wait.on.blocked_in(),
            calls: wait.on.count(),
            age: now.saturating_duration_since(wait.since),
        };
        let is_shown = |wait: &ThreadWait| !wait.is_running && !wait.on.is_child();
        graph.iter().filter(|(_, wait)| is_shown(wait)).map(report).collect()
    }

    /// Returns the waits of at least that age that nothing but calls can end, with what has to continue before.
    pub(crate) fn long(&self, age: Duration) -> Vec<LongWait> {
        let mut remains = Remains::default();
        let graph = lock_brief(&self.0);
        let now = now();
        let is_long = |wait: &ThreadWait| now.saturating_duration_since(wait.since) >= age;
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

    /// Returns what has to continue before the call can end, as far as the waits of the threads are known.
    pub(crate) fn behind(&self, call: Weak<dyn WaitTarget>) -> Behind {
        // Dropped after the lock is released.
        let mut remains = Remains::default();
        behind(&lock_brief(&self.0), vec![call], &mut remains)
    }
}

/// What has to continue before all of the calls can end.
fn behind(
    graph: &Graph<ThreadWait>,
    calls: Vec<Weak<dyn WaitTarget>>,
    remains: &mut Remains,
) -> Behind {
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
