//! Async bodies that wait for each other.
//!
//! Only its waker resumes a suspended body. A call that the body awaits has a clone of the waker, and wakes it at its
//! end. A timer or a channel that the body awaits has a clone, too. In a *ring* of suspended bodies, each awaits the
//! call of the next. If no waker has another clone, the ring is deadlocked. The body that is suspended last finds the
//! ring, and its `.await` returns the error.
//!
//! A suspended body keeps the permit of its function's limit. So a ring can also lead through a limit: a body awaits a
//! call that waits for a permit, and bodies of the same ring hold all permits.
//!
//! A body that runs is part of a ring while its thread waits without a time limit: for calls, for the end of a scope, for a
//! lock. The wait graph knows that, so the search is that of the graph, and goes on through suspended bodies. Such a
//! ring is closed by a body that is suspended or by a wait, and either searches for it. The error always goes to an
//! `.await`.
//!
//! # Why only rings are found
//!
//! The waker of a body is the task itself, so clones of the waker count as references to the task. The other references
//! are known, and counted in the trailer: the awaited `Lazy`, which the awaiting body owns, has one. A thread that joins the
//! call has three. A set of calls of which a thread waits for the first has one. Each owner adds its reference before it is
//! counted, and is counted out before it drops the reference. The search itself has one. So if the count of references is no
//! higher than what is known, nothing but the awaited calls has a clone of the waker.
//!
//! The search reads the trailer, the count of references, the awaiters of the calls, and the trailer again. Each change of
//! what is counted and each poll of the body also change a number in the trailer. If that is the same, the body was suspended
//! in between, and all that was read was true when the references were counted. From then on, only the end of an
//! awaited call can resume the body, because nothing has a waker to clone.
//!
//! The search looks at the calls of a ring one after the other. What it finds of each holds until the needed call
//! ends, and that call has not ended when it is looked at later. So at the end of the search no call of the ring can have ended.
//! No thread enters or leaves the wait graph meanwhile, and no limit is set.
//!
//! Another thread may end the ring from outside: it cancels a call, or raises a limit. If it does so before the search, no ring is
//! found. If it does so after that, the body that is to get the error may have been resumed. The error is then not set.
//!
//! # Which rings are found
//!
//! A thread drops its own reference to the body that it polled before it searches. All searches are under the lock of the
//! wait graph, and under one of their own, and drop each reference under these. So the search for the last body of a
//! ring counts no reference of another search. A thread that has begun to join a suspended body, or to wait for the first
//! of several, searches as well, as its references may have hidden a ring until they were counted. Reports have
//! references only while no search runs.
//!
//! These rings are not found:
//!
//! - Some other thread has a reference for a moment when the ring is closed, because it cancels the call or is unregistered
//!   from it.
//! - The body has also handed its waker to something that never uses it.
//! - The limit was lowered, and a body still has a permit that it is not to pass on.
//! - The ring, with all that leads to it, takes more than a hundred steps.
//! - Sometimes the second of two rings that one wait closes at the same time.

use std::sync::{Arc, Weak};

use super::awaits::Failure;
use super::holders::weak_targets;
use super::job::Job;
use super::parked::no_search;
use super::polling::address;
use super::trailer::Owners;
use crate::error::WaitEdge;
use crate::panic::drop_catching;
use crate::runtime;
use crate::sync::IS_MODEL;
use crate::wait_target::{Remains, WaitTarget};
use crate::waits::{Needs, Permits, Ring, RingRoot, Waiting};

/// A thread that enters the graph fails this many waits at most.
const MOST_RINGS: usize = 100;

/// Looks whether a body that was suspended is part of a ring, and if so resumes it with an error.
pub(super) fn look_for_ring(body: &Weak<dyn Job>) {
    let body: Weak<dyn WaitTarget> = body.clone();
    look(&RingRoot::Call(&body));
}

/// This thread has entered the wait graph. Looks for a ring that leads through its wait and through a parked call, if the
/// wait leads to one.
pub(crate) fn look_behind(waiting: Option<&Waiting<'_>>) {
    if waiting.is_some_and(Waiting::leads_to_parked) {
        look(&RingRoot::ThisThread);
    }
}

/// This thread drops a reference to the call, which may have hidden a ring.
pub(crate) fn let_go(job: Arc<dyn Job>) {
    let hidden = (job.is_future() && !job.is_done()).then(|| Arc::downgrade(&job));
    drop_catching(job);
    if let Some(hidden) = hidden {
        look_for_ring(&hidden);
    }
}

