//! The calls of a scope that have not ended, and the wait for them.
//!
//! Two things are kept. The *count* of guards, one for each closure that has not run or been dropped, is
//! what memory safety rests on: the scope waits until it is zero. The *list* of calls serves the scope
//! while it waits: it runs closures that no thread has started, the wait graph finds what keeps the
//! scope waiting, and at the end the list says which calls failed unseen.
//!
//! A call that has ended and needs no report leaves the list when the list has doubled, so the list is
//! at most twice as long as the calls that have not ended. A closure that returned leaves nothing to
//! report: its call may have been cancelled or have timed out, but the closure did not fail. So if each closure has
//! returned, the end of the scope asks no call for an error.

use std::cell::Cell;
use std::ops::Deref;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::error::Error;
use crate::panic::drop_catching;
use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};
use crate::sync::thread::{self, Thread};
use crate::sync::{Mutex, OnceLock, chaos, lock, thread_local};
use crate::task::Job;
use crate::wait_target::WaitTarget;
use crate::waits::ScopedCalls;

/// A list this short is not searched for calls that have ended.
const FEW: usize = 64;

/// A hook of `carry` may panic after the closure in it has returned.
const HOOKS_MAY_PANIC: bool = cfg!(feature = "carry");

/// A call of a scope. Its value, if any, is in a slot that only its closure and its `Lazy` know.
pub(super) type OpenCall = Arc<dyn Job>;

/// The calls of one scope.
pub(crate) struct OpenCalls {
    /// Closures that have not run to their end or been dropped.
    open: AtomicUsize,
    /// The thread of the scope, once it waits.
    owner: OnceLock<Thread>,
    owner_waits: AtomicBool,
    /// A closure did not return: it panicked, was stopped, or never ran.
    any_failed: AtomicBool,
    /// The scope put calls back into the list before it waited.
    any_left: AtomicBool,
    list: Mutex<CallList>,
}

thread_local! {
    /// That of the last scope of the thread, for the next.
    static SPARE: Cell<Option<Arc<OpenCalls>>> = const { Cell::new(None) };
}

/// The share of the scope itself. What it leaves is kept for the next scope of the thread.
pub(super) struct CallsOfScope(pub(super) Arc<OpenCalls>);

impl CallsOfScope {
    pub(super) fn new() -> Self {
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        Self(spare.unwrap_or_else(OpenCalls::new))
    }

    /// A guard for one more closure. Called by `f`, or by a closure that has a guard itself.
    pub(super) fn open(&self) -> Guard {
        // ORDERING: the count is not zero while `f` or another closure can call this, and the closure is
        // published by the queue.
        self.0.open.fetch_add(1, Ordering::Relaxed);
        Guard(Some(self.0.clone()))
    }
}

impl Deref for CallsOfScope {
    type Target = OpenCalls;

    fn deref(&self) -> &OpenCalls {
        &self.0
    }
}

impl Drop for CallsOfScope {
    fn drop(&mut self) {
        // `None` if a guard is about to drop its share.
        if let Some(calls) = Arc::get_mut(&mut self.0) {
            // ORDERING: nothing else has them. The owner is the same thread.
            for flag in [&calls.owner_waits, &calls.any_failed, &calls.any_left] {
                flag.store(false, Ordering::Relaxed);
            }
            let list = calls.list.get_mut().unwrap_or_else(PoisonError::into_inner);
            debug_assert!(list.calls.is_empty());
            list.full_at = FEW;
            list.calls.shrink_to(FEW);
            let _ = SPARE.try_with(|spare| spare.set(Some(self.0.clone())));
        }
    }
}

/// What the scope keeps of a call.
pub(super) enum ListedCall {
    Call(OpenCall),
    /// The scope ran the call, which failed, and nothing else had it.
    Failed(Error),
}

struct CallList {
    calls: Vec<ListedCall>,
    /// The length at which calls that have ended are removed.
    full_at: usize,
}

/// A closure of the scope exists until this is dropped.
pub(super) struct Guard(Option<Arc<OpenCalls>>);

