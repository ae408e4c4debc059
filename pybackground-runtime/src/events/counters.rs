//! The observer of the feature `counters`: how many calls of each function there were, and what became of them.

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

use crate::call::Call;
use crate::error::{Error, is_stop};

/// The counters of one function.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) made: AtomicU64,
    /// Calls that have not started and not ended.
    pub(crate) queued: AtomicI64,
    /// Bodies on threads.
    pub(crate) running: AtomicI64,
    pub(crate) returned: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) timed_out: AtomicU64,
    pub(crate) cancelled: AtomicU64,
}

/// By the names of the functions. They live as long as the program, and there are as many as functions.
static FUNCTIONS: RwLock<BTreeMap<&str, &Counters>> = RwLock::new(BTreeMap::new());

/// Calls `visit` with each function.
pub(crate) fn each(mut visit: impl FnMut(&'static str, &Counters)) {
    let functions = FUNCTIONS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    functions.iter().for_each(|(name, counters)| visit(name, counters));
}

fn of(function: &'static str) -> &'static Counters {
    let known = |functions: &BTreeMap<&str, &'static Counters>| functions.get(function).copied();
    let functions = FUNCTIONS.read().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(counters) = known(&functions) {
        return counters;
    }
    drop(functions);
    let mut functions = FUNCTIONS.write().unwrap_or_else(std::sync::PoisonError::into_inner);
    functions.entry(function).or_insert_with(|| Box::leak(Box::default()))
}

/// The part of one call.
#[derive(Default)]
pub(crate) struct CountedCall(Option<CountedState>);

struct CountedState {
    counters: &'static Counters,
    /// Whether it counts as queued.
    queued: AtomicBool,
    ended: AtomicBool,
}

/// A body is on this thread until this is dropped.
pub(crate) struct CountedRun(Option<&'static Counters>);

impl CountedCall {
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    pub(crate) fn created(call: Call) -> Self {
        let counters = of(call.function());
        counters.made.fetch_add(1, Ordering::Relaxed);
        counters.queued.fetch_add(1, Ordering::Relaxed);
        let (queued, ended) = (AtomicBool::new(true), AtomicBool::new(false));
        Self(Some(CountedState { counters, queued, ended }))
    }

    pub(crate) fn is_counted(&self) -> bool {
        self.0.is_some()
    }

    /// The body begins, or continues, on this thread.
    pub(crate) fn on_thread(&self) -> CountedRun {
        CountedRun(self.0.as_ref().map(|counted| {
            counted.leave_queue();
            counted.counters.running.fetch_add(1, Ordering::Relaxed);
            counted.counters
        }))
    }

    pub(crate) fn ended(&self, error: Option<&Error>) {
        if let Some(counted) = &self.0 {
            counted.end(|counters| match error {
                None => &counters.returned,
                Some(error) if error.is_timeout() => &counters.timed_out,
                Some(error) if error.is_cancelled() => &counters.cancelled,
                Some(_) => &counters.failed,
            });
        }
    }

    pub(crate) fn ended_inline(&self, payload: Option<&(dyn Any + Send)>) {
        if let Some(counted) = &self.0 {
            counted.end(|counters| match payload {
                None => &counters.returned,
                Some(payload) if is_stop(payload) => &counters.cancelled,
                Some(_) => &counters.failed,
            });
        }
    }
}

impl CountedState {
    fn leave_queue(&self) {
        if self.queued.swap(false, Ordering::Relaxed) {
            self.counters.queued.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Counts the first end: a body that runs on after its call was closed ends it a second time.
    fn end(&self, counter: impl FnOnce(&Counters) -> &AtomicU64) {
        self.leave_queue();
        if !self.ended.swap(true, Ordering::Relaxed) {
            counter(self.counters).fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A call that nothing can wake is dropped by its last owner.
impl Drop for CountedState {
    fn drop(&mut self) {
        self.end(|counters| &counters.cancelled);
    }
}

impl Drop for CountedRun {
    fn drop(&mut self) {
        if let Some(counters) = self.0 {
            counters.running.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