fn look(root: &RingRoot<'_>) {
    if IS_MODEL {
        return;
    }
    // Dropped after the locks are released.
    let mut remains = Remains::default();
    let mut failed = Vec::new();
    {
        let _looking = no_search();
        // A wait for several, such as that at the end of a scope, may be part of several rings. A body that was failed is
        // part of none.
        while failed.len() < MOST_RINGS
            && let Some(ring) = runtime::waits().ring(root, needs, &mut remains)
            && let Some(body) = fail(&ring, &mut remains)
        {
            failed.push(body);
        }
    }
    for body in failed {
        body.resume();
    }
}

/// Sets the error that an `.await` of the ring returns. Returns the body of that `.await`, for the caller to resume; `None` if
/// something has broken the ring meanwhile.
fn fail(ring: &Ring, remains: &mut Remains) -> Option<Arc<dyn Job>> {
    for (parked, _) in &ring.parked {
        let body = job_of(parked)?;
        // It waits for dependencies or for a permit.
        if body.word().is_held() {
            remains.keep(body);
            continue;
        }
        let of_body = ring.parked.iter().filter(|(other, _)| other.ptr_eq(parked));
        if body.fail(of_body.map(|(_, awaited)| awaited), &ring.edges, remains) {
            return Some(body);
        }
        remains.keep(body);
        return None;
    }
    None
}

/// One reference to the call, of the type by which this layer knows it.
fn job_of(call: &Weak<dyn WaitTarget>) -> Option<Arc<dyn Job>> {
    let target = call.upgrade()?;
    let weak = target.clone().into_weak().downcast::<Weak<dyn Job>>().ok()?;
    // `target` is still there, and is not the last owner when it goes.
    weak.upgrade()
}

/// What has to end before a call that is suspended, or waits for a permit, can continue; `None` if it is neither.
fn needs(
    call: &Weak<dyn WaitTarget>,
    remains: &mut Remains,
) -> Option<Needs<Weak<dyn WaitTarget>>> {
    let job = job_of(call)?;
    let needs = job.needs(remains);
    remains.keep(job);
    needs
}

impl dyn Job {
    /// See [`needs`]. The caller has one reference to this call.
    fn needs(self: &Arc<Self>, remains: &mut Remains) -> Option<Needs<Weak<dyn WaitTarget>>> {
        let word = self.word();
        let limit = self.header().limit().filter(|_| word.is_held() && !self.has_dependencies());
        if !word.is_suspended() && limit.is_none() {
            return None;
        }
        let needed = match limit {
            _ if self.deadline().is_some() => None,
            None => self.only_awaits(remains).map(weak_targets).map(Needs::Any),
            // A limit grants a permit before it admits the call, so the call is looked at last.
            Some(limit) => {
                limit.suspended_holders(remains).filter(|_| word.is_held()).map(Needs::Any)
            }
        };
        Some(needed.unwrap_or(Needs::Nothing))
    }

    /// The calls that the body awaits, if nothing but the end of one of them can resume the body. The caller has one reference
    /// to this call.
    fn only_awaits(self: &Arc<Self>, remains: &mut Remains) -> Option<Vec<Weak<Self>>> {
        let (owners, mut calls) = self.suspended()?;
        let references = Arc::strong_count(self);
        let body = address(&**self);
        calls.retain(|call| {
            let Some(call) = call.upgrade() else { return false };
            let wakes = call.wakes(body);
            remains.keep(call);
            wakes
        });
        // If nothing has changed, the body was suspended all the time, each call had its waker, and each owner its reference.
        let is_unchanged = self.suspended().is_some_and(|(now, _)| now == owners);
        let caller = 1;
        let known = caller + calls.len() + references_of(owners);
        (is_unchanged && !calls.is_empty() && references == known).then_some(calls)
    }

    /// If the body still awaits the calls, the next poll of any of them gives the error: the body may poll only some of them.
    /// No other body of the ring finds it after that.
    fn fail<'a>(
        &self,
        awaited: impl Iterator<Item = &'a Weak<dyn WaitTarget>>,
        edges: &[WaitEdge],
        remains: &mut Remains,
    ) -> bool {
        let mut failure = Failure { calls: Vec::new(), edges: edges.to_vec() };
        for awaited in awaited {
            let Some(call) = job_of(awaited) else { return false };
            let wakes = call.wakes(address(self));
            failure.calls.push(address(&*call));
            remains.keep(call);
            if !wakes {
                return false;
            }
        }
        self.set_failure(failure)
    }
}

