//! A future from one poll to the next, perhaps on another thread.
//!
//! To the calls that it makes, the future is one body: it keeps its node from poll to poll, as long as a call
//! needs that.

use std::sync::{Arc, Weak};
use std::task::Wake;

use super::Task;
use super::await_rings;
use super::body::Body;
use super::holders;
use super::job::{Awaits, Dependencies, Job};
use super::parked::SUSPENDED;
use super::permit::{Limited, Permit};
use super::polling::{self, Polling};
use super::state::{Loaded, Suspend, Woken};
use super::work::{self, FollowUp};
use crate::cancel::{self, Link, Orphan};
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::runtime;

impl<B: Body> Task<B> {
    /// This thread is about to poll the future.
    pub(super) fn begin_poll(self: &Arc<Self>, permit: Option<&Permit>) -> Polling {
        let (body, awaits) = (Arc::as_ptr(self).addr(), self.state.lock().trailer().take_awaits());
        if let Some(limit) = permit.and_then(Permit::limit) {
            holders::resumes_with_permit(body, limit);
        }
        polling::begin(body, awaits)
    }

    /// Stores a pending future until it is woken.
    pub(super) fn suspend(self: Arc<Self>, body: Loaded<B>, link: Link, awaits: Awaits) {
        self.header.events().left();
        let awaits = polling::kept(awaits, Arc::as_ptr(&self).addr());
        let has_awaits = awaits.is_some();
        let limit = body.permit.as_ref().and_then(Permit::limit);
        let (next, node, may_close_ring) = {
            let mut state = self.state.lock();
            let next = state.suspend(body, link, |node| SUSPENDED.park(&self, node));
            let is_over = matches!(next, Suspend::TooLate(..));
            if !is_over {
                state.trailer().set_awaits(awaits);
            }
            // If nothing waits for the call yet, a later wait for it closes the ring.
            let may_close_ring = has_awaits && (limit.is_some() || state.trailer().is_needed());
            (next, if is_over { state.take_node() } else { None }, may_close_ring)
        };
        match next {
            Suspend::Stored(spare) => {
                if let Some(spare) = spare {
                    cancel::keep_spare(spare);
                }
                self.header.events().suspended();
                // A shutdown first closes the runtime and then refuses the suspended futures. Either it finds
                // this one, or the closed runtime is seen here.
                if runtime::is_closed() {
                    return self.refuse(runtime::SHUT_DOWN);
                }
                // A stop of a body above likewise either finds this call or is seen here.
                if cancel::is_any() {
                    self.clone().close_orphan();
                }
                if may_close_ring {
                    let body: Weak<dyn Job> = Arc::<Self>::downgrade(&self);
                    if let Some(limit) = limit {
                        holders::keeps_permit(body.clone(), limit);
                    }
                    // The search counts the references to each body, so this one is dropped first.
                    drop_catching(self);
                    await_rings::look_for_ring(&body);
                }
            }
            Suspend::Requeue => runtime::requeue(self),
            Suspend::TooLate(body, link) => {
                self.header.events().ended_late();
                drop_catching(body);
                drop(node);
                cancel::end(link);
            }
        }
    }
}

/// The waker of the task's future, which enqueues it again. The last dependency enqueues the call in the same
/// way.
impl<B: Body> Wake for Task<B> {
    fn wake(self: Arc<Self>) {
        wake(self);
    }
}

/// Enqueues a suspended call, or one whose last dependency has ended.
pub(super) fn wake(job: Arc<dyn Job>) {
    let mut woken = Woken::GoesOn;
    job.with_core(&mut |core, _| woken = core.wake(job.word()));
    // The call is enqueued before it stops counting as parked: otherwise a wait until all is idle could
    // miss it.
    match woken {
        Woken::Resumes(parked) => {
            runtime::requeue(job);
            drop(parked);
        }
        Woken::HasDependencies(dependencies) => {
            work::follow_up(Box::new(Enqueue { job, dependencies }));
        }
        Woken::GoesOn => {}
    }
}

/// Enqueues a held call whose dependencies have ended, or has it wait for a permit.
fn admit_with_dependencies(job: Arc<dyn Job>) {
    if let Some(limit) = job.header().limit() {
        let call = Arc::downgrade(&job);
        let job: Arc<dyn Limited> = job;
        limit.submit_again(&job);
        // It needed its dependencies before, and may need a permit now.
        return await_rings::look_for_ring(&call);
    }
    let permit = job.header().has_own_stack().then(Permit::without_limit);
    if job.queue(permit).is_ok() {
        runtime::resume(job);
    }
}

/// The last dependency of a call has ended: the call is enqueued, and counts as parked until then.
struct Enqueue {
    job: Arc<dyn Job>,
    dependencies: Dependencies,
}

impl FollowUp for Enqueue {
    fn perform(self: Box<Self>) {
        admit_with_dependencies(self.job);
        drop(self.dependencies);
    }
}
