//! The calls of a scope that have not ended, and the wait for them.
//!
//! Two things are kept. The *count* of guards, one for each closure that has not run or been dropped, is
//! what memory safety rests on: the scope waits until it is zero. The *list* of calls serves the scope
//! while it waits: it runs closures that no thread has started, the wait graph finds what keeps the
//! scope waiting, and at the end the list says which calls failed unseen.
//!
//! A call that has ended and needs no report leaves the list when the list has doubled, so the list is
//! at most twice as long as the calls that have not ended.

use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::panic::drop_catching;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use crate::sync::thread::{self, Thread};
use crate::sync::{Mutex, chaos, lock};
use crate::task::Handle;
use crate::wait_target::WaitTarget;
use crate::waits::ScopedCalls;

/// A list this short is not searched for calls that have ended.
const FEW: usize = 64;

/// A call of a scope. Its value, if any, is in a slot that only its closure and its `Lazy` know.
pub(super) type OpenCall = Arc<dyn Handle<()>>;

/// The calls of one scope.
pub(crate) struct OpenCalls {
    /// Closures that have not run to their end or been dropped.
    open: AtomicUsize,
    /// The thread of the scope.
    owner: Thread,
    owner_waits: AtomicBool,
    list: Mutex<List>,
}

struct List {
    calls: Vec<OpenCall>,
    /// The length at which calls that have ended are removed.
    full_at: usize,
}

/// A closure of the scope exists until this is dropped.
pub(super) struct Guard(Arc<OpenCalls>);

impl OpenCalls {
    /// Of a scope on this thread.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(0),
            owner: thread::current(),
            owner_waits: AtomicBool::new(false),
            list: Mutex::new(List { calls: Vec::new(), full_at: FEW }),
        })
    }

    /// A guard for one more closure. Called by `f`, or by a closure that has a guard itself.
    pub(super) fn open(self: &Arc<Self>) -> Guard {
        // ORDERING: the count is not zero while `f` or another closure can call this, and the closure is
        // published by the queue.
        self.open.fetch_add(1, Ordering::Relaxed);
        Guard(self.clone())
    }

    /// Lists a call.
    pub(super) fn list(&self, call: OpenCall) {
        let ended = {
            let mut list = lock(&self.list);
            list.calls.push(call);
            if list.calls.len() < list.full_at {
                return;
            }
            let needs_no_report =
                |call: &mut OpenCall| call.job().is_done() && call.unobserved_error().is_none();
            let ended: Vec<OpenCall> = list.calls.extract_if(.., needs_no_report).collect();
            list.full_at = FEW.max(2 * list.calls.len());
            ended
        };
        ended.into_iter().for_each(drop_catching);
    }

    /// Takes the calls that are listed.
    pub(super) fn take_all(&self) -> Vec<OpenCall> {
        std::mem::take(&mut lock(&self.list).calls)
    }

    /// Puts calls back that `take_all` took, once none is listed any more.
    pub(super) fn put_back(&self, calls: Vec<OpenCall>) {
        lock(&self.list).calls = calls;
    }

    /// Whether no closure of the scope is left.
    pub(super) fn is_empty(&self) -> bool {
        // ORDERING: pairs with the drop of each guard: what the closures did comes before this.
        self.open.load(Ordering::SeqCst) == 0
    }

    /// Takes the errors that no use of a `Lazy` has seen, once no closure is left.
    pub(super) fn take_errors(&self) -> Vec<Error> {
        let calls = std::mem::take(&mut lock(&self.list).calls);
        let mut errors = Vec::new();
        for call in calls {
            // A closure drops its guard a moment before its call ends.
            while !call.job().is_done() {
                thread::yield_now();
            }
            errors.extend(call.unobserved_error());
            drop_catching(call);
        }
        errors
    }
}

impl ScopedCalls for OpenCalls {
    fn all_have_ended(&self) -> bool {
        self.is_empty()
    }

    fn park(&self, most: Option<Duration>) {
        // ORDERING: see `Guard::drop`: one of the two threads sees the other's store.
        self.owner_waits.store(true, Ordering::SeqCst);
        // ORDERING: as above.
        fence(Ordering::SeqCst);
        chaos();
        match most {
            _ if self.is_empty() => {}
            None => thread::park(),
            Some(most) => thread::park_timeout(most),
        }
    }

    fn unfinished(&self) -> Vec<Arc<dyn WaitTarget>> {
        let list = lock(&self.list);
        let unfinished = list.calls.iter().filter(|call| !call.job().is_done());
        unfinished.map(|call| Arc::clone(call).into_job() as Arc<dyn WaitTarget>).collect()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        chaos();
        // ORDERING: what the closure did comes before the owner's acquire. The count and `owner_waits` are
        // each written before the other is read, so that the owner sees zero or is unparked.
        if self.0.open.fetch_sub(1, Ordering::SeqCst) == 1 {
            // ORDERING: as above.
            fence(Ordering::SeqCst);
            // ORDERING: as above.
            if self.0.owner_waits.load(Ordering::SeqCst) {
                self.0.owner.unpark();
            }
        }
    }
}