/// How many references to a call its owners have. A call that is waited for has its `Lazy`. One that nothing waits for may
/// have it or not.
fn references_of(Owners { joins, sets, is_awaited, .. }: Owners) -> usize {
    let lazy = usize::from(is_awaited || joins + sets > 0);
    lazy + joins * Joined::REFERENCES + sets
}

/// A thread joins the call of an async body, until this is dropped.
pub(crate) struct Joined(Arc<dyn Job>);

impl Joined {
    /// This one, that of the wait graph, and that of the function that waits.
    const REFERENCES: usize = 3;

    /// This thread has entered the wait graph for the call, and is about to block.
    pub(crate) fn new(job: &Arc<dyn Job>) -> Option<Self> {
        if !job.is_future() {
            return None;
        }
        let joined = job.clone();
        job.join_begins().then(|| Self(joined))
    }

    pub(crate) fn is_suspended(&self) -> bool {
        self.0.word().is_suspended()
    }

    /// Looks for a ring through the body, which the references of this thread may have hidden until they were counted.
    pub(crate) fn look_for_ring(&self) {
        look_for_ring(&Arc::downgrade(&self.0));
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        // Before the references go: too few of them would look like a ring.
        self.0.join_ends();
    }
}

#[cfg(all(test, not(any(pybackground_loom, pybackground_shuttle))))]
mod tests {
    use super::*;
    use crate::lazy::Lazy;
    use crate::options::Options;
    use crate::task::{Closure, Suspending};

    fn call() -> (Arc<dyn Job>, Lazy<u32>) {
        let task = Options::here().task(Closure(|| 7));
        (task.clone(), Lazy::pending(task))
    }

    #[test]
    fn error_of_a_ring_goes_only_to_an_await_that_still_waits() {
        let ((first, first_lazy), (second, second_lazy)) = (call(), call());
        let body: Arc<dyn Job> = Options::here().task(Suspending::new(async move {
            assert_eq!(Lazy::outcome(first_lazy).await.unwrap(), 7);
            assert!(Lazy::outcome(second_lazy).await.unwrap_err().is_deadlock());
        }));
        let [first_weak, second_weak] = [&first, &second].map(|job| Arc::downgrade(job) as Weak<_>);
        let fail = |awaited| body.fail(std::iter::once(awaited), &[], &mut Remains::default());
        body.clone().run();
        assert!(!fail(&second_weak), "it awaits the other");
        first.run();
        let awaits_second = |calls: Vec<Weak<dyn Job>>| calls[0].ptr_eq(&Arc::downgrade(&second));
        while !body.suspended().is_some_and(|(_, calls)| awaits_second(calls)) {
            std::thread::yield_now();
        }
        assert!(!fail(&first_weak), "the await is over");
        assert!(fail(&second_weak));
        assert!(!fail(&second_weak), "it has the error");
        body.clone().resume();
        while !body.is_done() {
            std::thread::yield_now();
        }
        assert!(!fail(&second_weak), "it is not suspended");
        second.run();
    }

    #[test]
    fn waker_that_something_else_has_keeps_a_body_out_of_every_ring() {
        let (call, lazy) = call();
        let (send, wakers) = std::sync::mpsc::channel();
        let body: Arc<dyn Job> = Options::here().task(Suspending::new(async move {
            let mut lazy = lazy;
            std::future::poll_fn(|context| {
                send.send(context.waker().clone()).unwrap();
                std::pin::Pin::new(&mut lazy).poll(context)
            })
            .await
        }));
        body.clone().run();
        let waker = wakers.recv().unwrap();
        let mut remains = Remains::default();
        // The report of another test may have a reference.
        let looking = no_search();
        assert!(body.only_awaits(&mut remains).is_none());
        drop(waker);
        let awaited = body.only_awaits(&mut remains).unwrap();
        assert!(awaited.len() == 1 && Weak::ptr_eq(&awaited[0], &Arc::downgrade(&call)));
        let other = body.clone();
        assert!(body.only_awaits(&mut remains).is_none(), "it may be a waker");
        drop((other, looking));
        call.run();
    }
}
