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
//! call has three. A set of calls of which a thread waits for the first has one, and so has a call that waits for this one as
//! its dependency. Each owner adds its reference before it is counted, and is counted out before it drops the reference. The
//! search itself has one. So if the count of references is no higher than what is known, nothing but the awaited calls has a
//! clone of the waker.
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
//! # Each ring is found by the search of the last wait that closes it
//!
//! A wait is recorded before its search begins, and one search runs at a time. So the search that begins last sees all other
//! waits of the ring. Four cases need more than that:
//!
//! - **Two rings.** Another wait has just closed a second ring, and has yet to search. The second ring alone would explain why
//!   the root cannot continue, and the search would end there. So a search fails an `.await` of each ring that it meets, until
//!   its root can continue.
//! - **A wait that begins again.** If no other thread is left, a waiting thread runs a body within its wait, and counts as
//!   running. It searches when it waits again.
//! - **A call that comes to wait for a permit.** Its last dependency has ended, and what ended it waits for nothing and so
//!   does not search. The call becomes the root of a search.
//! - **An uncertain answer.** A thread has a reference to the body for a moment: it wakes the body, or its wait has just
//!   ended with an error. Then the root is noted in `unclear`, and a thread of the pool searches from there again after ten
//!   milliseconds, after twenty, and so on, until the answer is certain. The search that comes at once also ends after some
//!   steps, and is repeated after three seconds: a long chain that grows or ends has moved on by then. These later searches take any
//!   number of steps, and share what they have found.
//!
//! A body that nothing waits for closes no ring. The wait for it comes later, and searches.
//!
//! So a ring is found at once, or soon, or within seconds if it is long. Not found are only these:
//!
//! - The body has also handed its waker to something that keeps it and never uses it.
//! - The limit was lowered, and a body still has a permit that it is not to pass on.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use super::awaits::RingFailure;
use super::holders::weak_targets;
use super::job::Job;
use super::parked::no_search;
use super::polling::address;
use super::trailer::Owners;
use super::unclear;
use crate::error::WaitEdge;
use crate::panic::drop_catching;
use crate::runtime;
use crate::sync::IS_MODEL;
use crate::wait_target::{Remains, WaitTarget};
use crate::waits::{Look, Needs, Permits, Ring, RingRoot, SearchMemory, Waiting};

/// A search that comes at once ends after so many steps.
const STEPS_AT_ONCE: usize = 100;

/// Such a search may take so many steps on average. Each call that is suspended may begin one: in a long chain of calls, they
/// would all look at the same calls.
const STEPS_ON_AVERAGE: usize = 4;

/// How many steps the searches that come at once may take beyond the average, because earlier ones took fewer.
static SAVED_STEPS: AtomicUsize = AtomicUsize::new(10 * STEPS_AT_ONCE);

/// A search fails this many waits at most.
const MOST_RINGS: usize = 100;

/// Looks whether a call on no thread is part of a ring, and if so resumes a body of the ring with an error.
pub(super) fn look_for_ring(call: &Weak<dyn Job>) {
    let call: Weak<dyn WaitTarget> = call.clone();
    look(RingRoot::Call(call));
}

