//! What only few calls have: a deadline or a run timeout, a permit, dependencies, and whatever the end of the call notifies.
//!
//! The end notifies three kinds. *Waiters* are wakers of this crate, which register and unregister. *Dependents*
//! are calls that wait for this one. The *awaiter* is the waker of the executor that polls the `Lazy`: each poll
//! may set another one, and only the last is woken.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use super::awaits::{Address, AwaiterList, Awaits};
use super::dependencies::Dependencies;
use super::dependents::{DependentCall, Dependents};
use super::parked::ParkedCall;
use super::permit::Permit;
use super::waiters::Waiters;
use super::work::{self, FollowUp};
use crate::deadline::Deadline;

/// Most calls have none of these, and pay for a pointer. `J` is the other calls, see [`Job`](super::Job).
pub(crate) struct Trailer<J: ?Sized>(Option<Box<Parts<J>>>);

struct Parts<J: ?Sized> {
    deadline: Option<Arc<Deadline>>,
    /// The deadline after the start of the body, until that starts.
    run_timeout: Option<Duration>,
    /// The permit of a limited call, while no thread has the body.
    permit: Option<Permit>,
    waiters: Waiters,
    dependents: Option<Box<Dependents<J>>>,
    /// The waker of the executor that polls the `Lazy`: foreign code to clone, wake and drop.
    awaiter: Option<Waker>,
    /// If the call is shared: what the awaiter wakes.
    list: Option<Arc<dyn AwaiterList>>,
    /// The body is suspended.
    parked: Option<ParkedCall>,
    /// What the body awaits, while it is suspended.
    awaits: Option<Box<Awaits<J>>>,
    /// How many threads join the call of an async body, and have the references that go with that.
    joins: usize,
    /// How many sets of calls have a reference to the call of an async body.
    sets: usize,
    /// How often the awaiter, the joins, the sets or what the body awaits have changed, or a dependent has come.
    changes: usize,
    dependencies: Option<Box<Dependencies<J>>>,
}

/// Who has a reference to the call of an async body, and how often that has changed.
#[derive(Clone, Copy)]
pub(super) struct Owners {
    pub(super) joins: usize,
    pub(super) sets: usize,
    /// The calls that wait for this one as a dependency.
    pub(super) dependents: usize,
    pub(super) is_awaited: bool,
    changes: usize,
}

impl Owners {
    /// Whether none has come or gone between the two readings, and the body was not polled. A dependent goes without notice.
    pub(super) fn are_those_of(&self, earlier: &Self) -> bool {
        self.changes == earlier.changes
    }
}

impl<J: ?Sized> Trailer<J> {
    pub(super) const NOTHING: Self = Self(None);
}

impl<J: ?Sized> Default for Trailer<J> {
    #[inline]
    fn default() -> Self {
        Self::NOTHING
    }
}

impl<J: ?Sized> Default for Parts<J> {
    fn default() -> Self {
        Self {
            deadline: None,
            run_timeout: None,
            permit: None,
            waiters: Waiters::default(),
            dependents: None,
            awaiter: None,
            list: None,
            parked: None,
            awaits: None,
            joins: 0,
            sets: 0,
            changes: 0,
            dependencies: None,
        }
    }
}

