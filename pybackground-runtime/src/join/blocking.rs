//! A wait that blocks the thread.

use std::cell::OnceCell;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Wake, Waker};
use std::time::Instant;

use super::awaitable::Awaitable;
use super::printing::{FoundLock, Looks};
use super::unstarted;
use crate::cancel;
use crate::context;
use crate::error::{Error, Progress};
use crate::events;
use crate::runtime;
use crate::snapshot::{self, WaitReporter};
use crate::stacks::{self, Frame};
use crate::sync::thread::{self, Thread};
use crate::sync::{IS_MODEL, chaos, now, thread_local};
use crate::task::{Joined, lend_permits_while, look_behind};
use crate::waits::{WaitLimit, Waiting};

/// A wait that blocks.
pub(super) struct BlockingWait<'a, A> {
    pub(super) on: &'a A,
    /// The time limit of the wait.
    pub(super) end: Option<Instant>,
    /// The deadline of the call.
    pub(super) deadline: Option<Instant>,
}

/// The registrations of a thread that waits, removed when this is dropped.
struct EnteredWait<R> {
    _joined: Option<Joined>,
    waiting: Option<Waiting<'static>>,
    _registration: R,
}

pub(super) fn block(
    wait: &BlockingWait<'_, impl Awaitable>,
    site: &'static Location<'static>,
) -> Result<bool, Error> {
    if runtime::was_forked() {
        return Err(Error::not_run(wait.on.call(), runtime::FORKED, Progress::NotStarted));
    }
    let _blocking = context::about_to_block(|| wait.on.call(), site);
    let blocked = events::blocked(|| wait.on.call(), site, || wait.on.events());
    // Before this thread gives up its slot: a thread that looks for deadlocks then sees the wait.
    let entered = wait.enter(site);
    let waited = entered
        .and_then(|entered| entered.map_or(Ok(true), |entered| wait.until_over(&entered, site)));
    stacks::coarse_clock::read();
    blocked.unblocked(|| wait.on.events(), &waited);
    waited
}

impl<A: Awaitable> BlockingWait<'_, A> {
    /// Registers the thread with the call and in the wait graph; `None` if the wait is over already.
    ///
    /// # Errors
    ///
    /// If the wait is a deadlock.
    fn enter(
        &self,
        site: &'static Location<'static>,
    ) -> Result<Option<EnteredWait<A::Registration>>, Error> {
        let waker = current_waker();
        chaos();
        let Some(registration) = self.on.register(waker) else {
            return Ok(None);
        };
        let ends = self.end.is_some() || self.deadline.is_some();
        let waiting =
            self.on.announce(site, if ends { WaitLimit::InTime } else { WaitLimit::Never })?;
        let joined = waiting.as_ref().and_then(|_| Joined::new(self.on.only()?));
        if joined.as_ref().is_some_and(Joined::is_suspended) {
            joined.iter().for_each(Joined::look_for_ring);
        } else {
            look_behind(waiting.as_ref());
        }
        Ok(Some(EnteredWait { _joined: joined, waiting, _registration: registration }))
    }

    /// Blocks until the wait is over, and returns `true`, or until its time limit. In between, runs or refuses a
    /// call each time a round of `pool::deadlock` asks for it.
    fn until_over(
        &self,
        entered: &EnteredWait<A::Registration>,
        site: &'static Location<'static>,
    ) -> Result<bool, Error> {
        loop {
            let park = || {
                let waited = self.park_until_over(entered, site);
                if waited.is_err() {
                    // The thread may first have to wait for the permits that it has lent.
                    entered.waiting.iter().for_each(Waiting::fails);
                }
                waited.transpose()
            };
            if let Some(waited) =
                runtime::block_while(self.end.is_some(), || lend_permits_while(park))
            {
                return waited;
            }
            let mut is_over = false;
            let mut waits_again = None;
            let waiting = entered.waiting.as_ref();
            runtime::look(|refusal| {
                waiting.into_iter().for_each(Waiting::runs_body);
                let outlook = unstarted::run_or_refuse(self.on.jobs(), refusal);
                is_over = self.on.is_over();
                waits_again = waiting.filter(|_| !is_over).map(Waiting::waits_again);
                outlook.filter(|_| !is_over)
            });
            if is_over {
                return Ok(true);
            }
            if let Some(waits_again) = waits_again {
                waits_again.map_err(|cycle| Error::deadlock(self.on.call(), cycle))?;
                look_behind(waiting);
            }
        }
    }

    /// Parks until the wait is over, and returns `true`, or until its time limit; `None` if a round of
    /// `pool::deadlock` asks the thread to look. The monitor expires calls at their deadlines. If the system
    /// gave no thread for the monitor, the waiting thread does so.
    fn park_until_over(
        &self,
        entered: &EnteredWait<A::Registration>,
        site: &'static Location<'static>,
    ) -> Result<Option<bool>, Error> {
        let body = stacks::current();
        let mut deadline = self.deadline;
        let mut report = WaitReporter::new(snapshot::WaitsFor::Call(self.on.call()), site);
        // A wait that has a time limit cannot hang, so it needs no look.
        let mut looks = Looks::new(!IS_MODEL && self.end.is_none() && deadline.is_none());
        loop {
            if self.on.is_over() {
                return Ok(Some(true));
            }
            if self.end.is_none() && runtime::is_asked() {
                return Ok(None);
            }
            self.give_up_if_stopped(body)?;
            if let Some(cycle) = entered.waiting.as_ref().and_then(Waiting::failure) {
                return Err(Error::deadlock(self.on.call(), cycle));
            }
            let now = now();
            if self.end.is_some_and(|end| end <= now) {
                return Ok(Some(false));
            }
            if deadline.is_some_and(|deadline| deadline <= now) {
                self.on.expire(now);
                deadline = None;
                continue;
            }
            report.look();
            if looks.next().is_some_and(|at| at <= now) {
                if let Some(FoundLock { stream, is_format }) =
                    looks.look(self.on.call(), &self.on.each())
                {
                    return Err(Error::print_deadlock(self.on.call(), stream, site, is_format));
                }
                continue;
            }
            match self.end.into_iter().chain(looks.next()).chain(deadline).chain(report.due()).min()
            {
                Some(next) => thread::park_timeout(next - now),
                None => thread::park(),
            }
        }
    }

    /// Returns an error if the waiting body has to stop, which ends the wait. A destructor that runs because of a
    /// panic goes on waiting: it could not unwind, and it cleans up.
    fn give_up_if_stopped(&self, body: Frame) -> Result<(), Error> {
        match cancel::stopped() {
            Some(waiter) if cancel::may_unwind() && !self.on.is_call_of(body) => {
                Err(Error::given_up(self.on.call(), waiter))
            }
            _ => Ok(()),
        }
    }
}

thread_local! {
    static WAKER: OnceCell<Waker> = const { OnceCell::new() };
}

/// The waker of the current thread, made at its first wait.
fn current_waker() -> Waker {
    let make = || Waker::from(Arc::new(Unpark(thread::current())));
    WAKER.try_with(|waker| waker.get_or_init(make).clone()).unwrap_or_else(|_| make())
}

/// Wakes a parked thread, which then checks whether its wait is over.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