impl OpenCalls {
    /// Of a scope on this thread.
    fn new() -> Arc<Self> {
        Arc::new(Self {
            open: AtomicUsize::new(0),
            owner: OnceLock::new(),
            owner_waits: AtomicBool::new(false),
            any_failed: AtomicBool::new(false),
            any_left: AtomicBool::new(false),
            list: Mutex::new(CallList { calls: Vec::new(), full_at: FEW }),
        })
    }

    /// Lists a call.
    pub(super) fn list(&self, call: OpenCall) {
        let ended = {
            let mut list = lock(&self.list);
            list.calls.push(ListedCall::Call(call));
            if list.calls.len() < list.full_at {
                return;
            }
            let needs_no_report = |listed: &mut ListedCall| match listed {
                ListedCall::Call(call) => call.is_done() && call.unobserved_error().is_none(),
                ListedCall::Failed(_) => false,
            };
            let ended: Vec<ListedCall> = list.calls.extract_if(.., needs_no_report).collect();
            list.full_at = FEW.max(2 * list.calls.len());
            ended
        };
        ended.into_iter().for_each(drop_catching);
    }

    /// Takes the calls that are listed, and leaves `empty`, which has room for others.
    pub(super) fn take_all(&self, empty: Vec<ListedCall>) -> Vec<ListedCall> {
        std::mem::replace(&mut lock(&self.list).calls, empty)
    }

    /// Puts calls back that `take_all` took, once none is listed any more.
    pub(super) fn put_back(&self, calls: Vec<ListedCall>) {
        // ORDERING: for `take_errors`, which the same thread calls.
        self.any_left.store(true, Ordering::Relaxed);
        lock(&self.list).calls = calls;
    }

    /// Whether no closure of the scope is left.
    pub(super) fn is_empty(&self) -> bool {
        // ORDERING: pairs with the drop of each guard: what the closures did comes before this.
        self.open.load(Ordering::SeqCst) == 0
    }

    /// Takes the errors that no use of a `Lazy` has seen, once no closure is left.
    pub(super) fn take_errors(&self) -> Vec<Error> {
        // ORDERING: see `put_back`.
        if !self.any_left.load(Ordering::Relaxed) {
            return Vec::new();
        }
        let calls = self.take_all(Vec::new());
        // ORDERING: each guard stored it before it lowered the count, which is zero.
        let any_failed = HOOKS_MAY_PANIC || self.any_failed.load(Ordering::Relaxed);
        let mut errors = Vec::new();
        for listed in calls {
            match listed {
                ListedCall::Failed(error) => errors.push(error),
                ListedCall::Call(call) => {
                    // A closure drops its guard a moment before its call ends.
                    while !call.is_done() {
                        thread::yield_now();
                    }
                    if any_failed {
                        errors.extend(call.unobserved_error());
                    }
                    drop_catching(call);
                }
            }
        }
        errors
    }

    /// A closure and all that it captured has gone.
    fn close(&self) {
        chaos();
        // ORDERING: what the closure did comes before the owner's acquire. The count and `owner_waits` are
        // each written before the other is read, so that the owner sees zero or is unparked.
        if self.open.fetch_sub(1, Ordering::SeqCst) == 1 {
            // ORDERING: as above.
            fence(Ordering::SeqCst);
            // ORDERING: as above.
            if self.owner_waits.load(Ordering::SeqCst)
                && let Some(owner) = self.owner.get()
            {
                owner.unpark();
            }
        }
    }
}

impl Guard {
    /// Drops the guard of a closure that has returned.
    #[inline]
    pub(super) fn has_run(mut self) {
        if let Some(calls) = self.0.take() {
            calls.close();
        }
    }
}

impl ScopedCalls for OpenCalls {
    fn all_have_ended(&self) -> bool {
        self.is_empty()
    }

    fn park(&self, most: Option<Duration>) {
        self.owner.get_or_init(thread::current);
        // ORDERING: see `close`: one of the two threads sees the other's store.
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
        let calls = list.calls.iter().filter_map(|listed| match listed {
            ListedCall::Call(call) => Some(call),
            ListedCall::Failed(_) => None,
        });
        let unfinished = calls.filter(|call| !call.is_done());
        unfinished.map(|call| call.clone() as Arc<dyn WaitTarget>).collect()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(calls) = self.0.take() {
            // ORDERING: see `take_errors`.
            calls.any_failed.store(true, Ordering::Relaxed);
            calls.close();
        }
    }
}