impl<J: DependentCall + ?Sized + 'static> Trailer<J> {
    #[inline]
    pub(super) fn deadline(&self) -> Option<&Arc<Deadline>> {
        self.0.as_ref()?.deadline.as_ref()
    }

    /// Sets the deadline unless there is a sooner one; returns whether it did.
    pub(super) fn bring_forward(&mut self, deadline: Arc<Deadline>) -> bool {
        if self.deadline().is_some_and(|known| known.at() <= deadline.at()) {
            return false;
        }
        if let Some(replaced) = self.parts().deadline.replace(deadline) {
            replaced.end();
        }
        true
    }

    pub(super) fn set_run_timeout(&mut self, timeout: Duration) {
        self.parts().run_timeout = Some(timeout);
    }

    /// Takes the time that the body has from its start on, which is once.
    pub(super) fn take_run_timeout(&mut self) -> Option<Duration> {
        self.0.as_mut()?.run_timeout.take()
    }

    /// Whether the call may end before its body does because a time is over.
    #[inline]
    pub(super) fn has_time_limit(&self) -> bool {
        self.0.as_ref().is_some_and(|parts| parts.deadline.is_some() || parts.run_timeout.is_some())
    }

    /// The call has ended before its deadline, which is not needed any more.
    #[inline]
    pub(super) fn end_deadline(&self) {
        if let Some(deadline) = self.deadline() {
            deadline.end();
        }
    }

    pub(super) fn set_permit(&mut self, permit: Option<Permit>) {
        if permit.is_some() {
            self.parts().permit = permit;
        }
    }

    #[inline]
    pub(super) fn take_permit(&mut self) -> Option<Permit> {
        self.0.as_mut()?.permit.take()
    }

    pub(super) fn waiters(&mut self) -> &mut Waiters {
        &mut self.parts().waiters
    }

    /// Adds a call that waits for this one.
    pub(super) fn add_dependent(&mut self, call: Arc<J>) {
        self.changed().dependents.get_or_insert_default().add(call);
    }

    /// See [`Dependents::one_closed`].
    #[must_use]
    pub(super) fn dependent_closed(&mut self) -> Vec<Arc<J>> {
        let dependents = self.0.as_mut().and_then(|parts| parts.dependents.as_mut());
        dependents.map(|dependents| dependents.one_closed()).unwrap_or_default()
    }

    /// Whether the awaiter is a waker with data at that address, or wakes one.
    pub(super) fn wakes(&self, data: Address) -> bool {
        let Some(parts) = self.0.as_ref() else { return false };
        let awaiter = parts.awaiter.as_ref().map(|waker| waker.data().addr());
        let is_awaiter =
            |list: &&Arc<dyn AwaiterList>| awaiter == Some(Arc::as_ptr(list).cast::<()>().addr());
        let list = parts.list.as_ref().filter(is_awaiter);
        awaiter == Some(data) || list.is_some_and(|list| list.has_waker_of(data))
    }

    /// Sets what the awaiter wakes. Returns the last list, to be dropped without a lock.
    #[must_use]
    pub(super) fn replace_list(
        &mut self,
        list: Arc<dyn AwaiterList>,
    ) -> Option<Arc<dyn AwaiterList>> {
        self.changed().list.replace(list)
    }

    pub(super) fn owners(&self) -> Option<Owners> {
        let Parts { joins, sets, ref dependents, ref awaiter, changes, .. } = **self.0.as_ref()?;
        let dependents = dependents.as_ref().map_or(0, |dependents| dependents.waiting());
        Some(Owners { joins, sets, dependents, is_awaited: awaiter.is_some(), changes })
    }

    pub(super) fn joins_set(&mut self) {
        self.changed().sets += 1;
    }

    pub(super) fn left_set(&mut self) {
        self.changed().sets -= 1;
    }

    pub(super) fn join_begins(&mut self) {
        self.changed().joins += 1;
    }

    pub(super) fn join_ends(&mut self) {
        self.changed().joins -= 1;
    }

    pub(super) fn awaits(&mut self) -> Option<&mut Awaits<J>> {
        self.0.as_mut()?.awaits.as_deref_mut()
    }

    pub(super) fn set_awaits(&mut self, awaits: Option<Box<Awaits<J>>>) {
        if awaits.is_some() {
            self.changed().awaits = awaits;
        }
    }

    pub(super) fn take_awaits(&mut self) -> Option<Box<Awaits<J>>> {
        let parts = self.0.as_mut().filter(|parts| parts.awaits.is_some())?;
        parts.changes = parts.changes.wrapping_add(1);
        parts.awaits.take()
    }

    /// Whether anything waits for the call.
    pub(super) fn is_needed(&self) -> bool {
        self.0.as_ref().is_some_and(|parts| {
            parts.joins + parts.sets > 0 || parts.awaiter.is_some() || parts.dependents.is_some()
        })
    }

    /// Whether `waker` wakes the same task as the awaiter.
    pub(super) fn is_awaited_by(&self, waker: &Waker) -> bool {
        let awaiter = self.0.as_ref().and_then(|parts| parts.awaiter.as_ref());
        awaiter.is_some_and(|known| known.will_wake(waker))
    }

    /// Replaces the awaiter. Returns the last one, to be dropped without a lock.
    #[must_use]
    pub(super) fn replace_awaiter(&mut self, awaiter: Option<Waker>) -> Option<Waker> {
        if awaiter.is_none() && self.0.is_none() {
            return None;
        }
        std::mem::replace(&mut self.changed().awaiter, awaiter)
    }

    /// Takes what a closing thread acts on. Leaves the awaiter, which is foreign code, to `clean_up`.
    #[must_use]
    pub(super) fn take_for_close(&mut self) -> Self {
        let awaiter = self.replace_awaiter(None);
        let own = std::mem::take(self);
        drop(self.replace_awaiter(awaiter));
        own
    }

    /// The body is suspended until this is taken.
    pub(super) fn set_parked(&mut self, parked: ParkedCall) {
        self.parts().parked = Some(parked);
    }

    #[must_use]
    pub(super) fn take_parked(&mut self) -> Option<ParkedCall> {
        self.0.as_mut()?.parked.take()
    }

    pub(super) fn set_dependencies(&mut self, dependencies: Dependencies<J>) {
        self.parts().dependencies = Some(Box::new(dependencies));
    }

    pub(super) fn dependencies(&self) -> Option<&Dependencies<J>> {
        self.0.as_ref()?.dependencies.as_deref()
    }

    pub(super) fn dependencies_mut(&mut self) -> Option<&mut Dependencies<J>> {
        self.0.as_mut()?.dependencies.as_deref_mut()
    }

    /// A dependency has ended; returns them all if it was the last.
    pub(super) fn dependency_ended(&mut self) -> Option<Dependencies<J>> {
        if self.dependencies_mut()?.one_ended() { self.take_dependencies() } else { None }
    }

    pub(super) fn take_dependencies(&mut self) -> Option<Dependencies<J>> {
        self.0.as_mut()?.dependencies.take().map(|dependencies| *dependencies)
    }

    /// Notifies the waiters, the dependents and the awaiter of a call that has ended.
    #[inline]
    pub(super) fn notify(self) {
        if let Some(parts) = self.0 {
            work::follow_up(parts);
        }
    }

    fn changed(&mut self) -> &mut Parts<J> {
        let parts = self.parts();
        parts.changes = parts.changes.wrapping_add(1);
        parts
    }

    fn parts(&mut self) -> &mut Parts<J> {
        self.0.get_or_insert_default()
    }
}

impl<J: DependentCall + ?Sized> FollowUp for Parts<J> {
    /// No lock is held, and a waker that panics does not keep the others from being woken.
    fn perform(self: Box<Self>) {
        self.waiters.wake();
        if let Some(dependents) = self.dependents {
            dependents.notify();
        }
        // Foreign code last: it may take its time.
        if let Some(awaiter) = self.awaiter {
            work::wake(awaiter);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::Job;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "in Miri a waker may not know its clone")]
    fn only_the_last_awaiter_is_woken() {
        let counts: Vec<Arc<Count>> = (0..3).map(|_| Arc::default()).collect();
        let mut trailer = Trailer::<dyn Job>::NOTHING;
        for (at, count) in counts.iter().enumerate() {
            let waker = Waker::from(count.clone());
            assert!(!trailer.is_awaited_by(&waker));
            let replaced = trailer.replace_awaiter(Some(waker.clone()));
            assert_eq!(replaced.is_some(), at > 0);
            assert!(trailer.is_awaited_by(&waker));
        }
        trailer.notify();
        let woken: Vec<usize> = counts.iter().map(|c| c.0.load(Ordering::Relaxed)).collect();
        assert_eq!(woken, [0, 0, 1]);
    }
}
