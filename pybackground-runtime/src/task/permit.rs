//! The permits of a limited function.
//!
//! A call of a limited function needs a permit before it is enqueued. The permit is stored with the body
//! until the body is dropped: while the call is queued, running, or suspended.
//!
//! A body that blocks in a join lends its permit until the join ends. So a function that joins calls of
//! itself, directly or through others, cannot deadlock on its own limit. An `async` body keeps its permit
//! while it awaits: `awaits` finds the rings that can follow from this.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Once};

use super::parked::no_search;
use super::work::{self, PassOn};
use crate::call::Call;
use crate::limit::Semaphore;
use crate::panic::drop_catching;
use crate::runnable::Runnable;
use crate::runtime::{self, ClosedStack, HoldsBack};
use crate::sync::{chaos, thread_local};
use crate::wait_target::WaitTarget;

/// A call that may need a permit.
pub(crate) trait Limited: Runnable + WaitTarget {
    /// Grants a held call the permit it waits for; gives it back if the call has been closed.
    fn admit(&self, permit: Permit) -> Option<Permit>;
}

/// How many bodies may run at once, of all functions that name it: `#[background(limit = DATABASE)]`.
///
/// A call beyond the limit waits for a permit in the order of arrival, whichever function it is of, and holds no
/// thread. A body has its permit until it ends, and lends it while it blocks in a join. `limit = 8`, without
/// a `Limit`, is the limit of one function.
///
/// A `timeout` counts from the call, so a call can time out while it waits for a permit, before its body starts. A
/// `run_timeout` counts from the start of the body.
///
/// ```
/// # use pybackground_runtime as pybackground;
/// use pybackground::{Limit, background};
///
/// static DATABASE: Limit = Limit::new(2);
///
/// #[background(limit = DATABASE)]
/// fn count(table: &str) -> usize {
///     table.len() // a query
/// }
///
/// #[background(limit = DATABASE)]
/// fn newest(table: &str) -> char {
///     table.chars().next().unwrap() // another one
/// }
///
/// let (count, newest) = (count("orders"), newest("orders"));
/// assert_eq!((*count, *newest), (6, 'o'));
///
/// DATABASE.set(8); // after the database got more connections
/// assert_eq!(DATABASE.permits(), 8);
/// ```
pub struct Limit {
    permits: Semaphore<Arc<dyn Limited>>,
    /// The runtime knows this limit.
    listed: Once,
}

/// The limit of calls that have a permit without one, which counts nothing.
static NO_LIMIT: Limit = Limit::new(usize::MAX);

/// A permit of a limit, which is released when this is dropped.
///
/// A call with a permit is left to the workers, and no other body runs on top of its body. A function that asks for just
/// that has a permit without a limit.
pub(crate) struct Permit(&'static Limit);

impl Limit {
    /// A limit of so many bodies at once.
    ///
    /// # Panics
    ///
    /// If `permits` is 0. In a `static`, that is an error of the compiler.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::Limit;
    ///
    /// static DISK: Limit = Limit::new(4);
    /// assert_eq!(DISK.permits(), 4);
    /// ```
    #[must_use]
    pub const fn new(permits: usize) -> Self {
        assert!(permits > 0, "with a limit of 0 no call can run: write 1 or more");
        Self { permits: Semaphore::new(permits), listed: Once::new() }
    }

    /// Returns how many bodies may run at once.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::Limit;
    ///
    /// assert_eq!(Limit::new(4).permits(), 4);
    /// ```
    #[must_use]
    pub fn permits(&self) -> usize {
        self.permits.permits()
    }

    /// Changes how many bodies may run at once.
    ///
    /// If the number grows, calls that wait for a permit start at once. If it shrinks, no body is stopped: the
    /// next calls start when enough of the running bodies have ended.
    ///
    /// # Panics
    ///
    /// If `permits` is 0: calls that wait for a permit would never end.
    ///
    /// ```
    /// # use pybackground_runtime as pybackground;
    /// use pybackground::Limit;
    ///
    /// static DISK: Limit = Limit::new(4);
    /// DISK.set(16);
    /// assert_eq!(DISK.permits(), 16);
    /// ```
    #[track_caller]
    pub fn set(&'static self, permits: usize) {
        assert!(permits > 0, "with a limit of 0 no call can run: set 1 or more");
        let admitted = {
            // A search for rings may lead through this limit.
            let _looking = no_search();
            self.permits.set(permits)
        };
        for job in admitted {
            Permit(self).grant_to(job);
        }
    }

    /// Enqueues a call that is made now as soon as there is a permit for it.
    pub(crate) fn submit(&'static self, job: &Arc<dyn Limited>) {
        self.submit_if(job, runtime::lets_in);
    }

    /// As `submit`, for a call that was made before.
    pub(crate) fn submit_again(&'static self, job: &Arc<dyn Limited>) {
        self.submit_if(job, || !runtime::is_closed());
    }

    fn submit_if(&'static self, job: &Arc<dyn Limited>, lets_in: fn() -> bool) {
        let limits = runtime::limits();
        self.listed.call_once(|| limits.add(self));
        if !lets_in() {
            return job.refuse(runtime::SHUT_DOWN);
        }
        limits.hold();
        if let Some(job) = self.permits.acquire(job.clone()) {
            Permit(self).grant_to(job);
        } else if !lets_in() {
            // A shutdown first closes the runtime and then refuses the calls that wait. Either it finds this
            // call, or the closed runtime is seen here.
            job.refuse(runtime::SHUT_DOWN);
        }
    }

    /// A call that may wait for a permit was closed.
    pub(super) fn call_closed(&self) {
        self.permits.one_closed(|job| job.is_done()).into_iter().for_each(drop_waiting);
    }
}

impl PassOn for Limit {
    fn pass_on(&'static self) {
        if let Some(next) = self.permits.release() {
            Permit(self).grant_to(next);
        }
    }
}

impl HoldsBack for Limit {
    /// The calls that wait for a permit.
    fn held_calls(&self) -> Vec<Call> {
        let calls = self.permits.map_waiting(|job| (!job.is_done()).then(|| job.call()));
        calls.into_iter().flatten().collect()
    }

    /// Refuses the calls that wait for a permit.
    fn refuse_held(&self, why: &str) {
        for job in self.permits.take_waiting() {
            job.refuse(why);
            drop_waiting(job);
        }
    }
}

/// Drops a call that does not wait for a permit any more, and gets none.
fn drop_waiting(job: Arc<dyn Limited>) {
    drop_catching(job);
    runtime::limits().let_go();
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limit").field("permits", &self.permits()).finish_non_exhaustive()
    }
}