/// This thread has entered the wait graph. Looks for a ring that leads through its wait and through a parked call, if the
/// wait leads to one.
pub(crate) fn look_behind(waiting: Option<&Waiting<'_>>) {
    if let Some(root) = waiting.and_then(Waiting::ring_root) {
        look(root);
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

fn look(root: RingRoot) {
    if IS_MODEL {
        return;
    }
    // In sequential mode no thread would search again, and hardly any call is awaited before it is suspended.
    let answer = if runtime::is_sequential() {
        RingSearch::new(usize::MAX).from(&root)
    } else {
        search_at_once(&root)
    };
    match answer {
        SearchResult::Continues => {}
        SearchResult::Unclear => unclear::add(root, unclear::SOON, searches),
        SearchResult::TooLong => unclear::add(root, unclear::LATER, searches),
    }
}

fn search_at_once(root: &RingRoot) -> SearchResult {
    // ORDERING: two threads that change it at once only lose some steps.
    let saved = SAVED_STEPS.load(Ordering::Relaxed);
    let most = STEPS_AT_ONCE.min(saved + STEPS_ON_AVERAGE);
    let mut search = RingSearch::new(most);
    let answer = search.from(root);
    let taken = most - search.memory.steps();
    let saved = (saved + STEPS_ON_AVERAGE - taken).min(10 * STEPS_AT_ONCE);
    SAVED_STEPS.store(saved, Ordering::Relaxed);
    answer
}

/// Searches of any length.
fn searches() -> Box<dyn FnMut(&RingRoot) -> bool> {
    let mut search = RingSearch::new(usize::MAX);
    Box::new(move |root| search.from(root) != SearchResult::Continues)
}

/// Whether the root of a search can continue, now that the rings which it has found are broken.
#[derive(PartialEq, Eq)]
enum SearchResult {
    Continues,
    /// As far as is known: it may be part of a ring.
    Unclear,
    /// It leads to more calls than the search may look at.
    TooLong,
}

/// Some searches that share what they find.
struct RingSearch {
    memory: SearchMemory,
    /// Something that the searches took for a call that continues may be blocked.
    is_unclear: Cell<bool>,
}

impl RingSearch {
    fn new(steps: usize) -> Self {
        Self { memory: SearchMemory::new(steps), is_unclear: Cell::new(false) }
    }

    /// Breaks the rings that keep the root from continuing.
    fn from(&mut self, root: &RingRoot) -> SearchResult {
        // Dropped after the locks are released.
        let mut remains = Remains::default();
        let mut failed = Vec::new();
        let answer = {
            let _looking = no_search();
            (0..MOST_RINGS).find_map(|_| self.step(root, &mut failed, &mut remains))
        };
        for body in failed {
            body.resume();
        }
        match answer {
            Some(SearchResult::Continues) if !self.is_unclear.get() => SearchResult::Continues,
            Some(SearchResult::TooLong) => SearchResult::TooLong,
            _ => SearchResult::Unclear,
        }
    }

    /// Looks for one ring, and sets the error of an `.await`. Returns `None` if there may be another: a wait for several, such as
    /// that at the end of a scope, may be part of several rings. A body that was failed is part of none.
    fn step(
        &mut self,
        root: &RingRoot,
        failed: &mut Vec<Arc<dyn Job>>,
        remains: &mut Remains,
    ) -> Option<SearchResult> {
        let needs = |call: &_, remains: &mut _| needs(call, &self.is_unclear, remains);
        match runtime::waits().ring(root, needs, &mut self.memory, remains) {
            Look::Nothing => Some(SearchResult::Continues),
            Look::TooLong => Some(SearchResult::TooLong),
            Look::Ring(ring) => {
                if let Some(body) = fail(&ring, remains) {
                    failed.push(body);
                } else {
                    // Something else breaks it. Nodes behind it may be part of another ring.
                    self.memory.leave_out(&ring);
                    self.is_unclear.set(true);
                }
                None
            }
        }
    }
}

/// Sets the error that an `.await` of the ring returns. Returns the body of that `.await`, for the caller to resume; `None` if
/// something has broken the ring meanwhile.
fn fail(ring: &Ring, remains: &mut Remains) -> Option<Arc<dyn Job>> {
    let edges = ring.edges.as_ref()?;
    for (parked, _) in ring.parked() {
        let Some(body) = job_of(parked) else { continue };
        let of_body = ring.parked().filter(|(other, _)| other.ptr_eq(parked));
        // A call may also wait for dependencies or for a permit.
        if !body.word().is_held() && body.fail(of_body.map(|(_, awaited)| awaited), edges, remains)
        {
            return Some(body);
        }
        remains.keep(body);
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
    is_unclear: &Cell<bool>,
    remains: &mut Remains,
) -> Option<Needs<Weak<dyn WaitTarget>>> {
    let job = job_of(call)?;
    let needs = job.needs(is_unclear, remains);
    remains.keep(job);
    needs
}

impl dyn Job {
    /// See [`needs`]. The caller has one reference to this call.
    fn needs(
        self: &Arc<Self>,
        is_unclear: &Cell<bool>,
        remains: &mut Remains,
    ) -> Option<Needs<Weak<dyn WaitTarget>>> {
        let word = self.word();
        let limit = self.header().limit().filter(|_| word.is_held() && !self.has_dependencies());
        if !word.is_suspended() && limit.is_none() {
            return None;
        }
        let needed = match limit {
            _ if self.deadline().is_some() => None,
            None => self.only_awaits(is_unclear, remains).map(weak_targets).map(Needs::Any),
            // A limit grants a permit before it admits the call, so the call is looked at last.
            Some(limit) => {
                limit.suspended_holders(remains).filter(|_| word.is_held()).map(Needs::Any)
            }
        };
        Some(needed.unwrap_or(Needs::Nothing))
    }

    /// The calls that the body awaits, if nothing but the end of one of them can resume the body. Sets `is_unclear` if this may
    /// change without a wait that searches. The caller has one reference to this call.
    fn only_awaits(
        self: &Arc<Self>,
        is_unclear: &Cell<bool>,
        remains: &mut Remains,
    ) -> Option<Vec<Weak<Self>>> {
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
        let owners = self.suspended().map(|(now, _)| now).filter(|now| now.are_those_of(&owners));
        let caller = 1;
        let known = |owners| caller + calls.len() + references_of(owners);
        let is_alone = owners.is_some_and(|owners| references == known(owners));
        if !is_alone && !calls.is_empty() {
            is_unclear.set(true);
        }
        (is_alone && !calls.is_empty()).then_some(calls)
    }

    /// If the body still awaits the calls, the next poll of any of them gives the error: the body may poll only some of them.
    /// No other body of the ring finds it after that.
    fn fail<'a>(
        &self,
        awaited: impl Iterator<Item = &'a Weak<dyn WaitTarget>>,
        edges: &[WaitEdge],
        remains: &mut Remains,
    ) -> bool {
        let mut failure = RingFailure { calls: Vec::new(), edges: edges.to_vec() };
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
fn references_of(Owners { joins, sets, dependents, is_awaited, .. }: Owners) -> usize {
    let lazy = usize::from(is_awaited || joins + sets + dependents > 0);
    lazy + joins * Joined::REFERENCES + sets + dependents
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
        let is_unclear = Cell::new(false);
        assert!(body.only_awaits(&is_unclear, &mut remains).is_none());
        assert!(is_unclear.take());
        drop(waker);
        let awaited = body.only_awaits(&is_unclear, &mut remains).unwrap();
        assert!(!is_unclear.take());
        assert!(awaited.len() == 1 && Weak::ptr_eq(&awaited[0], &Arc::downgrade(&call)));
        let other = body.clone();
        assert!(body.only_awaits(&is_unclear, &mut remains).is_none(), "it may be a waker");
        assert!(is_unclear.take());
        drop((other, looking));
        call.run();
    }
}