impl Limit {
    /// Whether so many bodies have all permits, and no other body or call has one.
    pub(super) fn is_taken_by(&self, bodies: usize) -> bool {
        self.permits.is_taken_by(bodies)
    }

    /// What identifies the limit.
    pub(super) fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

impl Permit {
    /// A permit of no limit.
    pub(crate) fn without_limit() -> Self {
        Self(&NO_LIMIT)
    }

    fn has_limit(&self) -> bool {
        self.0.address() != NO_LIMIT.address()
    }

    /// What identifies the limit, if there is one.
    pub(super) fn limit(&self) -> Option<usize> {
        self.has_limit().then(|| self.0.address())
    }

    /// Grants a permit without a limit to a call that is made now, and enqueues it.
    pub(crate) fn grant_new(self, job: Arc<dyn Limited>) {
        match job.admit(self) {
            None => runtime::submit(job),
            Some(permit) => drop_catching((job, permit)),
        }
    }

    fn grant_to(self, job: Arc<dyn Limited>) {
        chaos();
        match job.admit(self) {
            None => runtime::resume(job),
            // The call was closed while it waited. Its permit passes to the next.
            Some(permit) => drop_catching((job, permit)),
        }
        runtime::limits().let_go();
    }

    /// Notes that a body of this thread has the permit, until the guard is dropped. With `own_stack` the thread
    /// runs no other body until then, whatever happens.
    #[must_use]
    pub(super) fn enter(&self, own_stack: bool) -> EnteredPermit {
        let has_limit = self.has_limit();
        if has_limit {
            // Fails only while the thread ends, when no body runs on it.
            let _ = HELD.try_with(|held| held.borrow_mut().push(self.0));
        }
        EnteredPermit { has_limit, _closed: own_stack.then(runtime::close_stack) }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.has_limit() {
            work::release(self.0);
        }
    }
}

thread_local! {
    /// The limits whose permits the bodies on this thread's stack have.
    static HELD: RefCell<Vec<&'static Limit>> = const { RefCell::new(Vec::new()) };
}

/// See [`Permit::enter`].
pub(super) struct EnteredPermit {
    has_limit: bool,
    _closed: Option<ClosedStack>,
}

impl Drop for EnteredPermit {
    fn drop(&mut self) {
        if self.has_limit {
            let _ = HELD.try_with(|held| held.borrow_mut().pop());
        }
    }
}

/// Returns whether the current thread may run the call that it waits for and that seems not to have started. If so,
/// removes the call's entry from the thread's own deque.
#[inline]
pub(crate) fn may_run_in_place(job: &(impl Runnable + ?Sized)) -> bool {
    // A body that has a permit lends it while it waits.
    !holds_permit() && runtime::withdraw_to_run(job)
}

/// Returns whether a body on this thread's stack has a permit.
#[inline]
fn holds_permit() -> bool {
    HELD.try_with(|held| !held.borrow().is_empty()).unwrap_or(false)
}

/// Takes the list of the limits of which the bodies on this thread have permits. The thread has none until [`restore`].
pub(super) fn take_held() -> Vec<&'static Limit> {
    HELD.try_with(RefCell::take).unwrap_or_default()
}

/// See [`take_held`].
pub(super) fn restore(held: Vec<&'static Limit>) {
    let _ = HELD.try_with(|known| known.replace(held));
}

impl Limit {
    /// Releases a permit of a body on this thread.
    pub(super) fn lend(&'static self) {
        work::release(self);
    }

    /// Gives this thread a permit that it has lent, if one is free.
    pub(super) fn try_take_back(&self) -> bool {
        self.permits.try_take_back()
    }

    /// As `try_take_back`, and blocks until one is free.
    pub(super) fn take_back(&self) {
        self.permits.take_back();
    }
}
